"""Timing: whether unchanged arrivals are left alone as promised, and how soon a change is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Final, Protocol

import numpy as np
from rich.console import Console
from rich.table import Table as RichTable

from halflife.monitors import Timing
from halflife.schemas.table import FloatArray
from tests.bench.jobs import each
from tests.harness.intervals import Estimate, finite, median, run_length, time_to_first

FIVE: Final = 300.0
"""Seconds between records where an instrument is at work, on average."""
CELLS: Final = ((1_000, 500, 10_000), (1_000, 2_000, 10_000), (10_000, 2_000, 40_000))
"""Records promised between false alarms, of the reference, and watched in each run."""
SEEDS: Final = 40
REFERENCE, BEFORE, AFTER = 500, 500, 2_000
"""Records of a reference; and those before a change, and after it, in which it is looked for."""


class Arrivals(Protocol):
    """Event times of n records, in seconds, in the order of the log."""

    def __call__(
        self, rng: np.random.Generator, n: int, *, pace: float = 1.0, jitter: float = 1.0
    ) -> FloatArray:
        """At so many times the usual intervals, which scatter so many times as widely."""
        ...


def poisson(
    rng: np.random.Generator, n: int, *, pace: float = 1.0, jitter: float = 1.0
) -> FloatArray:
    """Whenever somebody measures: independent exponential intervals."""
    return np.cumsum(pace * _gamma(rng, n, jitter))


def regular(
    rng: np.random.Generator, n: int, *, pace: float = 1.0, jitter: float = 1.0
) -> FloatArray:
    """A robot that takes up to a fifth more or less for each run."""
    width = 0.2 * jitter
    return np.cumsum(pace * FIVE * rng.uniform(1.0 - width, 1.0 + width, n))


def scheduled(
    rng: np.random.Generator, n: int, *, pace: float = 1.0, jitter: float = 1.0
) -> FloatArray:
    """A schedule that is kept to 5 %: a late record is followed by a short interval."""
    return FIVE * (pace * np.arange(1.0, n + 1.0) + 0.05 * jitter * rng.normal(size=n))


def campaigns(
    rng: np.random.Generator, n: int, *, pace: float = 1.0, jitter: float = 1.0
) -> FloatArray:
    """Bursts of some 24 records; between them hours, at times days."""
    intervals = pace * FIVE * rng.lognormal(-0.02 * jitter**2, 0.2 * jitter, n)
    begins = rng.random(n) < 1 / 24
    pauses = 3600.0 * rng.lognormal(1.0, 1.0, n)
    return np.cumsum(np.where(begins, pauses, intervals))


def nights(
    rng: np.random.Generator, n: int, *, pace: float = 1.0, jitter: float = 1.0
) -> FloatArray:
    """Four hours on each working day; what would come later comes the next morning."""
    work = np.cumsum(pace * _gamma(rng, n, jitter / 2))
    days, seconds = np.divmod(work, 14_400.0)
    weeks, weekdays = np.divmod(days, 5.0)
    return np.asarray((7.0 * weeks + weekdays) * 86_400.0 + seconds)


def instruments(
    rng: np.random.Generator, n: int, *, pace: float = 1.0, jitter: float = 1.0
) -> FloatArray:
    """Four instruments, each with delays of its own on the way: records overtake each other."""
    sent = np.cumsum(pace * _gamma(rng, n, 1.0))
    return sent[np.argsort(sent + jitter * FIVE * rng.exponential(0.5, n), kind="stable")]


KINDS: Final[dict[str, Arrivals]] = {
    kind.__name__: kind for kind in (poisson, regular, scheduled, campaigns, nights, instruments)
}
DEPENDENT: Final = frozenset({"scheduled", "nights", "instruments"})
"""Arrivals whose intervals depend on those before: nights come after as many hours of work."""
LONG: Final = 2_000
"""Records of a reference from which on the run length is to be at most twice the promise."""
CHANGES: Final[dict[str, Callable[[Arrivals, np.random.Generator], FloatArray]]] = {
    "half the rate": lambda kind, rng: kind(rng, AFTER, pace=2.0),
    "twice the rate": lambda kind, rng: kind(rng, AFTER, pace=0.5),
    "a fifth slower": lambda kind, rng: kind(rng, AFTER, pace=1.2),
    "jitter doubled": lambda kind, rng: kind(rng, AFTER, jitter=2.0),
    "gap of 12 hours": lambda kind, rng: 43_200.0 + kind(rng, AFTER),
    "gap of 60 days": lambda kind, rng: 60 * 86_400.0 + kind(rng, AFTER),
    "clock an hour back": lambda kind, rng: kind(rng, AFTER) - 3_600.0,
    "one of four late": lambda kind, rng: _late(rng, kind(rng, AFTER)),
}


def run(console: Console, scale: float, processes: int = 1) -> dict[str, Any]:
    """Both tables."""
    return {
        "promise": promise(console, max(2, round(SEEDS * scale)), processes),
        "delays": delays(console, max(2, round(SEEDS * scale)), processes),
    }


def promise(console: Console, seeds: int, processes: int = 1) -> list[dict[str, Any]]:
    """Records between false alarms, beside those promised."""
    shown = RichTable(title=f"Timing of unchanged arrivals, {seeds} runs (95 %)")
    shown.add_column("arrivals")
    for heading in ("N", "reference", "run length", "to first alarm", "alarms", "kept"):
        shown.add_column(heading, justify="right")
    cells = [(kind, *cell) for kind in KINDS for cell in CELLS]
    found = []
    results = each(_quiet, [(*cell, s) for cell in cells for s in range(seeds)], processes, console)
    for kind, promised, reference, records in cells:
        runs = [next(results) for _ in range(seeds)]
        length = run_length([len(run) for run in runs], [records] * seeds)
        first = [run[0][0] + 1 if run else records for run in runs]
        to_first = time_to_first(first, [bool(run) for run in runs])
        told = Counter(what for run in runs for _, what in run)
        row = {
            "arrivals": kind,
            "promised": promised,
            "reference": reference,
            "records": records * seeds,
            "alarms": dict(told),
            "length": finite(length),
            "first": finite(to_first),
            "verdict": _verdict(kind, promised, reference, length),
        }
        text = ", ".join(f"{what} {count}" for what, count in sorted(told.items()))
        figures = (f"{promised:,}", f"{reference:,}", length.text(), to_first.text(), text)
        shown.add_row(kind, *figures, row["verdict"])
        found.append(row)
    console.print(shown)
    return found


def delays(console: Console, seeds: int, processes: int = 1) -> list[dict[str, Any]]:
    """Records from a change to the first alarm after it, at the default promise."""
    shown = RichTable(
        title=f"Records from a change to its alarm, median of {seeds} runs (95 %); found within "
        f"{AFTER:,}; reference of {REFERENCE}, one false alarm in 10,000"
    )
    shown.add_column("arrivals")
    for change in CHANGES:
        shown.add_column(change, justify="right")
    cells = [(kind, change) for kind in KINDS for change in CHANGES]
    results = each(_delay, [(*cell, s) for cell in cells for s in range(seeds)], processes, console)
    found = []
    for kind in KINDS:
        row = []
        for change in CHANGES:
            runs = [next(results) for _ in range(seeds)]
            middle, seen = median(runs), sum(np.isfinite(delay) for delay in runs)
            row.append(middle.text() + ("" if seen == seeds else f"; {seen / seeds:.0%}"))
            found.append(
                {
                    "arrivals": kind,
                    "change": change,
                    "found": int(seen),
                    "of": seeds,
                    "delay": finite(middle),
                }
            )
        shown.add_row(kind, *row)
    console.print(shown)
    return found


def _verdict(kind: str, promised: int, reference: int, length: Estimate) -> str:
    """Broken and slow are said only where the whole interval says so."""
    if length.high < promised:
        return "broken"
    independent = kind not in DEPENDENT and reference >= LONG
    return "slow" if independent and length.low > 2 * promised else "kept"


def _quiet(job: tuple[str, int, int, int, int]) -> list[tuple[int, str]]:
    """The alarms of one unchanged stream: the record, and what it tells of."""
    kind, promised, reference, records, seed = job
    times = KINDS[kind](np.random.default_rng(seed), reference + records)
    timing = Timing(false_alarms=promised)
    timing.fit(times[:reference])
    alarms = timing.update(times[reference:])
    return [
        (alarm.record, "gap" if alarm.direction == Timing.gap else alarm.columns[0])
        for alarm in alarms
    ]


def _delay(job: tuple[str, str, int]) -> float:
    """Records from the change to the first alarm after it, both counted; infinite without one."""
    kind, change, seed = job
    rng = np.random.default_rng([seed, 1])
    before = KINDS[kind](rng, REFERENCE + BEFORE)
    after = before[-1] + CHANGES[change](KINDS[kind], rng)
    timing = Timing()
    timing.fit(before[:REFERENCE])
    alarms = timing.update(np.concatenate([before[REFERENCE:], after]))
    return next((a.record - BEFORE + 1.0 for a in alarms if a.record >= BEFORE), np.inf)


def _gamma(rng: np.random.Generator, n: int, jitter: float) -> FloatArray:
    """Independent intervals whose standard deviation is so many times their mean."""
    return FIVE * jitter**2 * rng.gamma(jitter**-2.0, size=n)


def _late(rng: np.random.Generator, times: FloatArray) -> FloatArray:
    """The clock of one instrument in four is an hour slow."""
    return np.asarray(times - 3_600.0 * (rng.random(len(times)) < 0.25))
