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
    from halflife.schemas.table import Block


@click.command("synthesize")
@data_argument("train", "TRAIN.csv")
@lab_option()
@stream_option()
@click.option("--rows", type=click.IntRange(min=1), required=True, metavar="N", help="How many.")
@click.option("--generator", metavar="NAME", help="Which generator; default: as in the lab file.")
@click.option(
    "--privacy",
    type=click.FloatRange(0, 1),
    metavar="P",
    help="0 is near to the rows learnt from, 1 far from them; default: as in the lab file.",
)
@seed_option()
@click.option("--out", type=OutputFile(), required=True, metavar="FILE", help="The CSV to write.")
def command(
    *,
    train: Path,
    lab_file: Path,
    stream: str | None,
    rows: int,
    generator: str | None,
    privacy: float | None,
    seed: int | None,
    out: Path,
) -> None:
    """Learn from the rows of a CSV and write a synthetic batch.

    The same rows, lab file and seed give the same bytes.
    """
    refuse_overwriting(out, train, lab_file)
    plan = read_plan(lab_file, stream)
    import time

    from halflife.generators import create, suited
    from halflife.streams.tables import block_from, read_table

    from .output import progress

    block = block_from(read_table(train), plan.table, str(train))
    kind = generator or plan.generator
    options = plan.generator_options if kind == plan.generator else {}
    if privacy is not None:
        options = {**options, "privacy": privacy}
        if not suited(kind, privacy=privacy):
            raise click.UsageError(
                f"generator {kind!r} has no privacy to choose: try 'trees' or 'auto'"
            )
    model = create(kind, plan.table, **suited(kind, **options))
    seed = plan.seed if seed is None else seed
    started = time.perf_counter()
    with progress(f"training {model.name} on {len(block)} rows") as tell:
        model.fit(block, seed=seed, progress=lambda p: tell(p.step, p.steps, p.text))
    trained = time.perf_counter() - started
    write_csv(out, model.sample(rows, seed=seed))
    why = getattr(model, "reason", "")  # of a generator that chooses another
    click.echo(
        f"wrote {out}: {rows} rows by {model.name!r}{why and f' ({why})'}, trained on "
        f"{len(block)} rows in {trained:.2f} s, seed {seed}"
    )
    if epsilon := model.parameters.get("epsilon"):
        click.echo(
            f"differentially private: epsilon {epsilon:g}, delta {model.parameters['delta']:g}, "
            "for who does not know the seed; batches of the same rows add up"
        )


def write_csv(path: Path, block: Block) -> None:
    """Writes rows so that reading them gives the same bits; a missing cell is an empty one.

    Integers are written as integers, other numbers with the digits that tell them apart.
    """
    rows = block.rows()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(block.table.names)
        writer.writerows(row.values() for row in rows)
