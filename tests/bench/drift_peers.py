"""Other drift detectors on the same streams, as ratios of ours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.table import Table

from tests.bench.drift_foreign import TOOLS, ForeignTool, ForeignToolMissingError, foreign_runs
from tests.bench.drift_river import RIVER, SLOW, watched_by_river
from tests.bench.jobs import each
from tests.harness.drift_run import DriftRun, summary
from tests.harness.drift_streams import CHANGES, UNCHANGED

BySeed = Sequence[Sequence[DriftRun]]
"""For each seed, the runs on all kinds of change."""

KSWIN_PART: Final = 20
"""One seed in so many: it takes 200 microseconds for each cell."""


def compared(
    console: Console,
    d: int,
    ours: BySeed,
    processes: int,
    *,
    river: Sequence[str] = RIVER,
    tools: Sequence[ForeignTool] = TOOLS,
) -> dict[str, Any]:
    """River here, the others in environments of their own, which are made at the first run."""
    seeds = len(ours)
    names = ("detector", "seeds", "false alarms in 100,000", *CHANGES)
    table = Table(*names, title=f"d = {d}", box=box.SIMPLE)
    found = {"Halflife": _added(table, "Halflife", ours, ours)}
    for name in river:
        some = max(1, seeds // KSWIN_PART) if name in SLOW else seeds
        jobs = [(name, d, seed) for seed in range(some)]
        console.print(f"  river {name}: {some} seeds")
        runs = list(each(watched_by_river, jobs, processes, console))
        found[f"river {name}"] = _added(table, f"river {name}", runs, ours)
    skipped = []
    for tool in tools:
        some = max(1, seeds // tool.part)
        console.print(f"  {tool.name} ({tool.script}): {some} seeds")
        try:
            foreign = foreign_runs(tool, d, some)
        except ForeignToolMissingError as error:
            skipped.append(f"skipped: {tool.name} ({tool.script}): {error}")
            continue
        for name, runs in foreign.items():
            found[name] = _added(table, name, runs, ours)
    console.print(table)
    console.print(
        "found, median delay, and how many times ours on the same seeds; above some 100 false "
        "alarms in 100,000 records a short delay is chance"
    )
    for line in skipped:
        console.print(line, markup=False)
    return found | ({"skipped": skipped} if skipped else {})


def _added(table: Table, name: str, runs: BySeed, ours: BySeed) -> dict[str, Any]:
    """A row of the table, and the same as JSON carries it."""
    found: dict[str, Any] = {"seeds": len(runs)}
    cells = []
    for kind in CHANGES:
        theirs = summary(_of(runs, kind))
        mine = summary(_of(ours[: len(runs)], kind)).delay.value
        ratio = theirs.delay.value / mine if math.isfinite(theirs.delay.value) else math.inf
        found[kind] = theirs.data() | {"ratio": ratio if math.isfinite(ratio) else None}
        told = f"x{ratio:.1f}" if math.isfinite(ratio) else ""
        delay = f"{theirs.delay.value:.0f}" if math.isfinite(theirs.delay.value) else "over half"
        cells.append(f"{theirs.found}/{theirs.runs}\n{delay}\n{told}")
    quiet = summary(_of(runs, UNCHANGED))
    found[UNCHANGED] = quiet.data()
    table.add_row(name, str(len(runs)), quiet.early.text(".1f"), *cells)
    return found


def _of(runs: BySeed, kind: str) -> list[DriftRun]:
    return [run for of_seed in runs for run in of_seed if run.kind == kind]
