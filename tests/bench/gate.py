"""The gate: how often equal batches are exchanged, better ones promoted, collapse is seen."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.table import Table as RichTable

from halflife.generators import create
from halflife.monitors import PARTS, CollapseGuard, Gate
from halflife.schemas.table import Block
from tests.bench.gate_doses import HELD_OUT, ROWS, Population, dose_of, populations, worse
from tests.harness.intervals import share

TRIALS: Final = 1000
POWER_TRIALS: Final = 200
SMALL: Final = 50
FRESH: Final = 4000
LEARNT: Final = 350
GENERATIONS: Final = 10
COLLAPSES: Final = 50
_DRAWS: Final = 12

Draw = Callable[[int], tuple[Block, Block, Block, Block]]
"""Training rows, held-out rows, challenger and champion of a trial."""


def run(console: Console, scale: float, only: str = "") -> dict[str, Any]:
    """All three tables."""
    tables = {name: each for name, each in populations().items() if only in name}
    return {
        "equal": equal(console, tables, max(10, round(TRIALS * scale))),
        "better": better(console, tables, max(5, round(POWER_TRIALS * scale))),
        "collapse": collapse(console, tables, max(3, round(COLLAPSES * scale))),
    }


def equal(console: Console, tables: dict[str, Population], trials: int) -> list[dict[str, Any]]:
    """Outcomes where both batches are equally good, said to be stale.

    Two models of 350 rows each are not equal: what is promoted there is judged again on many rows.
    """
    shown = RichTable(title=f"equal batches, champion said to be stale, {trials} trials each")
    for heading in (
        "table",
        "batches",
        "held out",
        "promoted %",
        "rejected",
        "undecided",
        f"wrong on {FRESH:,} rows",
    ):
        shown.add_column(heading, justify="right")
    found = []
    for name, population in tables.items():
        for how, held in (
            ("of one model", HELD_OUT),
            ("of two models", HELD_OUT),
            ("of two models", SMALL),
        ):
            draw = functools.partial(_equal, population, held, how == "of two models")
            fresh = population if how == "of two models" else None
            found.append(_judged(shown, (name, how, str(held)), draw, trials, fresh))
    console.print(shown)
    return found


def better(console: Console, tables: dict[str, Population], trials: int) -> list[dict[str, Any]]:
    """How often a challenger is promoted whose rival lacks .05 in one part."""
    shown = RichTable(
        title=f"champion worse by .05 in a part, {HELD_OUT} held out, {trials} trials"
    )
    for heading in ("table", "part", "dose", "promoted %", "rejected", "undecided"):
        shown.add_column(heading, justify="right")
    found = []
    for name, population in tables.items():
        for part in PARTS:
            dose = dose_of(population, part, draws=_DRAWS)
            if dose is None:
                continue
            draw = functools.partial(_better, population, part, dose)
            found.append(_judged(shown, (name, part, f"{dose:.3f}"), draw, trials))
    console.print(shown)
    return found


def _judged(
    shown: RichTable,
    heads: tuple[str, ...],
    draw: Draw,
    trials: int,
    fresh: Population | None = None,
) -> dict[str, Any]:
    """Outcomes of trials; with ``fresh``, whether many other real rows say so too."""
    outcomes: Counter[str] = Counter()
    wrong = 0
    for seed in range(trials):
        train, held, ours, theirs = draw(seed)
        gate = Gate(held.table, seed=seed)
        verdict = gate.judge(
            challenger=ours, champion=theirs, train=train, holdout=held, stale=True
        )
        outcomes[verdict.outcome] += 1
        if fresh is not None and verdict.outcome == "promoted":
            again = Gate(held.table, seed=seed).judge(
                challenger=ours,
                champion=theirs,
                train=train,
                holdout=fresh(FRESH, 900_000 + seed),
                stale=True,
            )
            wrong += again.outcome != "promoted"
    promoted = share(outcomes["promoted"], trials)
    percent = f"{100 * promoted.value:.1f} ({100 * promoted.low:.1f} to {100 * promoted.high:.1f})"
    told = [percent, str(outcomes["rejected"]), str(outcomes["undecided"])]
    shown.add_row(*heads, *told, *([] if fresh is None else [str(wrong)]))
    found = {"case": list(heads), "trials": trials, "promoted": list(promoted), **outcomes}
    return found if fresh is None else {**found, "wrong": wrong}


def _equal(
    population: Population, held: int, learnt: bool, seed: int
) -> tuple[Block, Block, Block, Block]:
    rows = population(held, 10_000 + seed)
    if not learnt:
        train, ours, theirs = (population(ROWS, (20 + i) * 10_000 + seed) for i in range(3))
        return train, rows, ours, theirs
    trains = [population(LEARNT, (30 + i) * 10_000 + seed) for i in range(2)]
    ours, theirs = (_made(train, seed) for train in trains)
    return trains[0], rows, ours, theirs


def _better(
    population: Population, part: str, dose: float, seed: int
) -> tuple[Block, Block, Block, Block]:
    train, held, ours, theirs = (
        population(rows, (40 + i) * 10_000 + seed)
        for i, rows in enumerate((ROWS, HELD_OUT, ROWS, ROWS))
    )
    return train, held, ours, worse(theirs, part, dose, seed)


def _made(train: Block, seed: int, rows: int = ROWS) -> Block:
    trees = create("trees", train.table)
    trees.fit(train, seed=seed)
    return trees.sample(rows, seed=seed)


def collapse(console: Console, tables: dict[str, Population], runs: int) -> list[dict[str, Any]]:
    """In how many runs of ten generations of trees regeneration is halted, and when."""
    shown = RichTable(title=f"collapse guard: {GENERATIONS} generations of trees, {runs} runs")
    for heading in (
        "table",
        "rows",
        "trained on",
        "halted %",
        "median generation",
        "median loss at 10 %",
    ):
        shown.add_column(heading, justify="right")
    found = []
    for name, population in tables.items():
        for rows in (140, 350):
            for diet in ("own output", "half real", "real"):
                ends = [_generations(population, rows, diet, seed) for seed in range(runs)]
                halts = [halt for halt, _ in ends if halt is not None]
                halted = share(len(halts), runs)
                loss = float(np.median([ratio for _, ratio in ends])) - 1.0
                when = f"{np.median(halts):.0f}" if halts else "-"
                percent = (
                    f"{100 * halted.value:.0f} ({100 * halted.low:.0f} to {100 * halted.high:.0f})"
                )
                shown.add_row(name, str(rows), diet, percent, when, f"{100 * loss:+.1f}")
                case = {"table": name, "rows": rows, "diet": diet, "loss": loss}
                found.append({**case, "halted": list(halted), "generations": halts})
    console.print(shown)
    return found


def _generations(
    population: Population, rows: int, diet: str, seed: int
) -> tuple[int | None, float]:
    """The generation at which it halts, if it does, and the loss ratio of the last."""
    base = 1000 * (seed + 1)
    guard = CollapseGuard(population(150, base))
    train, halt = population(rows, base + 1), None
    for generation in range(1, GENERATIONS + 1):
        made = _made(train, base + generation)
        reading = guard.measure(made)
        if reading.collapsed and halt is None:
            halt = generation
        fresh = population(rows, base + 100 + generation)
        real = {"own output": 0, "half real": rows // 2, "real": rows}[diet]
        train = Block.concatenate([fresh[:real], made[: rows - real]])
    return halt, reading.ratio
