"""How soon each kind of change is found, by us and by others, at which rate of false alarms."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.table import Table

from halflife.monitors.drift import Drift
from tests.bench.drift_peers import compared
from tests.bench.jobs import each
from tests.harness.drift_run import DriftRun, DriftSummary, run_of, summary
from tests.harness.drift_streams import (
    CHANGES,
    UNCHANGED,
    ChangedStream,
    changed_stream,
    shortest_delay,
    table_of,
)
from tests.harness.informed_detector import InformedDetector
from tests.harness.intervals import Estimate, finite, median, rate

FALSE_ALARMS: Final = 10_000
SEEDS: Final = 40
COLUMNS: Final = (8, 16)
WANTED: Final = {
    "mean +.25 sigma": 190,
    "mean +.5 sigma": 65,
    "mean +1 sigma": 25,
    "variance x1.5": 170,
    "correlation": 30,
    "gradual": 500,
    "rare category": 300,
    "tail": 100,
}
"""Median delays, records, at the measured rate of at most WANTED_RATE."""
WANTED_RATE: Final = 10.0
"""False alarms in 100,000 records."""
ONE_SIGMA: Final = "mean +1 sigma"
WANTED_POINT: Final = 30.0
WANTED_NAMED: Final = 0.9

Summaries = dict[str, DriftSummary]


def run(
    console: Console, scale: float, *, processes: int = 1, peers: bool = True
) -> dict[str, Any]:
    """Ours over all kinds of change, then its peers on the same streams."""
    seeds = max(3, round(SEEDS * scale))
    console.print(
        f"[bold]drift-power[/]: {seeds} seeds, one false alarm in {FALSE_ALARMS:,} promised"
    )
    found: dict[str, Any] = {"seeds": seeds, "false_alarms": FALSE_ALARMS}
    for d in COLUMNS:
        jobs = [(d, seed) for seed in range(seeds)]
        by_seed = list(each(ours, jobs, processes, console))
        mine = {
            kind: summary([run for runs in by_seed for run in runs if run.kind == kind])
            for kind in (*CHANGES, UNCHANGED)
        }
        changed = [run for runs in by_seed for run in runs if run.kind != UNCHANGED]
        before = rate([run.early for run in changed], [run.quiet for run in changed])
        best = {kind: told_all(kind, d, seeds) for kind in CHANGES}
        _print(console, d, mine, best, before)
        found[f"d = {d}"] = {
            "halflife": {kind: told.data() for kind, told in mine.items()},
            "informed": {kind: finite(delay) for kind, delay in best.items()},
            "early": before,
        }
        if peers:
            found[f"d = {d}"]["peers"] = compared(console, d, by_seed, processes)
    return found


def ours(job: tuple[int, int]) -> list[DriftRun]:
    """All kinds of change of one seed: they share a reference, so it is learnt once."""
    d, seed = job
    drift = Drift(table_of(d), false_alarms=FALSE_ALARMS, seed=seed)
    drift.fit(changed_stream(UNCHANGED, d, seed).reference)
    learnt = drift.state()
    runs = []
    for kind in (*CHANGES, UNCHANGED):
        stream = changed_stream(kind, d, seed)
        drift.restore(learnt)
        runs.append(watched(drift, kind, stream))
    return runs


def watched(drift: Drift, kind: str, stream: ChangedStream) -> DriftRun:
    """One stream through a detector that has learnt its reference."""
    alarms = drift.update(stream.stream)
    plain = run_of(kind, stream, [alarm.record for alarm in alarms])
    change = stream.change
    first = next((a for a in alarms if change is not None and a.record >= change), None)
    if first is None or change is None:
        return plain
    return dataclasses.replace(
        plain, point_error=first.change_point - change, named=first.columns[0] == stream.column
    )


def told_all(kind: str, d: int, seeds: int) -> Estimate:
    """The median delay, on the same streams, of who knows all but which column and since when."""
    detector = InformedDetector(kind, d, FALSE_ALARMS)
    return median([detector.delay(changed_stream(kind, d, seed)) for seed in range(seeds)])


def _print(
    console: Console, d: int, mine: Summaries, best: dict[str, Estimate], before: Estimate
) -> None:
    names = ("change", "found", "median delay (95 %)", "told all", "wanted", "orders", "column")
    shown = Table(*names, box=box.SIMPLE)
    for kind in CHANGES:
        figures, limit = mine[kind], shortest_delay(kind, d, FALSE_ALARMS)
        shown.add_row(
            kind,
            _judged(f"{figures.found}/{figures.runs}", figures.found == figures.runs),
            _judged(figures.delay.text(), figures.delay.value <= WANTED[kind]),
            best[kind].text(),
            f"{WANTED[kind]}",
            ", ".join(f"{x:.0f}" if math.isfinite(x) else "none" for x in limit) if limit else "",
            _judged(figures.named.text(".0%"), figures.named.value >= WANTED_NAMED),
        )
    shown.title = (
        f"d = {d}; told all: a detector that knows the laws before and after, and watches for this "
        "change alone; orders: log(run length) / KL of all columns together and of the best "
        "alone; column: named right"
    )
    console.print(shown)
    quiet = mine[UNCHANGED]
    console.print(
        "false alarms in 100,000 records: "
        f"{_judged(quiet.early.text('.1f'), quiet.early.value <= WANTED_RATE)} unchanged, "
        f"{before.text('.1f')} before the changes (wanted: at most {WANTED_RATE:.0f})"
    )
    point = mine[ONE_SIGMA].point_error
    console.print(
        f"change point of {ONE_SIGMA}: median error "
        f"{_judged(point.text(), point.value <= WANTED_POINT)} records "
        f"(wanted: at most {WANTED_POINT:.0f}); column right (wanted: {WANTED_NAMED:.0%})"
    )


def _judged(text: str, kept: bool) -> str:
    return f"[green]{text}[/]" if kept else f"[red]{text}[/]"
