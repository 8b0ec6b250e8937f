"""Fidelity: whether the bands cover, whether a change of material is seen, and what it costs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.table import Table as RichTable
from scipy.stats import binomtest

from halflife.generators.trees import Trees
from halflife.monitors import PARTS, Fidelity
from halflife.schemas.lab import Lab
from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.table import Block, Column, Role, Table
from halflife.streams.demo.campaigns import CHANGE, solar_cells
from halflife.streams.watch.backtest import backtest, rows_of
from tests.bench import real_tables

SIZES: Final = (50, 100, 300, 1000)
SPLITS: Final = 1000
SHUFFLES: Final = 20
SOON: Final = 300
"""Records after the change within which the loss should be seen."""
_LAB: Final = Path(__file__).resolve().parents[2] / "streams" / "demo" / "lab.toml"


def run(console: Console, scale: float) -> dict[str, Any]:
    """All three tables."""
    return {
        "cost": cost(console),
        "opv": opv(console, max(2, round(SHUFFLES * scale))),
        "coverage": coverage(console, max(20, round(SPLITS * scale))),
    }


def coverage(
    console: Console,
    splits: int,
    *,
    tables: tuple[str, ...] | None = None,
    sizes: tuple[int, ...] = SIZES,
) -> list[dict[str, Any]]:
    """How often a random half of real rows lies in the band that the other half gives."""
    shown = RichTable(title=f"95 % bands: two halves of real rows, {splits} splits")
    for heading in ("table", "rows a half", *PARTS):
        shown.add_column(heading, justify="right")
    found = []
    for name in real_tables.names() if tables is None else tables:
        block = real_tables.read(name, gaps=0.05)
        for size in sizes:
            if 2 * size > len(block):
                continue
            row = {"table": name, "rows": size, "parts": covered(block, size, splits)}
            found.append(row)
            shown.add_row(name, str(size), *(_share(*row["parts"][part]) for part in PARTS))
    console.print(shown)
    return found


def covered(block: Block, size: int, splits: int) -> dict[str, tuple[int, int]]:
    """For each part in how many splits it lay in its band, and in how many it had a meaning."""
    inside, seen = dict.fromkeys(PARTS, 0), dict.fromkeys(PARTS, 0)
    for split in range(splits):
        rows = np.random.default_rng(split).permutation(len(block))
        halves = block[rows[:size]], block[rows[size : 2 * size]]
        measure = Fidelity(block.table, seed=split).measure(*halves)
        for part, score in measure.parts.items():
            seen[part] += 1
            inside[part] += score >= measure.bands[part][0]
    return {part: (inside[part], seen[part]) for part in PARTS}


def opv(console: Console, shuffles: int) -> list[dict[str, Any]]:
    """Retained fidelity, tick by tick, of a batch born before the donor polymer changed."""
    plan = Lab.read(_LAB).streams["opv"]
    shown = RichTable(title=f"solar cells, polymer changes at record {CHANGE:,}")
    for heading in ("shuffle", "under .9 before", "under .9 after", "lowest upper end"):
        shown.add_column(heading, justify="right")
    found = []
    for seed in range(shuffles):
        block = Block.from_frame(plan.table, solar_cells(seed))[: CHANGE + SOON]
        reports = backtest(plan, block, batch=_batch(plan, block, seed))["fidelity"]
        under = [r["record"] - CHANGE for r in reports if r["under_limit"]]
        before = [record for record in under if record < 0]
        after = next((record for record in under if record >= 0), None)
        upper = min(r["retained_interval"][1] for r in reports if r["record"] >= CHANGE)
        found.append({"shuffle": seed, "before": before, "after": after, "upper": upper})
        when = "-" if after is None else f"+{after}"
        shown.add_row(str(seed), str(before or "-"), when, f"{upper:.2f}")
    console.print(shown)
    hits = sum(row["after"] is not None for row in found)
    false = sum(bool(row["before"]) for row in found)
    console.print(f"seen within {SOON} records in {hits} of {shuffles}, false in {false}")
    return found


def _batch(plan: StreamPlan, block: Block, seed: int) -> Block:
    """What the loop would make of the reference: the rows held out train nothing."""
    reference = block[: plan.reference]
    trees = Trees(plan.table)
    trees.fit(reference[np.flatnonzero(~rows_of(reference).holdout(plan.holdout))], seed=seed)
    return trees.sample(plan.rows, seed=seed)


def cost(console: Console) -> list[dict[str, Any]]:
    """CPU seconds of one thread, the best of three."""
    shown = RichTable(title="CPU seconds, 16 columns")
    for heading in ("real", "synthetic", "columns + pairs", "all four"):
        shown.add_column(heading, justify="right")
    found = []
    for real, synthetic in ((250, 1000), (5000, 5000)):
        cheap = _seconds(real, synthetic, ("columns", "pairs"))
        whole = _seconds(real, synthetic, PARTS)
        found.append({"real": real, "synthetic": synthetic, "cheap": cheap, "all": whole})
        shown.add_row(f"{real:,}", f"{synthetic:,}", f"{cheap:.3f}", f"{whole:.2f}")
    console.print(shown)
    return found


def _seconds(real: int, synthetic: int, parts: tuple[str, ...]) -> float:
    roles = [Role.SET_POINT] * 8 + [Role.MEASURED] * 8
    table = Table(tuple(Column(name=f"x{i}", role=role) for i, role in enumerate(roles)))
    generator = np.random.default_rng(0)
    mixed = generator.normal(size=(real + synthetic, 16)) @ generator.normal(size=(16, 16))
    rows = Block(table, mixed, np.empty((len(mixed), 0), dtype=object))
    spent = []
    for _ in range(3):
        begun = time.process_time()
        Fidelity(table).measure(rows[:real], rows[real:], parts=parts)
        spent.append(time.process_time() - begun)
    return min(spent)


def _share(inside: int, seen: int) -> str:
    """A share in per cent with its 95 % confidence interval."""
    if not seen:
        return "-"
    low, high = binomtest(inside, seen).proportion_ci(method="wilson")
    return f"{100 * inside / seen:.1f} ({100 * low:.1f} to {100 * high:.1f})"
