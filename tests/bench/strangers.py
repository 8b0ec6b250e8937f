"""False alarms on tables that nobody has looked at: any folder of CSV files, in shuffled orders.

Each is read with the lab file that ``halflife init`` would write; a third of it, 50 to 500 records,
is the reference. A shuffled table does not change, so that every alarm is a false one.
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
from halflife.schemas.table import Block
from halflife.streams.tables import TableFileError, read_table
from tests.harness.intervals import run_length

FALSE_ALARMS: Final = 1_000
SHUFFLES: Final = 8
MOST_ROWS: Final = 4_000
LONGEST: Final = 500
LEAST: Final = 50
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
    """

    name: str
    records: list[int]
    alarms: list[Counter[str]]
    outside: float

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
    alarms, outside = [], 0
    for seed in range(shuffles):
        rows = block[np.random.default_rng(seed).permutation(len(block))]
        drift = Drift(plan.table, false_alarms=FALSE_ALARMS, seed=seed)
        drift.fit(rows[:reference])
        alarms.append(
            Counter("planner" if not a.is_fault else a.kind for a in drift.update(rows[reference:]))
        )
        outside += drift.outside
    records = [len(block) - reference] * shuffles
    return Watched(file.stem, records, alarms, outside / sum(records))


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
    return result
