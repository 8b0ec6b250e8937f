"""``halflife synthesize``: a synthetic batch from a CSV, without Kafka."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import (
    OutputFile,
    data_argument,
    lab_option,
    read_plan,
    refuse_overwriting,
    seed_option,
    stream_option,
)

if TYPE_CHECKING:
    from halflife.generators import DrawnConditions
    from halflife.schemas.table import Block, Table


@click.command("synthesize")
@data_argument("train", "TRAIN.csv")
@lab_option()
@stream_option()
@click.option(
    "--rows",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many; default: as many as TRAIN.csv has.",
)
@click.option("--generator", metavar="NAME", help="Which generator; default: as in the lab file.")
@click.option(
    "--privacy",
    type=click.FloatRange(0, 1),
    metavar="P",
    help="0 is near to the rows learnt from, 1 far from them; default: as in the lab file.",
)
@click.option(
    "--where",
    metavar="TEXT",
    help="What every row has to be: 'temperature = 350, solvent = DMF | DMSO, 1 <= x < 2'.",
)
@click.option(
    "--where-from",
    type=click.Path(path_type=Path),
    metavar="FILE.csv",
    help="Each row gets set-points (and context) of its own, drawn as they are spread in FILE.csv.",
)
@seed_option()
@click.option(
    "-o", "--out", type=OutputFile(), required=True, metavar="FILE", help="The CSV to write."
)
def command(
    *,
    train: Path,
    lab_file: Path,
    stream: str | None,
    rows: int | None,
    generator: str | None,
    privacy: float | None,
    where: str | None,
    where_from: Path | None,
    seed: int | None,
    out: Path,
) -> None:
    """Learn from the rows of a CSV and write a synthetic batch.

    The same rows, lab file and seed give the same bytes.
    """
    if where is not None and where_from is not None:
        raise click.UsageError("--where and --where-from cannot be told at once")
    refuse_overwriting(out, train, lab_file, *([where_from] if where_from else []))
    plan = read_plan(lab_file, stream)
    import time

    from halflife.generators import UnsuitableCondition, Where, suited
    from halflife.streams.planned_generator import planned_generator
    from halflife.streams.tables import block_from, read_table

    from .output import progress

    block = block_from(read_table(train), plan.table, str(train))
    rows = len(block) if rows is None else rows
    try:
        asked = None if where is None else Where.parse(where, plan.table)
    except UnsuitableCondition as error:
        raise click.BadParameter(str(error), param_hint="--where") from error
    drawn = None if where_from is None else _conditions(where_from, plan.table)
    kind = generator or plan.generator
    chosen = {} if privacy is None else {"privacy": privacy}
    if chosen and not suited(kind, **chosen):
        raise click.UsageError(
            f"generator {kind!r} has no privacy to choose: try 'trees' or 'auto'"
        )
    model = planned_generator(plan, kind, **chosen)
    seed = plan.seed if seed is None else seed
    started = time.perf_counter()
    with progress(f"training {model.name} on {len(block)} rows") as tell:
        model.fit(block, seed=seed, progress=lambda p: tell(p.step, p.steps, p.text))
    trained = time.perf_counter() - started
    if drawn is not None:
        made = model.sample_given(drawn.sample(rows, seed=seed), seed=seed)
    else:
        made = model.sample(rows, seed=seed, where=asked)
    write_csv(out, made)
    why = getattr(model, "reason", "")  # of a generator that chooses another
    click.echo(
        f"wrote {out}: {rows} rows by {model.name!r}{why and f' ({why})'}, trained on "
        f"{len(block)} rows in {trained:.2f} s, seed {seed}"
        + (f", where {asked.text}" if asked else "")
        + (f", {', '.join(drawn.columns)} drawn as in {where_from}" if drawn else "")
    )
    if epsilon := model.parameters.get("epsilon"):
        click.echo(
            f"differentially private: epsilon {epsilon:g}, delta {model.parameters['delta']:g}, "
            "for who does not know the seed; batches of the same rows add up"
        )


def _conditions(path: Path, table: Table) -> DrawnConditions:
    """What draws set-points and context for each row, as far as a CSV has those columns."""
    from halflife.generators import DrawnConditions
    from halflife.schemas.table import Role, Table
    from halflife.streams.tables import block_from, read_table

    frame = read_table(path)
    chosen = (Role.SET_POINT, Role.CONTEXT)
    columns = tuple(c for c in table.columns if c.role in chosen and c.name in frame.columns)
    if not columns:
        wanted = ", ".join((*table.set_points, *table.of_role(Role.CONTEXT))) or "none"
        raise click.UsageError(
            f"{path} has no column that is a set-point or context of the stream ({wanted})"
        )
    names = {column.name for column in columns}
    laws = tuple(law for law in table.laws if set(law.columns) <= names)
    return DrawnConditions.of(block_from(frame, Table(columns, laws), str(path)))


def write_csv(path: Path, block: Block) -> None:
    """Writes rows so that reading them gives the same bits; a missing cell is an empty one.

    Integers are written as integers, other numbers with the digits that tell them apart.
    """
    rows = block.rows()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(block.table.names)
        writer.writerows(row.values() for row in rows)
