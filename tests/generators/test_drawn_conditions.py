"""Conditions for a batch, as the real ones are spread."""

from __future__ import annotations

import numpy as np
import pytest

from halflife.generators import DrawnConditions, UnsuitableCondition
from halflife.generators.drawn_conditions import some_columns
from halflife.schemas.table import Block, Column, Kind, Role, SumLaw, Table

TABLE = Table(
    (
        Column(name="instrument", role=Role.CONTEXT, kind=Kind.CATEGORY),
        Column(name="a", role=Role.SET_POINT, minimum=0, maximum=1),
        Column(name="b", role=Role.SET_POINT, minimum=0, maximum=1),
        Column(name="heat", role=Role.SET_POINT),
        Column(name="flow", role=Role.SET_POINT),
        Column(name="steps", role=Role.SET_POINT, kind=Kind.INTEGER),
        Column(name="answer"),
    ),
    (SumLaw(("a", "b"), equals=1.0),),
)


def lab(rows: int = 500) -> Block:
    random = np.random.default_rng(0)
    a = random.integers(0, 21, rows) / 20
    heat = random.normal(300, 20, rows)
    flow = np.exp(0.05 * (heat - 300) + 0.3 * random.standard_normal(rows))
    flow[random.random(rows) < 0.1] = np.nan
    steps = random.integers(1, 5, rows).astype(float)
    numbers = np.column_stack([a, np.round(1 - a, 2), heat, flow, steps, random.random(rows)])
    left = random.random(rows) < 0.25
    return Block(TABLE, numbers, np.where(left, "left", "right").astype(object)[:, None])


def test_they_are_spread_as_the_real_ones_are() -> None:
    real = lab()
    drawn = DrawnConditions.of(real).sample(2000, seed=1)
    assert drawn.table.names == TABLE.names[:-1]
    for name in ("heat", "a", "steps"):
        spread = np.std(real.number(name))
        # Three standard errors of 500 real and 2,000 drawn rows.
        assert np.mean(drawn.number(name)) == pytest.approx(
            np.mean(real.number(name)), abs=0.15 * spread
        )
        assert np.std(drawn.number(name)) == pytest.approx(spread, rel=0.12)
    both = ~np.isnan(drawn.number("flow"))
    tied = np.corrcoef(drawn.number("heat")[both], np.log(drawn.number("flow")[both]))[0, 1]
    seen = ~np.isnan(real.number("flow"))
    expected = np.corrcoef(real.number("heat")[seen], np.log(real.number("flow")[seen]))[0, 1]
    assert tied == pytest.approx(expected, abs=0.08)
    assert drawn.missing("flow") / 2000 == pytest.approx(0.1, abs=0.04)
    assert np.mean(drawn.text("instrument") == "left") == pytest.approx(0.25, abs=0.06)


def test_grids_bounds_laws_and_levels_are_kept() -> None:
    real = lab()
    drawn = DrawnConditions.of(real).sample(1000, seed=2)
    assert drawn.violations(TABLE.laws[0]) == 0
    assert np.isin(drawn.number("a"), np.round(np.arange(21) / 20, 2)).all()
    assert set(drawn.number("steps")) <= {1.0, 2.0, 3.0, 4.0}
    assert drawn.number("heat").min() >= real.number("heat").min()
    assert drawn.number("heat").max() <= real.number("heat").max()
    assert not np.isin(drawn.number("heat"), real.number("heat")).mean() > 0.1


def test_a_row_does_not_depend_on_how_many_are_asked_for() -> None:
    drawn = DrawnConditions.of(lab())
    many = drawn.sample(700, seed=3)
    for rows in (0, 1, 256, 300):
        assert drawn.sample(rows, seed=3).digest() == many[:rows].digest()
    assert drawn.sample(700, seed=4).digest() != many.digest()


def test_it_is_kept_as_plain_data() -> None:
    drawn = DrawnConditions.of(lab())
    state, arrays = drawn.state()
    again = DrawnConditions.restore(drawn.coding.table, state, arrays)
    assert again.sample(300, seed=1).digest() == drawn.sample(300, seed=1).digest()


def test_constant_and_single_columns_are_no_trouble() -> None:
    table = Table((Column(name="x", role=Role.SET_POINT), Column(name="y")))
    rows = Block(table, np.full((20, 2), 3.0), np.empty((20, 0), dtype=object))
    assert (DrawnConditions.of(rows).sample(5, seed=0).number("x") == 3).all()
    who = Table((Column(name="who", role=Role.CONTEXT, kind=Kind.CATEGORY),))
    texts = np.full((20, 1), "ann", dtype=object)
    drawn = DrawnConditions.of(Block(who, np.empty((20, 0)), texts)).sample(5, seed=0)
    assert set(drawn.text("who")) == {"ann"}


def test_columns_that_are_not_there_are_refused() -> None:
    with pytest.raises(UnsuitableCondition, match="no column 'x'; there are instrument"):
        some_columns(lab(), ["x"])
    with pytest.raises(UnsuitableCondition, match="no column is a set-point or context"):
        some_columns(Block.empty(Table((Column(name="y"),))))
