"""Numbers along the records in bounded room."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from halflife.streams.monitor.trail import Trail


def trail_of(values: list[float], capacity: int) -> Trail:
    trail = Trail(width=2, capacity=capacity)
    for i, value in enumerate(values):
        trail.append([float(i), value], matters=value)
    return trail


@given(
    values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=300),
    capacity=st.integers(4, 40),
    most=st.integers(1, 60),
)
def test_its_room_is_bounded_and_the_last_and_the_worst_are_there(
    values: list[float], capacity: int, most: int
) -> None:
    trail = trail_of(values, capacity)
    assert len(trail) <= capacity
    places = trail.rows[:, 0]
    assert (np.diff(places) > 0).all()
    assert places[-1] == len(values) - 1
    assert trail.rows[:, 1].max() == max(values)
    shown = trail.last(most)
    assert len(shown) <= most
    assert (np.diff(shown[:, 0]) > 0).all()
    assert shown[-1, 0] == len(values) - 1
    if most > 1:
        assert shown[:, 1].max() == max(values)


def test_the_recent_half_is_whole() -> None:
    trail = trail_of([0.0] * 1000, 100)
    assert trail.rows[-50:, 0].tolist() == list(range(950, 1000))


def test_what_cannot_be_compared_gives_way() -> None:
    trail = trail_of([np.nan, 1.0, np.nan, 2.0, 3.0], 4)
    assert trail.rows[:, 1].tolist()[0] == 1.0


def test_a_trail_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 4"):
        Trail(width=1, capacity=3)
