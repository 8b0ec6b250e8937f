"""``halflife report``: how true, useful, private and lawful a synthetic batch is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import (
    STDOUT,
    data_argument,
    html_option,
    json_option,
    lab_option,
    read_plan,
    refuse_overwriting,
    seed_option,
    stream_option,
)

if TYPE_CHECKING:
    from halflife.schemas.stream_plan import StreamPlan


@click.command("report")
@data_argument("real", "REAL.csv")
@data_argument("synth", "SYNTH.csv")
@lab_option()
@stream_option()
@click.option(
    "--train",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The rows that made the batch (CSV): needed for distances and copies.",
)
@seed_option()
@json_option()
@html_option()
def command(
    *,
    real: Path,
    synth: Path,
    lab_file: Path,
    stream: str | None,
    train: Path | None,
    seed: int | None,
    json_file: Path | None,
    html: Path | None,
) -> None:
    """Measure a synthetic batch against real rows, best such that it was not trained on.

    Each part of the fidelity lies between 0 and 1, with the band in which 95 % of fresh real
    samples of that size would lie; the worst part is the fidelity.
    """
    for output in (json_file, html):
        if output is not None and output != STDOUT:
            refuse_overwriting(output, real, synth, train, lab_file)
    plan = read_plan(lab_file, stream)
    from halflife.streams.tables import block_from, read_table

    from .assessment import assess
    from .facts.report_facts import complete_report
    from .output import finite, progress, write_json

    blocks = [
        None if path is None else block_from(read_table(path), plan.table, str(path))
        for path in (real, synth, train)
    ]
    if blocks[0] is None or blocks[1] is None:
        raise AssertionError("both arguments are required")
    used = plan.seed if seed is None else seed
    with progress("measuring") as tell:
        found = assess(blocks[0], blocks[1], blocks[2], seed=used, tell=tell)
        result = complete_report(
            *(found.result, found.reasons, blocks[0], blocks[1]),
            title=plan.title or plan.name,
            seed=used,
        )
    result["epsilon"] = declared_epsilon(plan)
    write_json(json_file, result)
    if html is not None:
        from .pages.report_page import report_page

        html.write_text(report_page(finite(result)), encoding="utf-8")
    if json_file != STDOUT:
        _show(result)
        if result["epsilon"] is not None:
            click.echo(
                f"  the lab file asks for differential privacy with epsilon {result['epsilon']:g} "
                "(generator 'private'); the figures above look at real rows without noise"
            )
        if html is not None:
            click.echo(f"wrote {html}")
    else:
        for key, reason in found.reasons.items():
            click.echo(f"{key} is null: {reason}", err=True)


def declared_epsilon(plan: StreamPlan) -> float | None:
    """The epsilon that batches of a stream keep to; None where its generator promises none."""
    from halflife.generators.private import EPSILON, Private

    if plan.generator != Private.name:
        return None
    return EPSILON if plan.epsilon is None else plan.epsilon


def _show(result: dict[str, Any]) -> None:
    from .facts.report_sentences import report_sentences
    from .measures_table import measures_table, not_measured
    from .output import grid, share, terminal

    console, reasons, rows = terminal(), result["reasons"], result["rows"]
    console.print(
        f"Fidelity {result['fidelity']:.3f} (the worst part): {rows['synthetic']} synthetic rows "
        f"beside {rows['real']} real ones",
        style="bold",
    )
    table = grid("part", "value", "real samples reach", "", right=("value",))
    for part, value in result["parts"].items():
        band = result["bands"][part]
        said = "" if band is None else f"{band[0]:.3f} or more"
        table.add_row(part, share(value), said, reasons.get(part, _verdict(value, band)))
    console.print(table)
    console.print(result["verdict"]["text"])
    for line in report_sentences(result):
        console.print(f"  {line}")
    worst = sorted(
        (c for c in result["columns"] if c["fidelity"] is not None), key=lambda c: c["fidelity"]
    )
    if worst:
        named = ", ".join(f"{c['column']} {c['fidelity']:.2f}" for c in worst[:5])
        console.print(f"  columns, worst first: {named}")
    console.print(measures_table(result["measures"]))
    for line in not_measured(result["measures"]):
        console.print(f"  {line}")
    console.print(f"  measured in {result['seconds']:.1f} s")


def _verdict(value: float | None, band: Any) -> str:
    if value is None or band is None:
        return ""
    return "like another real sample" if value >= band[0] else "under what real samples reach"
