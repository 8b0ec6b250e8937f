"""Distances of rows as Gower has them."""

from __future__ import annotations

import numpy as np
import pytest

from halflife.generators.row_places import RowPlaces
from halflife.schemas.table import Block, Column, Kind, Table

TABLE = Table((Column(name="x"), Column(name="y"), Column(name="who", kind=Kind.CATEGORY)))
ROWS = Block.from_rows(
    TABLE,
    [
        {"x": 0.0, "y": 0.0, "who": "ann"},
        {"x": 10.0, "y": 4.0, "who": "bob"},
        {"x": 5.0, "y": None, "who": "ann"},
    ],
)


def test_numbers_count_by_their_range_and_levels_by_equality() -> None:
    asked = Block.from_rows(TABLE, [{"x": 5.0, "y": 1.0, "who": "bob"}])
    distances, which = RowPlaces.of(ROWS).nearest(asked, 3)
    # To bob: (1/2 + 3/4 + 0) / 3; to ann: (1/2 + 1/4 + 1) / 3; to the row without y: its middle
    # is 1/4 away and 1/2 is added: (0 + 3/4 + 1) / 3.
    np.testing.assert_allclose(distances, [[1.25 / 3, 1.75 / 3, 1.75 / 3]])
    assert which.tolist() == [1]


def test_a_missing_cell_is_no_distance_from_another_missing_cell() -> None:
    distances, which = RowPlaces.of(ROWS).nearest(ROWS[2:], 1)
    assert distances.tolist() == [[0.0]]
    assert which.tolist() == [2]


def test_a_part_keeps_the_ranges_of_all_and_a_new_level_is_unlike_all() -> None:
    part = RowPlaces.of(ROWS).part(slice(0, 1))
    asked = Block.from_rows(TABLE, [{"x": 10.0, "y": 0.0, "who": "cyd"}])
    assert part.nearest(asked, 3)[0] == pytest.approx(np.array([[2 / 3]]))


def test_many_rows_are_the_same_as_few_and_what_is_restored_is_the_same() -> None:
    random = np.random.default_rng(0)
    table = Table((Column(name="x"), Column(name="y")))
    rows = Block(table, random.normal(size=(1500, 2)), np.empty((1500, 0), dtype=object))
    places = RowPlaces.of(rows[:40])
    again = RowPlaces.restore(*places.state())
    far, which = places.nearest(rows, 2)
    for start in (0, 700, 1499):
        one, own = again.nearest(rows[start : start + 1], 2)
        np.testing.assert_array_equal(one[0], far[start])
        assert own[0] == which[start]
