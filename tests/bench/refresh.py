"""A refresh after real drift: how soon a new batch is good, from a champion's weights and without.

Sixteen gas sensors age. A champion is fitted on batches 1 to 3 (3,275 rows), a challenger on half
of batch 6, 1,150 rows and two years of ageing later. A classifier of the gas is trained on as many
synthetic rows and tested on the other half, which nobody was fitted on: F1 is the mean over the
six gases, of which one has 29 rows in all. CPU seconds are those of fitting and sampling.
"""

from __future__ import annotations

import time
from typing import Any, Final

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table as Grid
from scipy.stats import t

from halflife.generators import GENERATORS, Generator, create
from halflife.schemas.table import Block, Column, Kind, Role, Table
from tests.bench.real_tables import FOLDER

SEEDS: Final = 5
COLD_STEPS: Final = 4
"""How many times the steps of a warm start a generator takes that begins anew."""
KINDS: Final = ("trees", "diffusion", "vae", "wgan")
NEAR: Final = 0.1
"""Privacy of trees that stay near to the rows."""
WANTED: Final = 0.9


def run(console: Console, scale: float) -> dict[str, Any]:
    """F1 against CPU seconds: cold as long as warm, cold to its end, and warm."""
    if not (FOLDER / "gas_sensor_drift").is_dir():
        console.print(f"refresh: skipped, no gas_sensor_drift in {FOLDER}")
        return {"skipped": "no data"}
    seeds = max(2, round(SEEDS * scale))
    old, new = batches()
    halves = [split(new, seed) for seed in range(seeds)]
    rows = [_row("real rows", [(f1(train, test), 0.0) for train, test in halves])]
    rows.append(_row("the old rows", [(f1(old, test), 0.0) for _, test in halves]))
    for kind in (kind for kind in KINDS if kind in GENERATORS):
        champion = create(kind, old.table)
        champion.fit(old, seed=0)
        stale = champion.sample(len(halves[0][0]), seed=0)
        rows.append(_row(f"{kind}, not refreshed", [(f1(stale, test), 0.0) for _, test in halves]))
        starts: list[tuple[str, dict[str, Any], Generator | None]] = [("cold", {}, None)]
        if kind == "trees":
            starts.append((f"cold, privacy {NEAR:g}", {"privacy": NEAR}, None))
        if champion.neural:
            steps = champion.parameters["steps"]
            starts.append(("cold, as long as warm", {"steps": steps // COLD_STEPS}, None))
            starts.append(("warm", {}, champion))
        for name, options, warm in starts:
            runs = [
                refreshed(create(kind, old.table, **options), warm, *halves[seed], seed)
                for seed in range(seeds)
            ]
            rows.append(_row(f"{kind}, {name}", runs))
            console.print(f"  {_said(rows[-1])}")
    _print(console, rows, seeds)
    return {"seeds": seeds, "rows": rows}


def batches() -> tuple[Block, Block]:
    """Batches 1 to 3, and batch 6: the gas, its concentration and sixteen resistances."""
    frame = pd.read_csv(next((FOLDER / "gas_sensor_drift").glob("data.csv*")))
    sensors = [f"s{i:02d}_dR" for i in range(1, 17)]
    table = Table(
        (
            Column(name="gas_name", role=Role.SET_POINT, kind=Kind.CATEGORY),
            Column(name="concentration_ppm", role=Role.SET_POINT),
            *(Column(name=name) for name in sensors),
        ),
        target="gas_name",
    )
    old, new = frame[frame["batch"] <= 3], frame[frame["batch"] == 6]
    return Block.from_frame(table, old), Block.from_frame(table, new)


def split(block: Block, seed: int) -> tuple[Block, Block]:
    """Two halves."""
    order = np.random.default_rng(seed).permutation(len(block))
    half = len(block) // 2
    return block[order[:half]], block[order[half:]]


def refreshed(
    generator: Generator, warm: Generator | None, train: Block, test: Block, seed: int
) -> tuple[float, float]:
    """F1 and CPU seconds of one refresh."""
    began = time.process_time()
    generator.fit(train, seed=seed, warm=warm)
    batch = generator.sample(len(train), seed=seed)
    seconds = time.process_time() - began
    return f1(batch, test), seconds


def f1(train: Block, test: Block) -> float:
    """Of a boosted classifier of the gas, a mean over the gases."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import f1_score

    model = HistGradientBoostingClassifier(random_state=0, early_stopping=False)
    model.fit(train.numbers, train.text("gas_name").astype(str))
    found = model.predict(test.numbers)
    return float(f1_score(test.text("gas_name").astype(str), found, average="macro"))


def _row(name: str, runs: list[tuple[float, float]]) -> dict[str, Any]:
    """Means over seeds, and the 95 % interval of the mean F1."""
    scores = np.array([score for score, _ in runs])
    half = t.ppf(0.975, len(scores) - 1) * scores.std(ddof=1) / np.sqrt(len(scores))
    return {
        "name": name,
        "f1": float(scores.mean()),
        "interval": [float(scores.mean() - half), float(scores.mean() + half)],
        "runs": scores.tolist(),
        "cpu_seconds": float(np.mean([seconds for _, seconds in runs])),
    }


def _said(row: dict[str, Any]) -> str:
    return f"{row['name']}: F1 {row['f1']:.3f} in {row['cpu_seconds']:.2f} CPU s"


def _print(console: Console, rows: list[dict[str, Any]], seeds: int) -> None:
    grid = Grid("trained on", "F1", "95 %", "worst", "CPU s", title=f"refresh, {seeds} seeds")
    for row in rows:
        low, high = row["interval"]
        seconds = f"{row['cpu_seconds']:.2f}" if row["cpu_seconds"] else "–"
        mark = "[bold]" if row["f1"] >= WANTED else ""
        grid.add_row(
            row["name"],
            f"{mark}{row['f1']:.3f}",
            f"{low:.3f} to {high:.3f}",
            f"{min(row['runs']):.3f}",
            seconds,
        )
    console.print(grid)
