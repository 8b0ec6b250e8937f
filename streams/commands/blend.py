"""``halflife blend``: how much synthetic beside real helps a model of the declared target."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import (
    STDOUT,
    data_argument,
    json_option,
    lab_option,
    read_plan,
    refuse_overwriting,
    seed_option,
    stream_option,
)

if TYPE_CHECKING:
    from halflife.monitors.blend import Make
    from halflife.monitors.blend_curve import BlendCurve
    from halflife.schemas.stream_plan import StreamPlan
    from halflife.schemas.table import Block

_SEEN = (
    "If the batch was made from these very rows, this is optimistic: its rows know the answers "
    "that are asked for. Give rows that it has not seen as --test, or leave the batch out: a "
    "generator is then fitted anew within each split."
)


@click.command("blend")
@data_argument("real", "REAL.csv")
@click.argument("synth", type=click.Path(path_type=Path), metavar="[SYNTH.csv]", required=False)
@lab_option()
@stream_option()
@click.option(
    "--generator",
    metavar="NAME",
    help="Without SYNTH.csv: what makes the rows in each split; default: as in the lab file.",
)
@click.option(
    "--test",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Real rows (CSV) that the batch was not made from, to take the errors on.",
)
@seed_option()
@json_option()
def command(
    *,
    real: Path,
    synth: Path | None,
    lab_file: Path,
    stream: str | None,
    generator: str | None,
    test: Path | None,
    seed: int | None,
    json_file: Path | None,
) -> None:
    """Find how much synthetic beside real helps to predict the target.

    Models are trained on real rows with 0, 0.1, 0.25, 0.5, 1 and 2 synthetic rows for each,
    and tested by cross-validation. None is an answer, and given wherever no gain is beyond chance.
    """
    if synth is not None and generator is not None:
        raise click.UsageError("either SYNTH.csv or --generator: a batch is there, or it is made")
    if synth is None and test is not None:
        raise click.UsageError("--test goes with SYNTH.csv: without it, splits are honest anyway")
    if json_file is not None and json_file != STDOUT:
        refuse_overwriting(json_file, real, synth, test, lab_file)
    plan = read_plan(lab_file, stream)
    if plan.target is None:
        raise click.UsageError(
            f'stream {plan.name} declares no target: write target = "COLUMN" in {lab_file} with '
            "the column that your models predict"
        )
    from .output import write_json

    blocks = [_rows(plan, path) for path in (real, synth, test)]
    curve = _curve(plan, blocks, generator, plan.seed if seed is None else seed)
    note = _SEEN if synth is not None and test is None else ""
    write_json(json_file, {**curve.to_dict(), "note": note})
    if json_file != STDOUT:
        _show(curve, note)


def _rows(plan: StreamPlan, path: Path | None) -> Block | None:
    from halflife.streams.tables import block_from, read_table

    return None if path is None else block_from(read_table(path), plan.table, str(path))


def _curve(
    plan: StreamPlan, blocks: list[Block | None], generator: str | None, seed: int
) -> BlendCurve:
    from halflife.monitors.blend import Blend

    from .output import progress

    real, synthetic, test = blocks
    if real is None:
        raise AssertionError("the argument is required")
    blend = Blend(plan.table, seed=seed)
    with progress("training models") as bar:

        def tell(done: int, total: int) -> None:
            bar(done, total, f"model {done} of {total}")

        if synthetic is not None:
            return blend.of_batch(real, synthetic, test=test, tell=tell)
        return blend.of_generator(real, _maker(plan, generator or plan.generator), tell=tell)


def _maker(plan: StreamPlan, name: str) -> Make:
    """Fits the generator to the real rows of a split, and samples."""
    from halflife.streams.planned_generator import planned_generator

    def make(real: Block, rows: int, seed: int) -> Block:
        model = planned_generator(plan, name)
        model.fit(real, seed=seed)
        return model.sample(rows, seed=seed)

    return make


def _show(curve: BlendCurve, note: str) -> None:
    from .output import grid, terminal

    console = terminal()
    console.print(curve.text, style="bold", soft_wrap=True)
    table = grid(
        "synthetic for each real row", "error", "gain", "95 % band", "",
        right=("synthetic for each real row", "error", "gain"),
    )  # fmt: skip
    for point in curve.points:
        row: list[Any] = [f"{point.share:g}", f"{point.error:.3f}", "", "", ""]
        if point.share:
            row[2:4] = f"{point.gain:+.3f}", f"{point.band[0]:+.3f} to {point.band[1]:+.3f}"
        row[4] = "the answer" if point.share == curve.share else ""
        table.add_row(*row)
    console.print(table)
    if note:
        console.print(note, soft_wrap=True)
