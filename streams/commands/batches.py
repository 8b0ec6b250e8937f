"""``halflife batches``: the synthetic batches, and where each came from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from .options import STDOUT, json_option

if TYPE_CHECKING:
    from halflife.schemas.batch import SyntheticBatch


_BACK: Final = 5000  # offsets of a partition to look back for outcomes


@click.command("batches")
@click.argument("stream", required=False)
@json_option()
def command(stream: str | None, json_file: Path | None) -> None:
    """List synthetic batches, newest last: the last of a stream is the one in circulation."""
    from halflife.schemas.batch import SyntheticBatch
    from halflife.schemas.regeneration import RegenerationOutcome

    from .output import terminal, write_json
    from .overview import undecided_last
    from .reach import reach
    from .topic_reader import TopicReader, parsed

    settings, topics = reach()
    with TopicReader(settings) as reader:
        batches = parsed(SyntheticBatch, reader.newest(topics.batches))
        outcomes = parsed(RegenerationOutcome, reader.newest(topics.regenerations, _BACK))
    if stream is not None:
        batches = [batch for batch in batches if batch.stream == stream]
    current = set(in_circulation(batches).values())
    rows = [
        {**batch.model_dump(mode="json"), "in_circulation": batch.batch_id in current}
        for batch in batches
    ]
    write_json(json_file, rows)
    if json_file != STDOUT:
        _show(rows, stream)
        for name, outcome in undecided_last(outcomes).items():
            if stream in {None, name}:
                terminal().print(f"{name}: {outcome.text}")


def in_circulation(batches: list[SyntheticBatch]) -> dict[str, str]:
    """The id of the last batch of each stream."""
    return {batch.stream: batch.batch_id for batch in batches}


def _show(rows: list[dict[str, Any]], stream: str | None) -> None:
    from .output import grid, terminal

    console = terminal()
    if not rows:
        console.print("no synthetic batch yet" + (f" for {stream}" if stream else ""))
        return
    table = grid(
        "stream", "batch", "made", "rows", "generator", "trained on", "records", "cost", "state",
        right=("rows", "trained on", "cost"),
    )  # fmt: skip
    for row in rows:
        window = row["window"]
        table.add_row(
            row["stream"],
            row["batch_id"][:12],
            row["created"][:19].replace("T", " "),
            str(row["rows"]),
            _maker(row),
            f"{row['trained_on']} of {window['count']}",
            f"partition {window['partition']}, {window['first']} to {window['last']}",
            _cost(row),
            "in circulation" if row["in_circulation"] else "replaced",
        )
    console.print(table)


def _maker(row: dict[str, Any]) -> str:
    """The generator, and the epsilon that it kept to."""
    from halflife.schemas.batch import maker_of

    maker, epsilon = maker_of(row["generator"], row["options"]), row["options"].get("epsilon")
    return f"{maker} (epsilon {epsilon:g})" if epsilon else maker


def _cost(row: dict[str, Any]) -> str:
    """CPU time, and energy of a GPU."""
    if row["cpu_seconds"] is None:
        return ""
    joules = row["gpu_joules"]
    return f"{row['cpu_seconds']:.1f} CPU s" + (f", {joules:.0f} J" if joules is not None else "")
