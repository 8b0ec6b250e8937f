"""The Gaussian copula: margins and correlations, free and under conditions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp, norm, spearmanr

from halflife.generators import Copula, Where
from halflife.schemas.table import Block, Column, Kind, Role, Table


def fitted(block: Block) -> Copula:
    copula = Copula(block.table)
    copula.fit(block, seed=0)
    return copula


def numbers(cells: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> Block:
    table = Table(tuple(Column(name=f"x{j}") for j in range(cells.shape[1])))
    return Block(table, cells, np.empty((len(cells), 0), dtype=object))


@pytest.mark.parametrize("rho", [-0.8, 0.4])
def test_rank_correlation_and_margins_are_those_of_the_rows(rho: float) -> None:
    random = np.random.default_rng(0)
    z = random.multivariate_normal([0, 0], [[1, rho], [rho, 1]], 4000)
    real = numbers(np.column_stack([np.exp(z[:, 0]), z[:, 1] ** 3]))
    made = fitted(real).sample(4000, seed=1)
    # Spearman's of a Gaussian copula (Kruskal 1958), seen twice with a standard error of 1/sqrt(n).
    expected = 6 / np.pi * np.arcsin(rho / 2)
    found = spearmanr(made.number("x0"), made.number("x1")).statistic
    assert found == pytest.approx(expected, abs=4 * np.sqrt(2 / 4000))
    for name in ("x0", "x1"):
        assert ks_2samp(made.number(name), real.number(name)).pvalue > 0.01


def test_steps_correlate_as_in_the_rows() -> None:
    random = np.random.default_rng(1)
    z = random.multivariate_normal([0, 0], [[1, 0.7], [0.7, 1]], 4000)
    real = numbers(np.column_stack([np.clip(np.rint(z[:, 0]), -1, 1), (z[:, 1] > 1) * 1.0]))
    made = fitted(real).sample(4000, seed=1)
    expected, found = (np.corrcoef(one.numbers.T)[0, 1] for one in (real, made))
    assert found == pytest.approx(expected, abs=4 * np.sqrt(2 / 4000))


def test_levels_are_ordered_by_what_goes_with_them() -> None:
    random = np.random.default_rng(2)
    who = random.choice(np.array(["b", "c", "a", "d"], dtype=object), 2000, p=[0.4, 0.3, 0.2, 0.1])
    place = {"b": 3.0, "c": 0.0, "a": 1.0, "d": 2.0}
    y = np.array([place[one] for one in who]) + 0.1 * random.normal(size=2000)
    table = Table((Column(name="who", kind=Kind.CATEGORY), Column(name="y")))
    made = fitted(Block(table, y[:, None], who[:, None])).sample(4000, seed=0)
    for level, mean in place.items():
        here = made.text("who") == level
        assert here.mean() == pytest.approx((who == level).mean(), abs=0.03)
        assert np.median(made.number("y")[here]) == pytest.approx(mean, abs=0.3)


def test_a_condition_gives_the_conditional_gaussian() -> None:
    random = np.random.default_rng(3)
    z = random.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], 4000)
    block = numbers(z)
    where = Where.of({"x0": 1.0}, block.table)
    made = fitted(block).sample(2000, seed=0, where=where)
    assert (made.number("x0") == 1).all()
    # y given x = 1 is normal with mean .8 and spread .6; the quantiles are those of 4,000 rows.
    assert made.number("x1").mean() == pytest.approx(0.8, abs=0.08)
    assert made.number("x1").std() == pytest.approx(0.6, abs=0.05)


def test_conditions_give_what_rejection_gives_and_sooner() -> None:
    random = np.random.default_rng(4)
    z = random.multivariate_normal(np.zeros(3), 0.5 * np.eye(3) + 0.5, 2000)
    z[random.random(2000) < 0.3, 2] = np.nan
    who = np.where(z[:, 0] + random.normal(size=2000) > 0, "high", "low").astype(object)
    names = [Column(name=f"x{j}", role=Role.SET_POINT) for j in range(3)]
    table = Table((*names, Column(name="who", kind=Kind.CATEGORY)))
    copula = fitted(Block(table, z, who[:, None]))
    where = Where.parse("x1 >= 0.5, who = low, x2 < 1", table)
    made = copula.sample(4000, seed=0, where=where)
    free = copula.sample(60_000, seed=1)
    kept = free[where.met(free)]
    assert len(kept) > 2000
    for name in ("x0", "x1", "x2"):
        assert ks_2samp(made.number(name), kept.number(name)).pvalue > 0.001


def test_rows_are_missing_together_where_the_real_ones_are() -> None:
    random = np.random.default_rng(5)
    x = random.normal(size=3000)
    gap = random.random(3000) < norm.cdf(x)
    y = np.where(gap, np.nan, random.normal(size=3000))
    made = fitted(numbers(np.column_stack([x, y]))).sample(3000, seed=0)
    missing = np.isnan(made.number("x1"))
    # P(missing | x > 0) = 3/4 where P(missing | x) = Phi(x).
    assert missing[made.number("x0") > 0].mean() == pytest.approx(0.75, abs=0.04)
    assert missing[made.number("x0") < 0].mean() == pytest.approx(0.25, abs=0.04)


def test_columns_that_tell_nothing_take_nothing_from_the_others() -> None:
    x = np.random.default_rng(6).normal(size=500)
    nothing = [np.full(500, np.nan), np.full(500, 2.0)]
    made = fitted(numbers(np.column_stack([x, x, *nothing]))).sample(1000, seed=0)
    assert np.corrcoef(made.numbers[:, :2].T)[0, 1] > 0.98
    assert np.isnan(made.number("x2")).all()
    assert (made.number("x3") == 2).all()
