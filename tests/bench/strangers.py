"""Alarms on tables that nobody has looked at: any folder of CSV files, in shuffled orders.

Each is read with the lab file that ``halflife init`` would write; a third of it, 50 to 500 records,
is the reference. A shuffled table does not change, so that every alarm is a false one. In the first
two orders of those with 150 records more, the last measured column is then raised by its spread,
from the 50th record after the reference on: that is to be found.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table as RichTable
from scipy.stats import poisson

from halflife.monitors.drift import Drift
from halflife.monitors.errors import ReferenceTooShort
from halflife.schemas.guess import guess_lab
from halflife.schemas.lab import Lab
from halflife.schemas.table import Block, Role
from halflife.streams.tables import TableFileError, read_table
from tests.harness.intervals import run_length

FALSE_ALARMS: Final = 1_000
SHUFFLES: Final = 8
MOST_ROWS: Final = 4_000
LONGEST: Final = 500
LEAST: Final = 50
RAISED: Final = 2
BEFORE: Final = 50
AFTER: Final = 150
BEYOND: Final = 0.001
"""Chance of as many alarms, if the promise is just kept, under which a table is named."""
_DATA: Final = Path(__file__).resolve().parents[2] / "../shared/data"


class Watched(NamedTuple):
    """What was said of one table.

    Args:
        name: Of its file.
        records: That were watched, in all orders.
        alarms: By kind.
        outside: Share of the records whose set-points the reference does not know.
        raised: For each order in which a column was raised, after how many records a fault was
            told, and whether that column was named; None for never.
    """

    name: str
    records: list[int]
    alarms: list[Counter[str]]
    outside: float
    raised: list[tuple[int, bool] | None]

    def count(self, *, planner: bool) -> list[int]:
        """Alarms in each order: of the planner, or of faults."""
        return [
            sum(many for kind, many in found.items() if (kind == "planner") == planner)
            for found in self.alarms
        ]


def run(console: Console, scale: float, *, folder: Path | None = None) -> dict[str, Any]:
    """All tables of a folder that have three times the shortest reference."""
    files = sorted((folder or _DATA).rglob("*.csv"))
    console.print(f"[bold]strangers[/]: {len(files)} CSV files of {folder or _DATA}")
    found, refused = [], Counter[str]()
    for file in track(files, "tables", console=console, transient=True):
        try:
            watched = watch(file, max(1, round(SHUFFLES * scale)))
        except ReferenceTooShort:
            refused["a reference that is too short"] += 1
        except (TableFileError, ValueError) as error:
            refused[f"{file.name}: {str(error)[:90]}"] += 1
        else:
            found += [watched] if watched else []
    for why, count in refused.items():
        console.print(f"left out: {count} x {why}" if count > 1 else f"left out: {why}")
    return _told(console, found)


def watch(file: Path, shuffles: int) -> Watched | None:
    """A table in several orders; None if it is too small."""
    frame = read_table(file)[:MOST_ROWS]
    reference = min(len(frame) // 3, LONGEST)
    if reference < LEAST:
        return None
    plan = Lab.parse(guess_lab(frame, stream="stream", source=file.name)).streams["stream"]
    block = Block.from_frame(plan.table, frame[list(plan.table.names)])
    alarms, outside, raised = [], 0, []
    for seed in range(shuffles):
        rows = block[np.random.default_rng(seed).permutation(len(block))]
        drift = Drift(plan.table, false_alarms=FALSE_ALARMS, seed=seed)
        drift.fit(rows[:reference])
        alarms.append(
            Counter("planner" if not a.is_fault else a.kind for a in drift.update(rows[reference:]))
        )
        outside += drift.outside
        if seed < RAISED and len(rows) - reference >= BEFORE + AFTER:
            raised += found_raised(rows, reference, drift)
    records = [len(block) - reference] * shuffles
    return Watched(file.stem, records, alarms, outside / sum(records), raised)


def found_raised(rows: Block, reference: int, drift: Drift) -> list[tuple[int, bool] | None]:
    """What a monitor that has learnt the reference says of its last measured column raised.

    Returns:
        One entry, or none where no measured column of numbers varies.
    """
    table = rows.table
    for column in reversed(table.columns):
        if column.role is not Role.MEASURED or not column.is_number:
            continue
        known = rows.number(column.name)[:reference]
        known = known[np.isfinite(known)]
        if len(known) < LEAST // 2 or not known.std() > 0:
            continue
        numbers = rows.numbers.copy()
        numbers[reference + BEFORE :, table.numeric.index(column.name)] += known.std()
        drift.rest()
        for alarm in drift.update(Block(table, numbers, rows.texts)[reference:]):
            if alarm.is_fault and alarm.record >= BEFORE:
                return [(alarm.record - BEFORE + 1, column.name in alarm.columns)]
        return [None]
    return []


def _told(console: Console, tables: list[Watched]) -> dict[str, Any]:
    shown = RichTable(title=f"{len(tables)} tables, one false alarm in {FALSE_ALARMS:,} promised")
    for heading in ("alarms of", "records", "alarms", "run length (95 %)", "tables beyond it"):
        shown.add_column(heading, justify="right")
    result: dict[str, Any] = {"tables": len(tables)}
    for planner in (False, True):
        counts = [many for table in tables for many in table.count(planner=planner)]
        records = [many for table in tables for many in table.records]
        length = run_length(counts, records)
        beyond = [
            table.name
            for table in tables
            if poisson.sf(sum(table.count(planner=planner)) - 1, sum(table.records) / FALSE_ALARMS)
            < BEYOND
        ]
        what = "the planner" if planner else "a fault"
        row = (what, f"{sum(records):,}", f"{sum(counts):,}", length.text(), ", ".join(beyond))
        shown.add_row(*row)
        result[what] = {"records": sum(records), "alarms": sum(counts), "beyond": beyond}
    console.print(shown)
    outside = [table.outside for table in tables]
    console.print(
        f"records at set-points that the reference does not know: {np.mean(outside):.0%} on "
        f"average, over half of them on {sum(one > 0.5 for one in outside)} tables"
    )
    raised = [one for table in tables for one in table.raised]
    found = [one for one in raised if one is not None]
    result["raised"] = {"orders": len(raised), "found": found}
    if found:
        console.print(
            f"the last measured column raised by its spread: found in {len(found)} of "
            f"{len(raised)} orders, after {np.median([after for after, _ in found]):.0f} records "
            f"(median), that column named in {sum(named for _, named in found)}"
        )
    return result
