"""Chances of cells, against those that their laws have."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from halflife.monitors.cell_law import CellLaw
from halflife.monitors.digit_law import DigitLaw, decimals, few, many


def test_near_is_the_share_of_the_interval() -> None:
    """Of normal cells, ``Phi(v + r) - Phi(v - r)``, to the error of 96 order statistics."""
    law = CellLaw.fit(np.random.default_rng(0).normal(size=20_000), step=1e-12)
    values, radius = np.linspace(-2, 2, 9), 0.2
    due = norm.cdf(values + radius) - norm.cdf(values - radius)
    assert law.near(values, np.full(9, radius)) == pytest.approx(due, rel=0.15)


def test_values_that_repeat_have_their_share_and_others_that_of_good_and_turing() -> None:
    cells = np.concatenate([np.repeat([1.0, 2.0], [30, 20]), 10 + np.arange(50.0)])
    law = CellLaw.fit(cells, step=1e-3)
    assert law.equal(np.array([1.0, 2.0])).tolist() == [31 / 101, 21 / 101]
    width = np.subtract(*np.quantile(cells, [0.75, 0.25]))
    due = 0.05 + 100**2 * 1e-3 / (8 * width)
    assert law.equal(np.array([3.0, 10.0])).tolist() == [pytest.approx(2 * due / (100 * 50))] * 2
    assert law.often(np.array([1.0, 3.0, 10.0])).tolist() == [True, False, False]


def test_many_digits_make_equal_cells_rarer() -> None:
    cells = np.random.default_rng(1).normal(size=500)
    coarse, fine = (CellLaw.fit(cells, step=step).rest for step in (1e-2, 1e-12))
    assert fine == pytest.approx(2 * 0.05 / 500**2)
    assert coarse == pytest.approx(1e-2 / (2 * norm.ppf(0.75) * 2), rel=0.15)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(st.floats(-1e6, 1e6), max_size=300), st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_chances_are_chances_and_wider_is_likelier(
    cells: list[float], value: float, radius: float
) -> None:
    law = CellLaw.fit(np.array(cells))
    again = CellLaw.of_state(json.loads(json.dumps(law.state())))
    at, wide = np.array([value]), np.array([radius])
    assert 0 < law.equal(at)[0] <= 1
    assert 0 < law.near(at, wide)[0] <= law.near(at, 2 * wide)[0] <= 1
    assert law.within(at, wide)[0] >= law.near(at, wide)[0]
    assert again.near(at, wide) == law.near(at, wide)
    assert again.equal(at) == law.equal(at)


def test_digits_are_those_that_are_written() -> None:
    texts = ["0.1", "12.50", "3", "1e-7", "0.333333333", "400", "-2.75"]
    assert decimals(np.array([float(t) for t in texts])).tolist() == [1, 1, 0, 7, 9, -2, 2]


def test_short_records_are_rare_until_they_are_many() -> None:
    real = np.random.default_rng(2).normal(size=(400, 3))
    common = np.zeros((1, 3), dtype=bool)
    law = DigitLaw.fit(few(real, np.zeros(real.shape, dtype=bool)))
    rank = int(law.ranks(law.sums(few(np.array([[0.5, 1.25, 2.0]]), common)))[0])
    top = len(law.odd) - 1
    assert rank == top
    assert law.rarity(rank) == law.least == pytest.approx(1 / 401)
    since = np.zeros_like(law.odd)
    since[top] = 20
    assert law.rarity(rank, seen=100, odd=since) == pytest.approx(21 / 501)
    since[top] = 90
    assert law.rarity(rank, seen=100, odd=since) == 1.0
    since[top], since[top - 1] = 0, 90  # less odd than it
    assert law.rarity(rank, seen=100, odd=since) == pytest.approx(1 / 501)
    assert not law.is_common(0)
    law.seen, law.odd[top] = 1000, 900
    assert law.is_common(10)


def test_values_that_come_often_have_the_digits_that_they_have() -> None:
    """Of 0 yields among long ones a rounded yield would be no rarity, if they were counted."""
    yields = np.random.default_rng(3).normal(size=(400, 1))
    yields[:40] = 0.5
    law = DigitLaw.fit(few(yields, yields == 0.5))
    new = np.array([[0.25], [0.5]])
    ranks = law.ranks(law.sums(few(new, new == 0.5))).tolist()
    assert law.rarity(ranks[0]) == pytest.approx(1 / 401)
    assert ranks[1] == 0  # no odder than the others


def test_more_digits_than_real_ones_are_as_odd() -> None:
    real = np.random.default_rng(4).normal(size=(400, 2)).round(6)
    law = DigitLaw.fit(many(real, np.zeros(real.shape, dtype=bool)))
    new = np.array([[0.123456789, 0.25], [0.123456, 0.25]])
    ranks = law.ranks(law.sums(many(new, np.zeros(new.shape, dtype=bool)))).tolist()
    assert law.rarity(ranks[0]) == pytest.approx(1 / 401)
    assert ranks[1] == 0  # no odder than the others
