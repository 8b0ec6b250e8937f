"""``halflife replay``: a CSV as live records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import data_argument, lab_option

if TYPE_CHECKING:
    import pandas as pd

    from halflife.schemas.record import ExperimentRecord
    from halflife.schemas.settings import Settings


class Instant(click.ParamType):
    """A time with its zone."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """The time; one without a zone is refused, as it would be in a record."""
        try:
            time = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no time such as 2026-11-22T10:00:00Z", param, ctx)
        if time.tzinfo is None:
            self.fail(f"{value!r} has no zone: write {value}Z for UTC", param, ctx)
        return time


@click.command("replay")
@data_argument("data", "DATA.csv")
@click.option("--stream", required=True, metavar="NAME", help="The stream to send them to.")
@click.option(
    "--rate",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    metavar="N",
    help="Records per second; 0 for as fast as possible.",
)
@lab_option(required=False)
@click.option("--instrument", default="replay", show_default=True, metavar="X", help="Its name.")
@click.option("--start", type=Instant(), metavar="TIME", help="Event time of the first record.")
@click.option(
    "--every",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Event time from one record to the next; with --start.",
)
@click.option("--id-column", metavar="C", help="The column that holds each record's identity.")
@click.option("--run", "run_name", default="", metavar="NAME", help="Makes identities of its own.")
def command(
    *,
    data: Path,
    stream: str,
    rate: float,
    lab_file: Path | None,
    instrument: str,
    start: datetime | None,
    every: float | None,
    id_column: str | None,
    run_name: str,
) -> None:
    """Send the rows of a CSV to Kafka as live records, each stamped with the time of now.

    The identity of a record is that of its row, so that what was sent before counts as a repeat:
    name a --run to have it all count again. With --lab, the columns are read as the lab file
    declares them, and others are not sent; the column that it names as recipe goes as that.

    Fidelity is measured once in a minute of event time, or as the lab file has it: past records
    that are sent fast want --start and --every.
    """
    if (start is None) != (every is None):
        raise click.UsageError("--start and --every go together")
    from halflife.streams.tables import read_table

    from .reach import reach
    from .replayer import Replayer

    frame = read_table(data)
    rows, recipes = _rows(frame, data, stream, lab_file, id_column)
    ids = identities(frame, data.name, id_column, run_name)
    settings, topics = reach()
    replayer = Replayer(stream=stream, instrument=instrument, start=start, every=every)
    _send(settings, topics.records, replayer.records(rows, ids, recipes), len(rows), rate)


def identities(frame: pd.DataFrame, file: str, column: str | None, run: str) -> list[str]:
    """The identity of each row: a cell of its own, or file and row number.

    Args:
        frame: The rows.
        file: Name of the file.
        column: Which column holds identities, if one does.
        run: Put before each, so that another run has others.

    Raises:
        click.UsageError: For a column that is not there, or has an empty cell.
    """
    if column is None:
        names = [f"{file}:{i}" for i in range(len(frame))]
    elif column not in frame.columns:
        raise click.UsageError(f"no column {column!r} in {file}: {', '.join(map(str, frame))}")
    elif frame[column].isna().any():
        row = int(frame[column].isna().to_numpy().argmax())
        raise click.UsageError(f"column {column!r} of {file} is empty in row {row}")
    else:
        names = frame[column].astype(str).tolist()
    return [f"{run}:{name}" for name in names] if run else names


def _rows(
    frame: pd.DataFrame, data: Path, stream: str, lab_file: Path | None, id_column: str | None
) -> tuple[list[dict[Any, Any]], list[str | None] | None]:
    """The values of the records, and their recipes where the lab file says which column it is."""
    if lab_file is not None:
        from halflife.streams.tables import block_from, recipes_from

        from .options import read_plan

        plan = read_plan(lab_file, stream)
        recipes = recipes_from(frame, plan.recipe, str(data))
        rows = list(block_from(frame, plan.table, str(data)).rows())
        return rows, None if recipes is None else recipes.tolist()
    kept = frame if id_column is None else frame.drop(columns=id_column, errors="ignore")
    return kept.astype(object).where(kept.notna(), None).to_dict("records"), None


def _send(
    settings: Settings, topic: str, records: Iterator[ExperimentRecord], rows: int, rate: float
) -> None:
    import asyncio
    import signal
    import time

    from .output import progress
    from .replayer import send

    async def run() -> tuple[int, bool]:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        with progress(f"sending {rows} records", rows) as tell:
            sent = await send(settings, topic, records, rate=rate, tell=tell, stop=stop)
        return sent, stop.is_set()

    began = time.monotonic()
    sent, stopped = asyncio.run(run())
    click.echo(
        f"{'stopped: ' * stopped}sent {sent} of {rows} records to {topic} "
        f"in {time.monotonic() - began:.1f} s"
    )
