"""Which of many rows a sieve keeps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from halflife.generators.row_places import RowPlaces
from halflife.generators.row_sieve import RowSieve, evened, kept, log_odds
from halflife.schemas.table import Block, Column, Kind, Table

TABLE = Table((Column(name="x"),))


def rows(x: list[float]) -> Block:
    return Block(TABLE, np.array(x)[:, None], np.empty((len(x), 0), dtype=object))


def test_each_training_row_has_its_turn_before_another_has_two() -> None:
    which = np.repeat([0, 1, 2], [50, 3, 1])
    rooms = np.ones(54, dtype=np.int64)
    chosen = kept(np.zeros(54), which, rooms, many=5, random=np.random.default_rng(0))
    assert np.bincount(which[chosen], minlength=3).tolist() == [2, 2, 1]
    assert (np.diff(chosen) > 0).all()


@pytest.mark.parametrize("power", [0.0, 1.0, 2.0])
def test_chances_are_in_proportion_to_the_ratio_to_the_power(power: float) -> None:
    distances = np.array([[1.0, 2.0, 2.0], [1.0, 2.0, 4.0]])  # ratios 1/2 and 1/4
    odds = log_odds(distances, power, alone=True)
    which = np.zeros(2, dtype=np.int64)
    random = np.random.default_rng(0)
    first = [kept(odds, which, which + 1, many=1, random=random)[0] == 0 for _ in range(4000)]
    chance = 2**power / (2**power + 1)
    assert np.mean(first) == pytest.approx(chance, abs=4 * np.sqrt(0.25 / 4000))


@pytest.mark.parametrize("power", [0.0, 1.0])
def test_a_copy_is_left_where_there_is_another_row(power: float) -> None:
    # Power 0 tells no distances, but a copy from what is none.
    sieve = RowSieve(RowPlaces.of(rows([0.0, 1.0, 2.0])), power=power)
    for seed in range(20):
        made = sieve.kept(rows([1.0, 1.2]), 1, np.random.default_rng(seed))
        assert made.numbers.item() == 1.2
        tries = [rows([1.0, 0.3]), rows([1.2, 0.0])]
        best = sieve.best(tries, np.random.default_rng(seed))
        assert best.numbers.ravel().tolist() == [1.2, 0.3]


def test_a_copy_waits_for_the_second_row_of_another_place() -> None:
    sieve = RowSieve(RowPlaces.of(rows([0.0, 1.0, 2.0])), power=0.0)
    made = rows([0.1, 0.2, 1.0, 2.0, 2.1])  # the second at 0 comes before the only one at 1
    left = sieve.kept(made, 3, np.random.default_rng(0))
    assert left.numbers.ravel().tolist() == [0.1, 0.2, 2.1]
    assert len(sieve.kept(made, 5, np.random.default_rng(0))) == 5


def test_where_training_rows_repeat_rows_that_equal_them_are_no_copies() -> None:
    places = RowPlaces.of(rows([0.0, 1.0, 1.0, 2.0]))
    assert not places.alone
    left = RowSieve(places, 0.0).kept(rows([0.0, 1.0, 2.0]), 3, np.random.default_rng(0))
    assert left.numbers.ravel().tolist() == [0.0, 1.0, 2.0]
    odds = log_odds(np.array([[0.0, 1.0]]), 0.0, alone=places.alone)
    assert odds.tolist() == [0.0]


def test_few_rows_are_all_kept_and_a_sieve_is_restored() -> None:
    sieve = RowSieve(RowPlaces.of(rows([0.0, 1.0, 2.0])), power=3.0)
    again = RowSieve.restore(*sieve.state())
    made = rows([0.2, 0.9, 1.7, 1.6])
    assert sieve.kept(made, 9, np.random.default_rng(0)).digest() == made.digest()
    assert (
        again.kept(made, 2, np.random.default_rng(1)).digest()
        == sieve.kept(made, 2, np.random.default_rng(1)).digest()
    )


def test_where_many_training_rows_are_alike_their_place_has_as_many_turns() -> None:
    # 90 of one, 9 of another, 1 of a third; of each four times as many are drawn.
    places = RowPlaces.of(rows([0.0] * 90 + [1.0] * 9 + [2.0]))
    assert places.rooms.tolist() == [90] * 90 + [9] * 9 + [1]
    made = rows([0.0] * 360 + [1.0] * 36 + [2.0] * 4)
    for power in (0.0, 8.0):
        left = RowSieve(places, power).kept(made, 100, np.random.default_rng(0))
        assert np.bincount(left.numbers.ravel().astype(int)).tolist() == [90, 9, 1]


@pytest.mark.parametrize("power", [0.0, 1.0, 4.0, 16.0])
def test_the_end_of_a_range_keeps_its_share(power: float) -> None:
    """A planner is at the end of a range in 3 of 10 runs, in the others anywhere in it."""
    random = np.random.default_rng(0)
    table = Table((Column(name="a"), Column(name="b")))

    def runs(rows: int) -> Block:
        numbers = random.random((rows, 2))
        numbers[: rows * 3 // 10, 0] = 1.0
        return Block(table, numbers, np.empty((rows, 0), dtype=object))

    train = runs(200)
    sieve = RowSieve(RowPlaces.of(train), power)
    shares = []
    for seed in range(30):
        made = runs(400)
        left = sieve.kept(made, 100, np.random.default_rng(seed))
        shares.append((left.number("a") == 1.0).mean())
    # Of 3,000 rows that are kept the error of a share is .008 at most.
    assert np.mean(shares) == pytest.approx(0.3, abs=0.025)


def test_what_comes_often_is_marked() -> None:
    table = Table((Column(name="x"), Column(name="who", kind=Kind.CATEGORY), Column(name="y")))
    names = np.array([["ann"]] * 5 + [["bob"]] * 2 + [[None]] * 3, dtype=object)
    x = [0.0, 0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, np.nan]
    train = Block(table, np.column_stack([x, np.ones(10)]), names)
    places = RowPlaces.of(train)
    # 0 of x, that x is there, ann, and nobody; bob comes twice, 1 of y in every row.
    assert places.marks(train).sum(axis=0).tolist() == [3.0, 9.0, 5.0, 3.0]
    assert places.marks(train[:0]).shape == (0, 4)
    assert RowPlaces.of(train[5:6]).marks(train).shape == (10, 0)


@given(shift=st.floats(-5, 5), rows=st.integers(1, 40), seed=st.integers(0, 99), inf=st.booleans())
def test_odds_are_evened_by_what_marks_add(shift: float, rows: int, seed: int, inf: bool) -> None:
    random = np.random.default_rng(seed)
    marks = (random.random((rows, 3)) < 0.4).astype(float)
    odds = random.normal(size=rows)
    odds[random.random(rows) < (0.3 if inf else 0.0)] = -np.inf
    even = evened(odds, marks)
    assert (np.isneginf(even) == np.isneginf(odds)).all()
    told = np.isfinite(odds)
    if told.any():
        assert even[told].mean() == pytest.approx(odds[told].mean(), abs=1e-9)
        # What all rows are given more of changes none against another.
        again = evened(odds + shift, marks)
        np.testing.assert_allclose(again[told], even[told] + shift, atol=1e-9)
    assert evened(odds, marks[:, :0]) is odds
