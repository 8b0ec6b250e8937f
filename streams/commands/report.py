"""``halflife report``: how true, useful, private and lawful a synthetic batch is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import (
    STDOUT,
    OutputFile,
    data_argument,
    json_option,
    lab_option,
    read_plan,
    refuse_overwriting,
    seed_option,
    stream_option,
)

if TYPE_CHECKING:
    from .assessment import Assessment


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
@click.option("--html", type=OutputFile(), metavar="FILE", help="Write a page for the browser.")
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
    from .output import progress, write_json

    blocks = [
        None if path is None else block_from(read_table(path), plan.table, str(path))
        for path in (real, synth, train)
    ]
    if blocks[0] is None or blocks[1] is None:
        raise AssertionError("both arguments are required")
    with progress("measuring") as tell:
        found = assess(
            blocks[0], blocks[1], blocks[2], seed=plan.seed if seed is None else seed, tell=tell
        )
    write_json(json_file, found.result)
    if html is not None:
        from .report_page import report_page

        page = report_page(found, blocks[0], blocks[1], title=plan.title or plan.name)
        html.write_text(page, encoding="utf-8")
    if json_file != STDOUT:
        _show(found, len(blocks[0]), len(blocks[1]))
        if html is not None:
            click.echo(f"wrote {html}")
    else:
        for key, reason in found.reasons.items():
            click.echo(f"{key} is null: {reason}", err=True)


def _show(found: Assessment, real: int, synthetic: int) -> None:
    from .output import grid, share, terminal

    console, result, reasons = terminal(), found.result, found.reasons
    console.print(
        f"Fidelity {result['fidelity']:.3f} (the worst part): {synthetic} synthetic rows beside "
        f"{real} real ones",
        style="bold",
    )
    table = grid("part", "value", "real samples reach", "", right=("value",))
    for part, value in result["parts"].items():
        band = result["bands"][part]
        said = "" if band is None else f"{band[0]:.3f} or more"
        table.add_row(part, share(value), said, reasons.get(part, _verdict(value, band)))
    console.print(table)
    for line in sentences(found):
        console.print(f"  {line}")
    worst = sorted(
        (c for c in result["columns"] if c["fidelity"] is not None), key=lambda c: c["fidelity"]
    )
    if worst:
        named = ", ".join(f"{c['column']} {c['fidelity']:.2f}" for c in worst[:5])
        console.print(f"  columns, worst first: {named}")
    console.print(f"  measured in {result['seconds']:.1f} s")


def sentences(found: Assessment) -> list[str]:
    """Joint, utility, privacy and laws, a sentence each."""
    result, reasons = found.result, found.reasons
    said = []
    if result["c2st_auc"] is not None:
        said.append(
            f"a classifier tells real from synthetic with area {result['c2st_auc']:.3f} "
            "(0.5: not at all, 1: always)"
        )
    if result["tstr"] is not None:
        said.append(
            f"models trained on the batch have skill {result['tstr']:.3f} at real rows; "
            f"trained on real rows {result['trtr']:.3f}"
        )
    if result["dcr_share"] is None:
        said.append(f"distance to the training rows is not known: {reasons['dcr_share']}")
    else:
        said.append(
            f"{result['dcr_share']:.0%} of the rows are nearer to a training row than to another "
            f"real one (50 % is best); {result['copies']} copies"
        )
    said += [
        f"law {law['law']}: broken by {law['real_violations']} real and "
        f"{law['synthetic_violations']} synthetic rows"
        for law in result["laws"]
    ]
    return said


def _verdict(value: float | None, band: Any) -> str:
    if value is None or band is None:
        return ""
    return "like another real sample" if value >= band[0] else "under what real samples reach"
