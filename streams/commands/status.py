"""``halflife status``: how all streams are, at a glance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import STDOUT, json_option

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


@click.command("status")
@json_option()
def command(json_file: Path | None) -> None:
    """Show streams, batches in circulation, open alerts, lag and dead letters."""
    from .output import terminal, write_json
    from .overview import overview
    from .reach import reach

    settings, topics = reach()
    found = overview(settings, topics)
    write_json(json_file, found)
    if json_file != STDOUT:
        show(found, terminal())


def show(found: dict[str, Any], console: Console) -> None:
    """Writes what ``overview`` found in words."""
    from .output import grid

    table = grid(
        "stream", "batch in circulation", "fidelity", "kept since birth", "half-life",
        "replaced at", "now",
        right=("fidelity", "kept since birth"),
    )  # fmt: skip
    for stream in found["streams"]:
        report = stream["fidelity"] or {}
        table.add_row(
            stream["stream"],
            _batch(stream["batch"]),
            _percent(report.get("fidelity")),
            _percent(report.get("retained")),
            _records(report.get("half_life_records")),
            _records(report.get("expiry_records")),
            _now(stream),
        )
    console.print(f"Kafka at {found['broker']}", style="bold")
    if found["streams"]:
        console.print(table)
    else:
        console.print("no stream has a batch or an alert yet")
    for stream in found["streams"]:
        for alert in stream["alerts"]:
            console.print(
                f"{alert['severity']}: {stream['stream']}: {alert['text']} "
                f"(record {alert['record']}, {alert['time'][:16]})",
            )
    if found["sources"]:
        console.print(_sources(found["sources"]))
    for line in _plumbing(found):
        console.print(line)


def _sources(sources: list[dict[str, Any]]) -> Table:
    """A line for each source."""
    from .output import grid, printable

    table = grid("source", "now", "since", "records", "last written", "gaps", "what it said last",
                 right=("records", "gaps"))  # fmt: skip
    for one in sources:
        table.add_row(
            one["source"],
            one["state"] or "–",
            _minute(one["since"]),
            "–" if one["records"] is None else f"{one['records']:,}",
            _minute(one["last"]),
            str(one["gaps"]),
            printable(one["text"] or ""),
        )
    return table


def _minute(time: str | None) -> str:
    return "–" if time is None else time[:16].replace("T", " ")


def _plumbing(found: dict[str, Any]) -> list[str]:
    """Lag and dead letters, a line each."""
    behind = sum(lag["lag"] for lag in found["lag"])
    lines = [f"records: {behind} wait to be read" if behind else "records: all have been read"]
    if not any(lag["began"] for lag in found["lag"]):
        lines[0] += ", and no monitor worker has begun"
    letters = found["dead_letters"]
    if not letters["count"]:
        return [*lines, "no dead letters"]
    reasons = ", ".join(f"{count} {reason}" for reason, count in letters["reasons"].items())
    more = " or more" if letters["more"] else ""
    return [*lines, f"{letters['count']}{more} dead letters ({reasons}): halflife dlq list"]


def _batch(batch: dict[str, Any] | None) -> str:
    if batch is None:
        return "none yet"
    from halflife.schemas.batch import maker_of

    made = batch["created"][:16].replace("T", " ")
    maker = maker_of(batch["generator"], batch["options"])
    return f"{batch['batch_id'][:8]}: {batch['rows']} rows by {maker}, {made}"


def _now(stream: dict[str, Any]) -> str:
    if stream["training"]:
        return f"a new batch is being made ({stream['training']['cause']})"
    if any(alert["kind"] == "collapse" for alert in stream["alerts"]):
        return "regeneration is halted: give it real data"
    if stream.get("undecided"):
        more = stream["undecided"]["more_records"]
        return f"a challenger waits for about {more:,} more records"
    if stream["alerts"]:
        return f"{len(stream['alerts'])} open alert{'s' * (len(stream['alerts']) > 1)}"
    if stream["fidelity"] and stream["fidelity"]["under_limit"]:
        return "under its limit"
    return "in order"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def _records(records: float | None) -> str:
    return "–" if records is None else f"{records:,.0f} records"
