"""Rows that the fidelity tests share."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from sklearn.tree import DecisionTreeRegressor

from halflife.schemas.table import Block, Column, FloatArray, Kind, Role, SumLaw, Table

FRACTIONS = tuple(f"mat_{i}" for i in range(1, 5))
SOLAR = Table(
    (*(Column(name=name, role=Role.SET_POINT) for name in FRACTIONS), Column(name="degradation")),
    (SumLaw(FRACTIONS, 1.0, 1e-3),),
    target="degradation",
)
LINE = Table((Column(name="x", role=Role.SET_POINT), Column(name="y")))
MIXED = Table(
    (
        Column(name="t", role=Role.SET_POINT),
        Column(name="solvent", kind=Kind.CATEGORY, role=Role.SET_POINT),
        Column(name="y"),
        Column(name="phase", kind=Kind.CATEGORY, role=Role.MEASURED),
    )
)


def block(table: Table, numbers: FloatArray, texts: list[list[str | None]] | None = None) -> Block:
    cells = np.empty((len(numbers), len(table.categories)), dtype=object)
    if texts is not None:
        cells[:] = texts
    return Block(table, np.asarray(numbers, dtype=np.float64), cells)


def line(n: int, seed: int, *, slope: float = 1.0, noise: float = 0.3) -> Block:
    """y = slope x + noise, x standard normal."""
    generator = np.random.default_rng(seed)
    x = generator.standard_normal(n)
    return block(LINE, np.column_stack([x, slope * x + noise * generator.standard_normal(n)]))


def mixed(n: int, seed: int) -> Block:
    """Numbers and categories that depend on each other, with missing cells."""
    generator = np.random.default_rng(seed)
    t = generator.integers(0, 5, n).astype(np.float64)
    solvent = generator.choice(["DMF", "water"], n)
    y = t + (solvent == "DMF") + 0.3 * generator.standard_normal(n)
    y[generator.random(n) < 0.1] = np.nan
    phase: list[str | None] = ["cubic" if v > 3 else None if v < 0.3 else "hexagonal" for v in y]
    return block(MIXED, np.column_stack([t, y]), list(map(list, zip(solvent, phase, strict=True))))


def solar_cells(name: str) -> FloatArray:
    """A campaign of Langner et al., Adv. Mater. 2020, 1,040 rows, from the package olymp."""
    found = importlib.util.find_spec("olympus")
    if found is None or found.origin is None:
        pytest.skip("needs the data of olymp (extra 'demo')")
    path = Path(found.origin).parent / "datasets" / f"dataset_{name}" / "data.csv"
    return np.loadtxt(path, delimiter=",")


def leaf_batch(train: FloatArray, n: int, generator: np.random.Generator) -> Block:
    """Set-points drawn again, degradation drawn from the leaf of a tree, with some jitter."""
    x = train[generator.integers(0, len(train), n)][:, :4]
    tree = DecisionTreeRegressor(min_samples_leaf=5, random_state=0).fit(train[:, :4], train[:, 4])
    leaves = tree.apply(train[:, :4])
    drawn = [generator.choice(train[leaves == leaf, 4]) for leaf in tree.apply(x)]
    jitter = 0.02 * train[:, 4].std() * generator.standard_normal(n)
    return block(SOLAR, np.column_stack([x, np.abs(np.array(drawn) + jitter)]))
