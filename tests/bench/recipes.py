"""Recipes: the promise for the stream as a whole, delays in one of them, and references lent."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table as Grid
from scipy.stats import chi2

from halflife.monitors import Drift, RecipeDrift
from halflife.schemas.table import Block, Column, FloatArray, Table

TABLE: Final = Table(tuple(Column(name=f"c{i}") for i in range(4)))
LEVELS: Final = np.array([0.0, 40.0, -300.0])
NAMES: Final = np.array(["A", "B", "C"], dtype=object)
REFERENCE: Final = 500


def run(console: Console, scale: float) -> dict[str, Any]:
    """All three tables."""
    console.print(
        f"[bold]recipes[/]: levels {LEVELS.tolist()} in standard deviations, 4 columns, reference "
        f"{REFERENCE} a recipe"
    )
    return {
        "promise": _promise(console, scale),
        "delays": _delays(console, scale),
        "lent": _lent(console, scale),
    }


def _block(cells: FloatArray) -> Block:
    return Block(TABLE, cells, np.empty((len(cells), 0), dtype=object))


def _stream(n: int, seed: int) -> tuple[FloatArray, NDArray[np.object_]]:
    rng = np.random.default_rng(seed)
    which = rng.integers(3, size=n)
    return rng.normal(size=(n, 4)) + LEVELS[which][:, None], NAMES[which]


def _promise(console: Console, scale: float) -> list[dict[str, Any]]:
    """Records a false alarm in unchanged streams of three recipes."""
    rows = []
    for promised, length in ((1_000, 10_000), (10_000, 40_000)):
        runs = max(2, round(40 * scale))
        alarms = 0
        for seed in range(runs):
            cells, recipes = _stream(length + 2_000, seed)
            drift = RecipeDrift(TABLE, false_alarms=promised, reference=REFERENCE)
            drift.fit(_block(cells[:2_000]), recipes[:2_000])
            alarms += len(drift.update(_block(cells[2_000:]), recipes[2_000:]))
        records = runs * length
        # Exact limits of a Poisson count (Garwood 1936).
        low = records / (chi2.ppf(0.975, 2 * alarms + 2) / 2)
        high = records / (chi2.ppf(0.025, 2 * alarms) / 2) if alarms else np.inf
        between = records / alarms if alarms else np.inf
        count = {"promised": promised, "records": records, "alarms": alarms}
        rows.append({**count, "between": between, "low": low, "high": high})
    grid = Grid("promised", "records", "false alarms", "records between them", "95 %")
    for row in rows:
        counts = [f"{row[key]:,}" for key in ("promised", "records", "alarms")]
        interval = f"{row['low']:,.0f} to {row['high']:,.0f}"
        grid.add_row(*counts, f"{row['between']:,.0f}", interval)
    console.print(grid)
    return rows


def _delays(console: Console, scale: float) -> list[dict[str, Any]]:
    """Records of the changed recipe from its change to the alarm, beside a monitor of it alone."""
    rows = []
    runs = max(2, round(40 * scale))
    for size in (0.5, 1.0, 2.0):
        delays: dict[str, list[int]] = {"among three recipes": [], "alone": [], "pooled": []}
        for seed in range(runs):
            cells, recipes = _stream(9_000, seed)
            mine = np.flatnonzero(recipes == "A")
            changed = mine[mine >= 3_000]
            cells[changed, 0] += size
            block = _block(cells)
            whole = RecipeDrift(TABLE, reference=REFERENCE)
            whole.fit(block[:2_000], recipes[:2_000])
            found = [2_000 + a.record for a in whole.update(block[2_000:], recipes[2_000:])]
            delays["among three recipes"] += _delay(found, changed)
            alone = Drift(TABLE)
            begun = int((mine < 2_000).sum())
            alone.fit(block[mine[:begun]])
            found = [int(mine[begun + a.record]) for a in alone.update(block[mine[begun:]])]
            delays["alone"] += _delay(found, changed)
            pooled = Drift(TABLE)
            pooled.fit(block[:2_000])
            found = [2_000 + a.record for a in pooled.update(block[2_000:])]
            delays["pooled"] += _delay(found, changed)
        for how, known in delays.items():
            middle = float(np.median(known)) if known else None
            rows.append(
                {"size": size, "how": how, "found": len(known), "of": runs, "median": middle}
            )
    grid = Grid("shift, sigma", "monitor", "found within 2,000", "median delay, own records")
    for row in rows:
        median = "-" if row["median"] is None else f"{row['median']:.0f}"
        grid.add_row(f"{row['size']:g}", row["how"], f"{row['found']} of {row['of']}", median)
    console.print(grid)
    return rows


def _delay(found: list[int], changed: NDArray[np.intp]) -> list[int]:
    """Own records from the change to the first alarm after it, if there is one."""
    after = [record for record in found if record >= changed[0]]
    return [int(np.searchsorted(changed, after[0]))] if after else []


def _lent(console: Console, scale: float) -> list[dict[str, Any]]:
    """A recipe that was never seen, judged by the reference of another until it has its own."""
    rows = []
    runs = max(2, round(100 * scale))
    for apart in (0.0, 0.1, 0.2, 0.3, 0.5, 1.0):
        false, judged, found = 0, 0, []
        for seed in range(runs):
            alarms, standing = _unseen(seed, apart, None)
            false += bool(alarms)
            judged += standing == "lent"
            after, _ = _unseen(seed, apart, 200)
            found += [record - 200 for record in after if record >= 200][:1]
        median = float(np.median(found)) if found else None
        count = {"false": false, "judged": judged, "found": len(found)}
        rows.append({"apart": apart, "runs": runs, **count, "median": median})
    grid = Grid("apart, sigma", "false in 499", "judged to the end", "1 sigma found", "delay")
    for row in rows:
        counts = [f"{row[key]} of {row['runs']}" for key in ("false", "judged", "found")]
        delay = "-" if row["median"] is None else f"{row['median']:.0f}"
        grid.add_row(f"{row['apart']:g}", *counts, delay)
    console.print(grid)
    return rows


def _unseen(seed: int, apart: float, change: int | None) -> tuple[list[int], str]:
    rng = np.random.default_rng([seed, 7])
    known, unseen = rng.normal(size=(REFERENCE, 4)), rng.normal(size=(REFERENCE - 1, 4))
    unseen[:, 0] += apart
    if change is not None:
        unseen[change:, 1] += 1.0
    drift = RecipeDrift(TABLE, reference=REFERENCE)
    drift.fit(_block(known), ["known"] * len(known))
    alarms = drift.update(_block(unseen), ["unseen"] * len(unseen))
    return [alarm.record for alarm in alarms if alarm.is_fault], drift.standings["unseen"]
