"""Normal scores of a column: there and back, and intervals of values as intervals of scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from halflife.generators.number_scores import NumberScores

COLUMNS = st.lists(
    st.integers(-8, 8).map(float) | st.floats(-100, 100).map(lambda x: round(x, 3)),
    min_size=1,
    max_size=60,
)


@given(COLUMNS, st.floats(0.01, 0.99))
def test_cells_come_back(cells: list[float], chance: float) -> None:
    values = np.array([*cells, np.nan])
    scores = NumberScores.of(values)
    found = scores.encode(values, np.full(len(values), chance))
    assert np.isnan(found[-1])
    np.testing.assert_allclose(scores.decode(found[:-1]), values[:-1], atol=1e-9)


@given(COLUMNS, st.floats(-110, 110), st.floats(-110, 110), st.integers(0, 99))
def test_limits_hold_what_decodes_within_and_nothing_else(
    cells: list[float], one: float, other: float, seed: int
) -> None:
    low, high = min(one, other), max(one, other)
    number = NumberScores.of(np.array(cells))
    drawn = np.random.default_rng(seed).standard_normal(200)
    values = number.decode(drawn)
    limits = number.limits(low, high)
    if limits is None:
        assert not ((values >= low) & (values <= high)).any()
        return
    inside = (drawn > limits[0] + 1e-5) & (drawn < limits[1] - 1e-5)
    outside = (drawn < limits[0] - 1e-5) | (drawn > limits[1] + 1e-5)
    assert ((values[inside] >= low - 1e-9) & (values[inside] <= high + 1e-9)).all()
    assert not ((values[outside] >= low) & (values[outside] <= high)).any()


def test_the_mean_of_half_of_a_normal_law() -> None:
    number = NumberScores.of(np.repeat([2.0, 5.0], 10))
    found = number.means(np.array([2.0, 5.0]))
    assert found == pytest.approx([-np.sqrt(2 / np.pi), np.sqrt(2 / np.pi)])
    assert number.gridded


def test_a_level_between_two_others_is_no_value() -> None:
    number = NumberScores.of(np.repeat([1.0, 2.0], 10))
    assert number.limits(1.2, 1.8) is None
    assert number.limits(3.0, 4.0) is None
    assert number.limits(1.0, 1.5) == (-np.inf, 0.0)


def test_a_column_without_cells() -> None:
    number = NumberScores.of(np.full(4, np.nan))
    assert np.isnan(number.decode(np.zeros(3))).all()
    assert np.isnan(number.means(np.full(4, np.nan))).all()
    assert number.limits(0.0, 1.0) is None
