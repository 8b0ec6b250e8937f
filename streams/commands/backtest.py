"""``halflife backtest``: what the monitors would have said about past records."""

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
    stream_option,
)

if TYPE_CHECKING:
    from rich.console import Console

_SHOWN = 12  # measurements of the fidelity in the terminal


@click.command("backtest")
@data_argument("data", "DATA.csv")
@lab_option()
@stream_option()
@click.option(
    "--batch",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A synthetic batch (CSV) whose decay is followed from the end of the reference on.",
)
@click.option(
    "--time-column",
    metavar="C",
    help="The column of event times: what was late, slow or stopped is told too.",
)
@json_option()
@html_option()
def command(
    *,
    data: Path,
    lab_file: Path,
    stream: str | None,
    batch: Path | None,
    time_column: str | None,
    json_file: Path | None,
    html: Path | None,
) -> None:
    """Run the monitors over the rows of a CSV, oldest first, as they would have run live.

    The first records are the reference; then drift is watched and, with --batch, the fidelity of
    a synthetic batch; records that are rows of it are named and left out. Nothing is regenerated.
    Rows are counted from 0.
    """
    for output in (json_file, html):
        if output is not None and output != STDOUT:
            refuse_overwriting(output, data, batch, lab_file)
    plan = read_plan(lab_file, stream)
    from halflife.streams.tables import block_from, read_table, recipes_from
    from halflife.streams.times import times_from

    frame = read_table(data)
    rows = block_from(frame, plan.table, str(data))
    recipes = recipes_from(frame, plan.recipe, str(data))
    times = None if time_column is None else times_from(frame, time_column, str(data))
    synthetic = None
    if batch is not None:
        synthetic = block_from(read_table(batch), plan.table, str(batch))
    from halflife.streams.watch.backtest import backtest

    from .facts.backtest_facts import complete_backtest
    from .output import finite, progress, terminal, write_json

    with progress(f"watching {len(rows)} records", len(rows)) as tell:
        found = backtest(
            plan,
            rows,
            recipes=recipes,
            batch=synthetic,
            times=times,
            progress=lambda done: tell(done, len(rows), ""),
        )
    title = plan.title or plan.name
    found = complete_backtest(found, rows, frame, title=title, seed=plan.seed)
    write_json(json_file, found)
    if html is not None:
        from .pages.backtest_page import backtest_page

        html.write_text(backtest_page(finite(found)), encoding="utf-8")
    if json_file != STDOUT:
        show(found, terminal())
        if html is not None:
            click.echo(f"wrote {html}")


def show(found: dict[str, Any], console: Console) -> None:
    """Writes what a backtest found in words."""
    reference = found["reference"]
    console.print(
        f"{found['stream']}: {found['records']} records; the reference is rows "
        f"{reference['first']} to {reference['last']}",
    )
    for note in found.get("notes", []):
        console.print(f"note: {note}")
    _show_alarms(found, console)
    if found.get("contamination"):
        _show_contamination(found["contamination"], console)
    if found["fidelity"]:
        _show_fidelity(found, console)
    seconds = found["seconds"]
    console.print(f"took {seconds['total']:.1f} s, {seconds['numerics']:.1f} s of it numerics")


def _show_alarms(found: dict[str, Any], console: Console) -> None:
    from .output import grid

    alarms = found["alarms"]
    if not alarms:
        console.print(
            f"no alarm (promised: one false alarm in {found['false_alarms']:.0f} records, or fewer)"
        )
        return
    table = grid("row", "since row", "kind", "columns", "what", right=("row", "since row"))
    for alarm in alarms:
        columns = ", ".join(alarm["columns"])
        row, since = str(alarm["record"]), str(alarm["change_point"])
        table.add_row(row, since, alarm["kind"], columns, alarm["text"])
    console.print(table)


def _show_contamination(named: list[dict[str, Any]], console: Console) -> None:
    from .output import grid

    shown = named[:_SHOWN]
    title = f"Records that are rows of the batch: {len(named)}"
    console.print(title if len(named) == len(shown) else f"{title}, the first {len(shown)}:")
    headers = ("row", "row of the batch", "standard deviations away")
    table = grid(*headers, right=headers)
    for each in shown:
        table.add_row(str(each["record"]), str(each["row"]), f"{each['distance']:.2g}")
    console.print(table)


def _show_fidelity(found: dict[str, Any], console: Console) -> None:
    from .output import grid, share

    ticks = found["fidelity"]
    step = -(-len(ticks) // _SHOWN)
    shown = [tick for i, tick in enumerate(ticks) if (len(ticks) - 1 - i) % step == 0]
    parts = list(dict.fromkeys(part for tick in ticks for part in tick["parts"]))
    headers = ("row", "fidelity", "kept since birth", *parts)
    title = f"Fidelity of the batch: {len(shown)} of {len(ticks)} measurements"
    console.print(title, style="bold")
    table = grid(*headers, right=headers)
    for tick in shown:
        values = [share(tick["parts"].get(part)) for part in parts]
        kept = f"{tick['retained']:.0%}"
        table.add_row(str(tick["record"]), share(tick["fidelity"]), kept, *values)
    console.print(table)
    half_life = found["half_life"] or {}
    if half_life.get("text"):
        console.print(half_life["text"])
