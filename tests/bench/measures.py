"""Whether the p-values of the measures are as rare as they say, and what all measures cost."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table as Grid
from scipy.stats import beta

from halflife.monitors.measures import MEASURES, Comparison, MeasureResult
from halflife.schemas.table import Block, Column, Kind, Role, Table

RUNS = 400
ROWS = (150, 120, 150)
"""Real, synthetic and training rows of a run, all drawn from one distribution."""
COST_ROWS = 2_000
LEVELS = (0.01, 0.05)


def run(console: Console, scale: float) -> dict[str, Any]:
    """Fresh real samples in the place of batches; then the cost of one great comparison."""
    runs = max(20, int(RUNS * scale))
    console.print(
        f"[bold]measures[/]: {runs} comparisons of fresh samples, {ROWS[0]} rows, 8 columns: how "
        "often a p-value is as low as it may be"
    )
    p_values: dict[str, list[float]] = {}
    ratios: dict[str, list[float]] = {}
    for k in range(runs):
        blocks = [laboratory(n, 3 * k + i, numbers=5, categories=3) for i, n in enumerate(ROWS)]
        for found in _measured(Comparison.of(*blocks, seed=k)):
            if found.p_value is not None:
                p_values.setdefault(found.measure, []).append(found.p_value)
            if found.value is not None and found.yardstick:
                ratios.setdefault(found.measure, []).append(found.value / found.yardstick)
    rows = [_row(name, p_values.get(name, []), ratios.get(name, [])) for name in MEASURES]
    _print(console, rows)
    costs = _costs()
    total = sum(costs.values())
    dear = sorted(costs, key=lambda name: -costs[name])[:3]
    console.print(
        f"all {len(costs)} measures of {COST_ROWS:,} x 16 beside {COST_ROWS:,}: [bold]{total:.1f} "
        f"CPU s[/]; dearest {', '.join(f'{name} {costs[name]:.1f}' for name in dear)}"
    )
    return {"runs": runs, "rows": rows, "cpu_seconds": total, "costs": costs}


def laboratory(n: int, seed: int, *, numbers: int, categories: int) -> Block:
    """Numbers that follow three hidden ones, a grid among them, categories and missing cells."""
    fixed, generator = np.random.default_rng(99), np.random.default_rng([7, seed])
    cells = generator.standard_normal((n, 3)) @ fixed.standard_normal((3, numbers))
    cells += 0.5 * generator.standard_normal((n, numbers))
    cells[:, 1] = np.round(cells[:, 1])
    cells[generator.random((n, numbers)) < 0.02] = np.nan
    texts = np.empty((n, categories), dtype=object)
    for j in range(categories):
        texts[:, j] = generator.choice(list("abcdefg")[: 3 + j], n).tolist()
    roles = [Role.SET_POINT if j < numbers // 2 else Role.MEASURED for j in range(numbers)]
    columns = [Column(name=f"x{j}", role=role) for j, role in enumerate(roles)]
    columns += [Column(name=f"c{j}", kind=Kind.CATEGORY) for j in range(categories)]
    return Block(Table(tuple(columns)), cells, texts)


def _measured(comparison: Comparison) -> list[MeasureResult]:
    """All that makes a test or has a yardstick; models, which are dear and make none, are not."""
    return [kind().measure(comparison) for kind in MEASURES.values() if kind.group != "predictive"]


def _row(name: str, p_values: list[float], ratios: list[float]) -> dict[str, Any]:
    row: dict[str, Any] = {"measure": name, "ratio": float(np.mean(ratios)) if ratios else None}
    for level in LEVELS:
        hits, n = sum(p <= level + 1e-9 for p in p_values), len(p_values)
        row[f"{level}"] = hits / n if n else None
        row[f"{level} band"] = _band(hits, n) if n else None
    return row


def _band(hits: int, n: int) -> list[float]:
    """95 % interval of a share (Clopper and Pearson)."""
    low = float(beta.ppf(0.025, hits, n - hits + 1)) if hits else 0.0
    high = float(beta.ppf(0.975, hits + 1, n - hits)) if hits < n else 1.0
    return [low, high]


def _print(console: Console, rows: list[dict[str, Any]]) -> None:
    grid = Grid("measure", "value / yardstick", *(f"p <= {level}" for level in LEVELS))
    for row in rows:
        said = ["–" if row["ratio"] is None else f"{row['ratio']:.2f}"]
        for level in LEVELS:
            share, band = row[f"{level}"], row[f"{level} band"]
            said.append("–" if share is None else f"{share:.1%} ({band[0]:.1%} to {band[1]:.1%})")
        if row["ratio"] is not None or row[f"{LEVELS[0]}"] is not None:
            grid.add_row(row["measure"], *said)
    console.print(grid)


def _costs() -> dict[str, float]:
    """CPU seconds of each measure; what several share is paid by the first."""
    blocks = [laboratory(COST_ROWS, i, numbers=12, categories=4) for i in range(3)]
    comparison = Comparison.of(*blocks, seed=0)
    costs = {}
    for name, kind in MEASURES.items():
        began = time.process_time()
        kind().measure(comparison)
        costs[name] = time.process_time() - began
    return costs
