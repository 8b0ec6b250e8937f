"""Values that are given to a network under conditions."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.generators.conditions import Where
from halflife.generators.encoding import Encoding
from halflife.generators.given import Given
from halflife.generators.grid import Grid
from halflife.schemas.table import Block, Column, Kind, Table

TABLE = Table((Column(name="x"), Column(name="step"), Column(name="who", kind=Kind.CATEGORY)))


def rows(count: int = 400) -> Block:
    random = np.random.default_rng(0)
    numbers = np.column_stack([random.normal(size=count), 0.5 * random.integers(8, size=count)])
    who = random.choice(np.array(["ann", "bob", "cleo"], dtype=object), count, p=[0.6, 0.3, 0.1])
    return Block(TABLE, numbers, who[:, None])


def known() -> Given:
    block = rows()
    return Given(Encoding.of(block), {"step": Grid.of(block.number("step"))})


@given(low=st.floats(-2.5, 2.4), span=st.floats(0, 3), seed=st.integers(0, 10**6))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_numbers_lie_within_their_interval(low: float, span: float, seed: int) -> None:
    where = Where.of({"x": (low, low + span), "step": (1.2, 2.2)}, TABLE)
    cells = known().draw(where.conditions, 50, np.random.default_rng(seed))
    assert (cells["x"] >= low).all()
    assert (cells["x"] <= low + span).all()
    assert set(cells["step"].tolist()) <= {1.5, 2.0}


def test_an_interval_is_filled_as_the_real_rows_fill_it() -> None:
    cells = known().draw(
        Where.of({"x": (0, None)}, TABLE).conditions, 4000, np.random.default_rng(1)
    )
    real = rows().number("x")
    # Standard error of a mean of some 200 real rows: .04.
    assert abs(cells["x"].mean() - real[real >= 0].mean()) < 0.04


def test_levels_come_as_often_as_beside_each_other_in_the_real_rows() -> None:
    where = Where.of({"who": ["bob", "cleo"]}, TABLE)
    drawn = known().draw(where.conditions, 4000, np.random.default_rng(2))["who"]
    real = rows().text("who")
    share = np.mean(real == "bob") / np.mean(real != "ann")
    assert abs(np.mean(drawn == "bob") - share) < 0.03


def test_what_leaves_no_choice_is_given_first_else_what_is_met_most_seldom() -> None:
    both = Where.of({"x": (0, 1), "who": "cleo", "step": 1.0}, TABLE).conditions
    assert [one.column for one in known().first(both)] == ["who", "step"]
    ranges = Where.of({"x": (0, 1), "step": (3.5, None), "who": ["ann", "bob"]}, TABLE).conditions
    assert [one.column for one in known().first(ranges)] == ["step"]


def test_encoded_values_and_mask_are_of_the_given_columns_alone() -> None:
    cells = {"x": np.zeros(3), "who": np.array(["ann"] * 3, dtype=object)}
    matrix, mask = known().encode(cells, np.random.default_rng(0))
    assert mask.tolist() == [[1, 0, 1, 1, 1]] * 3
    assert (matrix[:, 1] == 0).all()


def test_one_category_is_drawn_by_its_shares_and_none_without() -> None:
    drawn = known().level(4000, np.random.default_rng(3))["who"]
    assert abs(np.mean(drawn == "ann") - np.mean(rows().text("who") == "ann")) < 0.03
    table = Table((Column(name="x"),))
    alone = Block(table, np.arange(9.0)[:, None], np.empty((9, 0), dtype=object))
    assert Given(Encoding.of(alone), {}).level(5, np.random.default_rng(0)) == {}
