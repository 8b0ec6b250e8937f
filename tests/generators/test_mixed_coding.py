"""Scores and codes of rows with laws, gaps and grids, and conditions on them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.generators import Where, create
from halflife.generators.grid import Grid
from halflife.generators.mixed_coding import MixedCoding
from halflife.generators.mixed_limits import MixedLimits, widened
from halflife.schemas.table import Block, Column, EquationLaw, Kind, Role, SumLaw, Table

PARTS = ("a", "b", "c")
TABLE = Table(
    (
        *(Column(name=name, role=Role.SET_POINT, minimum=0, maximum=1) for name in PARTS),
        Column(name="time", kind=Kind.INTEGER),
        Column(name="y"),
        Column(name="rate", role=Role.DERIVED),
        Column(name="who", kind=Kind.CATEGORY),
    ),
    (SumLaw(PARTS, equals=1.0), EquationLaw("rate = y / time", tolerance=0.1)),
)


def lab(rows: int, seed: int) -> Block:
    """Ten blends run again and again, gaps in y and in who."""
    random = np.random.default_rng(seed)
    blends = np.round(np.random.default_rng(1).multinomial(10, [0.5, 0.3, 0.2], 10) / 10, 1)
    parts = blends[random.integers(10, size=rows)]
    time = random.integers(1, 30, rows).astype(float)
    y = np.exp(parts[:, 0] + 0.2 * random.normal(size=rows))
    rate = y / time * np.exp(0.05 * random.normal(size=rows))
    y[random.random(rows) < 0.2] = np.nan
    who = random.choice(np.array(["ann", "bob", "eve", None], dtype=object), (rows, 1))
    return Block(TABLE, np.column_stack([parts, time, y, rate]), who)


@settings(max_examples=25)
@given(st.integers(20, 120), st.integers(0, 1000))
def test_rows_come_back(rows: int, seed: int) -> None:
    block = lab(rows, seed)
    mixed = MixedCoding.of(block)
    scores, codes = mixed.encode(block, np.random.default_rng(seed))
    found = mixed.decode(scores, codes)
    assert found.texts.tolist() == block.texts.tolist()
    np.testing.assert_allclose(found.numbers, block.numbers, rtol=1e-9)


@pytest.mark.parametrize("kind", ["copula", "mixture", "kde"])
@pytest.mark.parametrize(
    "text", ["a = 0.5, who = ann", "0.2 <= b <= 0.3, y > 1.2", "time = 7", "rate < 0.1, who = bob"]
)
def test_conditions_on_columns_of_laws_are_met(kind: str, text: str) -> None:
    block = lab(400, seed=0)
    generator = create(kind, TABLE, **({"generations": 3} if kind == "kde" else {}))
    generator.fit(block, seed=0)
    where = Where.parse(text, TABLE)
    made = generator.sample(300, seed=0, where=where)
    assert where.met(made).all()
    assert made.violations(TABLE.laws[0]) == 0
    blends = {tuple(row) for row in block.numbers[:, :3].tolist()}
    assert {tuple(row) for row in made.numbers[:, :3].tolist()} <= blends


def test_what_no_level_or_blend_meets_has_no_limits() -> None:
    mixed = MixedCoding.of(lab(100, seed=0))
    assert MixedLimits.of(Where.of({"a": 0.55}, TABLE), mixed) is None
    assert MixedLimits.of(Where.of({"who": "zoe"}, TABLE), mixed) is None
    assert MixedLimits.of(Where.of({"time": 1000}, TABLE), mixed) is None
    rejected = MixedLimits.of(Where.of({"rate": (0.1, 0.2)}, TABLE), mixed)
    assert rejected == MixedLimits({}, {}, {})


@given(st.integers(-50, 50), st.integers(0, 60), st.floats(-60, 120))
def test_widened_limits_take_in_what_is_snapped_within(low: int, width: int, value: float) -> None:
    grid = Grid(decimals=1, origin=0, step=1)
    first, last = low / 10, (low + width) / 10
    begin, end = widened(first, last, grid)
    snapped = float(grid.snap(np.array([value / 10]))[0])
    near = min(abs(value / 10 - begin), abs(value / 10 - end)) < 1e-9
    assert near or (first <= snapped <= last) == (begin <= value / 10 <= end)


def test_limits_without_a_grid_are_as_given() -> None:
    assert widened(0.3, 0.7, None) == (0.3, 0.7)
