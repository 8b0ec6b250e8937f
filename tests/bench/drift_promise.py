"""Whether `one false alarm in N records` is kept, over all kinds of streams that do not change.

The space has 3 values of N, 3 lengths of the reference, 4 numbers of columns and the kinds of
`UNCHANGED_KINDS`; 4 cells of each kind are run, one ninth of them all. They are the rows of a
design in which every two levels of every two factors meet at least once: kind k with the j-th
number of columns has the (k + j mod 3)-th N and the (k + 2 j mod 3)-th reference. Real tables,
which have the columns that they have, follow in cells of their own, as do short references.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from rich.console import Console

from halflife.monitors.drift import Drift
from halflife.monitors.errors import ReferenceTooShort
from halflife.schemas.table import Block
from tests.bench.jobs import each
from tests.harness.intervals import Estimate, finite, run_length, time_to_first
from tests.harness.real_streams import REAL, DataNotHereError, real, shuffled
from tests.harness.unchanged_streams import (
    DEPENDENT,
    MOVING_PLANNER,
    UNCHANGED_KINDS,
    unchanged,
)

FALSE_ALARMS: Final = (1_000, 10_000, 100_000)
REFERENCES: Final = (200, 500, 2_000)
COLUMNS: Final = (4, 8, 16, 64)
SEEDS: Final = 40
"""Each has a reference of its own: what is promised holds over the references."""
LONG: Final = 2_000
"""Records of a reference from which on the run length is to be at most twice the promise."""
BLOCK: Final = 10_000

_REAL_CELLS: Final = (
    ("Shuttle", 1_000, 500, 2),
    ("Shuttle", 10_000, 2_000, 8),
    ("Shuttle", 100_000, 200, 25),
    ("OPV PCE10", 1_000, 500, 120),
    ("OPV WF3", 1_000, 200, 80),
    ("OPV PCE10", 10_000, 500, 400),
    ("HPLC", 1_000, 200, 60),
    ("HPLC", 10_000, 500, 250),
    ("gas sensors, 16", 1_000, 500, 60),
    ("gas sensors, 16", 10_000, 200, 100),
    ("gas sensors, 64", 1_000, 200, 40),
    ("gas sensors, 64", 10_000, 500, 120),
    ("iris", 1_000, 50, 200),
    ("iris", 1_000, 75, 200),
    ("wine", 1_000, 60, 200),
    ("wine", 1_000, 100, 200),
)
"""Table, N, reference, shuffles."""


_SHORT: Final = (60, 100)
_SHORT_KINDS: Final = ("normal", "mixed", "campaign, drawn", "campaign, grid")
"""Most labs begin with references that are shorter than any of `REFERENCES`."""


@dataclass(frozen=True)
class Cell:
    """One promise on one kind of stream.

    Args:
        kind: Of `UNCHANGED_KINDS`, or a table of `REAL`.
        false_alarms: N, records.
        reference: Records.
        columns: All of them; 0 for those that a real table has.
        records: After the reference, of each seed; 0 for all that a real table has left.
        seeds: Independent runs.
    """

    kind: str
    false_alarms: int
    reference: int
    columns: int
    records: int
    seeds: int


@dataclass(frozen=True)
class Quiet:
    """What was said on one unchanged stream.

    Args:
        records: Watched.
        first: Records to the first alarm that speaks of a fault; all of them if none came.
        faults: Alarms that speak of a fault.
        kinds: Alarms by kind, those of the planner too.
        outside: Records that were not judged given the set-points.
        refused: Why the reference was refused, if it was.
    """

    records: int
    first: int
    faults: int
    kinds: dict[str, int]
    outside: int
    refused: str = ""


@dataclass(frozen=True)
class Kept:
    """What the runs of one cell come to; ``planner`` is None where no promise is made about it."""

    cell: Cell
    records: int
    kinds: dict[str, int]
    length: Estimate
    to_first: Estimate
    planner: Estimate | None
    outside: float
    verdict: str
    refused: str

    def data(self) -> dict[str, Any]:
        """As JSON carries it: infinite is None."""
        told = asdict(self)
        for name in ("length", "to_first", "planner"):
            figure = getattr(self, name)
            told[name] = None if figure is None else finite(figure)
        return told


def run(console: Console, scale: float, *, processes: int = 1, only: str = "") -> dict[str, Any]:
    """All cells, or those of streams with that text in their name; a line for each when done."""
    cells = [*design(scale), *short_cells(scale), *real_cells(scale, console)]
    cells = [cell for cell in cells if only in cell.kind]
    console.print(
        f"[bold]drift-promise[/]: {len(cells)} cells. Broken: all of the 95 % interval lies under "
        "N. Slow: it lies over 2 N, where a reference has 2,000 independent records. Kept?: only "
        "the figure lies under N."
    )
    console.print(_HEAD, soft_wrap=True, highlight=False)
    jobs = [(cell, seed) for cell in cells for seed in range(cell.seeds)]
    results = each(watch, jobs, processes, console)
    kept = []
    for cell in cells:
        kept.append(judge(cell, [next(results) for _ in range(cell.seeds)]))
        console.print(_line(kept[-1]), soft_wrap=True, highlight=False)
    verdicts = Counter(each_.verdict for each_ in kept)
    console.print(", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common()))
    return {"cells": [each_.data() for each_ in kept], "verdicts": dict(verdicts)}


def design(scale: float = 1.0) -> list[Cell]:
    """The cells of drawn streams.

    Example:
        >>> cells = design()
        >>> len(cells) == 4 * len(UNCHANGED_KINDS), cells[0].false_alarms, cells[0].columns
        (True, 1000, 4)
    """
    cells = []
    for k, kind in enumerate(UNCHANGED_KINDS):
        for j, columns in enumerate(COLUMNS):
            n = FALSE_ALARMS[(k + j) % len(FALSE_ALARMS)]
            reference = REFERENCES[(k + 2 * j) % len(REFERENCES)]
            cells.append(Cell(kind, n, reference, columns, max(2_000, n // 2), _seeds(scale)))
    return cells


def short_cells(scale: float = 1.0) -> list[Cell]:
    """Cells of drawn streams with a short reference."""
    return [
        Cell(kind, 1_000, reference, 8, 2_000, _seeds(scale))
        for kind in _SHORT_KINDS
        for reference in _SHORT
    ]


def real_cells(scale: float, console: Console) -> list[Cell]:
    """The cells of those real tables that are here; the others are told."""
    missing = set()
    for name in REAL:
        try:
            real(name)
        except DataNotHereError as error:
            missing.add(name)
            console.print(f"skipped: {name}: {error}")
    return [
        Cell(name, n, reference, 0, 0, max(2, round(shuffles * scale)))
        for name, n, reference, shuffles in _REAL_CELLS
        if name not in missing
    ]


def watch(job: tuple[Cell, int]) -> Quiet:
    """One stream of a cell, by a seed."""
    cell, seed = job
    block = stream_of(cell, seed)
    drift = Drift(block.table, false_alarms=cell.false_alarms, seed=seed)
    rest = block[cell.reference :]
    try:
        drift.fit(block[: cell.reference])
    except ReferenceTooShort as error:
        return Quiet(0, 0, 0, {}, 0, str(error))
    alarms = [
        alarm
        for start in range(0, len(rest), BLOCK)
        for alarm in drift.update(rest[start : start + BLOCK])
    ]
    faults = [alarm.record for alarm in alarms if alarm.is_fault]
    kinds = dict(Counter(alarm.kind for alarm in alarms))
    first = faults[0] + 1 if faults else len(rest)
    return Quiet(len(rest), first, len(faults), kinds, drift.outside)


def stream_of(cell: Cell, seed: int) -> Block:
    """Reference and stream of a cell, one after the other."""
    if cell.kind in REAL:
        return shuffled(cell.kind, seed)
    return unchanged(cell.kind, cell.columns, cell.reference + cell.records, seed)


def judge(cell: Cell, runs: Sequence[Quiet]) -> Kept:
    """What the runs of a cell say about its promise, and about that of its planner."""
    refused = next((run.refused for run in runs if run.refused), "")
    runs = [run for run in runs if run.records]
    kinds: Counter[str] = Counter()
    for run in runs:
        kinds.update(run.kinds)
    records = [run.records for run in runs]
    length = run_length([run.faults for run in runs], records)
    planner = None
    if cell.kind not in MOVING_PLANNER and runs and _has_planner(cell):
        planner = run_length([run.kinds.get("planner", 0) for run in runs], records)
    return Kept(
        cell,
        sum(records),
        dict(kinds),
        length,
        time_to_first([run.first for run in runs], [run.faults > 0 for run in runs]),
        planner,
        sum(run.outside for run in runs) / max(1, sum(records)),
        _verdict(cell, length, planner) if runs else "refused",
        refused,
    )


def _verdict(cell: Cell, length: Estimate, planner: Estimate | None) -> str:
    """Broken and slow are said only where the whole interval says so."""
    if length.high < cell.false_alarms:
        return "broken"
    if planner is not None and planner.high < cell.false_alarms:
        return "planner broken"
    independent = cell.kind not in DEPENDENT and cell.reference >= LONG
    if independent and length.low > 2 * cell.false_alarms:
        return "slow"
    return "kept" if length.value >= cell.false_alarms else "kept?"


def _has_planner(cell: Cell) -> bool:
    return bool(stream_of(Cell(cell.kind, 1, 1, cell.columns, 1, 1), 0).table.set_points)


def _seeds(scale: float) -> int:
    return max(2, round(SEEDS * scale))


_COLUMNS: Final = {
    "stream": 19,
    "N": 7,
    "ref.": 5,
    "d": 2,
    "records": 9,
    "run length (95 %)": 31,
    "to first alarm (95 %)": 31,
    "outside": 7,
    "kept": 14,
}


def _row(cells: Sequence[str], said: str) -> str:
    fixed = (f"{text:<{width}}" for text, width in zip(cells, _COLUMNS.values(), strict=True))
    return " ".join([*fixed, said]).rstrip()


_HEAD: Final = _row(tuple(_COLUMNS), "alarms by kind")


def _line(kept: Kept) -> str:
    cell = kept.cell
    colour = {"kept": "green", "kept?": "green", "slow": "yellow"}.get(kept.verdict, "red")
    said = ", ".join(f"{kind} {count}" for kind, count in sorted(kept.kinds.items()))
    if kept.planner is not None:
        said += f"; planner {kept.planner.text()}"
    cells = (
        cell.kind,
        f"{cell.false_alarms:,}",
        f"{cell.reference:,}",
        str(cell.columns or ""),
        f"{kept.records:,}",
        kept.length.text(),
        kept.to_first.text(),
        f"{kept.outside:.1%}" if kept.outside else "",
        kept.verdict,
    )
    row = _row(cells, said.removeprefix("; ") + kept.refused)
    return row.replace(f" {kept.verdict} ", f" [{colour}]{kept.verdict}[/] ", 1)
