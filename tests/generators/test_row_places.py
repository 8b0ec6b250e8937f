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


def gower(asked: Block, rows: Block) -> np.ndarray:
    """Distances as the formula has them, one after the other, shape (asked, rows)."""
    spans = np.nanmax(rows.numbers, axis=0) - np.nanmin(rows.numbers, axis=0)
    apart = np.abs(asked.numbers[:, None] - rows.numbers) / spans
    # A missing number stands in the middle of the range, and 1/2 aside.
    middle = (np.nanmax(rows.numbers, axis=0) + np.nanmin(rows.numbers, axis=0)) / 2
    for one, other in (
        (asked.numbers[:, None], rows.numbers),
        (rows.numbers, asked.numbers[:, None]),
    ):
        lonely = np.isnan(one) & ~np.isnan(other)
        aside = np.broadcast_to(np.abs(other - middle) / spans + 0.5, lonely.shape)
        apart = np.where(lonely, aside, apart)
    apart = np.where(np.isnan(asked.numbers[:, None]) & np.isnan(rows.numbers), 0.0, apart)
    other = asked.texts[:, None] != rows.texts
    return (apart.sum(axis=2) + other.sum(axis=2)) / len(rows.table.names)


@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_many_rows_are_searched_as_the_formula_says(missing: float) -> None:
    """By a tree, whatever is missing here or there, and with levels that are new."""
    random = np.random.default_rng(1)
    columns = [Column(name=f"x{j}") for j in range(3)]
    columns += [Column(name=f"c{j}", kind=Kind.CATEGORY) for j in range(2)]
    table = Table(tuple(columns))

    def block(count: int, gaps: float, levels: str) -> Block:
        numbers = np.round(random.normal(size=(count, 3)), 1)
        numbers[random.random(numbers.shape) < gaps] = np.nan
        return Block(table, numbers, random.choice(list(levels), (count, 2)).astype(object))

    rows, asked = block(1_200, missing, "abc"), block(300, 0.1, "abcd")
    places = RowPlaces.of(rows)
    far, which = places.nearest(asked, 3)
    expected = gower(asked, rows)
    np.testing.assert_allclose(far, np.sort(expected, axis=1)[:, :3], atol=1e-12)
    np.testing.assert_allclose(expected[np.arange(300), which], far[:, 0], atol=1e-12)
    alone = places.nearest(asked[7:8], 3)
    np.testing.assert_array_equal(alone[0][0], far[7])
    assert alone[1][0] == which[7]
