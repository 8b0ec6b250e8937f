"""Batches of known quality: each part of the fidelity worsened by a dose that is found first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from halflife.generators import create
from halflife.monitors import Fidelity
from halflife.schemas.table import Block, Column, Kind, Role, Table
from halflife.streams.demo.campaigns import solar_cells
from tests.bench import real_tables

HELD_OUT: Final = 300
ROWS: Final = 1000
DROP: Final = 0.05
_STEPS: Final = 6

Population = Callable[[int, int], Block]
"""So many rows of one distribution, by a seed."""


def populations() -> dict[str, Population]:
    """Two that we made, and sequential trees of three real tables, that rows can be drawn from."""
    found: dict[str, Population] = {"normal": _normal, "mixed": _mixed}
    found["opv"] = _of(_opv())
    for name in ("gas", "concrete"):
        if name in real_tables.names():
            found[name] = _of(real_tables.read(name))
    return found


def _opv() -> Block:
    frame = solar_cells(0)[:1040]
    columns = [
        Column(name=str(name), role=Role.MEASURED if name == "degradation" else Role.SET_POINT)
        for name in frame
    ]
    return Block.from_frame(Table(tuple(columns), target="degradation"), frame)


def _of(block: Block) -> Population:
    trees = create("trees", block.table)
    trees.fit(block, seed=0)
    return lambda rows, seed: trees.sample(rows, seed=seed)


def _normal(rows: int, seed: int) -> Block:
    """Three set-points and two measured columns, jointly normal."""
    roles = [Role.SET_POINT] * 3 + [Role.MEASURED] * 2
    table = Table(tuple(Column(name=f"x{i}", role=role) for i, role in enumerate(roles)))
    z = np.random.default_rng(seed).normal(size=(rows, 5))
    z[:, 3] = 0.8 * z[:, 0] + 0.4 * z[:, 1] + 0.45 * z[:, 3]
    z[:, 4] = 0.6 * z[:, 2] - 0.6 * z[:, 0] + 0.5 * z[:, 4]
    return Block(table, z, np.empty((rows, 0), dtype=object))


def _mixed(rows: int, seed: int) -> Block:
    """A grid, two categories, an answer that depends on all, with missing cells."""
    table = Table(
        (
            Column(name="t", role=Role.SET_POINT),
            Column(name="flow", role=Role.SET_POINT),
            Column(name="solvent", kind=Kind.CATEGORY, role=Role.SET_POINT),
            Column(name="y"),
            Column(name="phase", kind=Kind.CATEGORY),
        )
    )
    generator = np.random.default_rng(seed)
    t, flow = generator.integers(0, 5, rows), generator.uniform(0.0, 1.0, rows)
    solvent = generator.choice(["DMF", "water", "ethanol"], rows)
    y = 0.5 * t + flow + (solvent == "DMF") + 0.4 * generator.normal(size=rows)
    phase = np.where(y + 0.3 * generator.normal(size=rows) > 2.0, "cubic", "hexagonal")
    y[generator.random(rows) < 0.1] = np.nan
    return Block(
        table, np.column_stack([t, flow, y]), np.column_stack([solvent, phase]).astype(object)
    )


def worse(block: Block, part: str, dose: float, seed: int) -> Block:
    """The same rows, with one part of the fidelity worsened.

    ``columns``: all numbers moved by so many standard deviations, or of tables without numbers
    nothing. ``pairs`` and ``joint``: in that share of the rows all columns are shuffled, each by
    itself. ``predictive``: only what is predicted is.
    """
    table = block.table
    if part == "columns":
        return Block(table, block.numbers + dose * np.nanstd(block.numbers, axis=0), block.texts)
    names = table.names
    if part == "predictive":
        names = (table.target,) if table.target else table.measured
    generator = np.random.default_rng(seed)
    numbers, texts = block.numbers.copy(), block.texts.copy()
    rows = np.flatnonzero(generator.random(len(block)) < dose)
    for name in names:
        cells = numbers if name in table.numeric else texts
        among = table.numeric if name in table.numeric else table.categories
        place = among.index(name)
        cells[rows, place] = cells[generator.permutation(rows), place]
    return Block(table, numbers, texts)


def dose_of(population: Population, part: str, *, draws: int) -> float | None:
    """The dose at which the score of a part is lower by .05 on average, by bisection.

    The score as it is before it is cut to [0, 1], at 300 held-out and 1,000 synthetic rows, the
    mean over so many draws, the same ones for every dose. None where no dose does that.
    """
    rows = [(population(HELD_OUT, 50 + i), population(ROWS, 150 + i)) for i in range(draws)]
    whole = _mean([_raw(real, batch, part, i) for i, (real, batch) in enumerate(rows)])
    if whole is None:
        return None

    def lost(dose: float) -> float:
        scores = [
            _raw(real, worse(batch, part, dose, 900 + i), part, i)
            for i, (real, batch) in enumerate(rows)
        ]
        return whole - (_mean(scores) or 0.0)

    low, high = 0.0, 1.0
    if lost(high) < DROP:
        return None
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if lost(middle) < DROP else (low, middle)
    return (low + high) / 2.0


def _raw(real: Block, batch: Block, part: str, seed: int) -> float | None:
    return Fidelity(real.table, seed=seed).scores(real, batch, parts=[part])[part].raw


def _mean(scores: list[float | None]) -> float | None:
    known = [score for score in scores if score is not None]
    return float(np.mean(known)) if known else None
