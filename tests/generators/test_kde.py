"""Kernel density estimation: its bandwidths, its margins, and what follows from a condition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr
from scipy.stats import kstest, norm

from halflife.generators import KDE, Where
from halflife.generators.bandwidth import LeaveOneOut, fitted_widths
from halflife.generators.number_scores import NumberScores
from halflife.generators.product_kernel import ProductKernel
from halflife.schemas.table import Block, Column, Kind, Table


def likelihood_of(z: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> LeaveOneOut:
    numbers = [NumberScores.of(column) for column in z.T]
    centres = np.column_stack([n.means(c) for n, c in zip(numbers, z.T, strict=True)])
    codes = np.empty((len(z), 0), dtype=np.int64)
    return LeaveOneOut(numbers, centres, codes, (), np.random.default_rng(1))


def test_the_likelihood_is_the_mean_log_ratio_of_kernels_to_margins() -> None:
    z = np.random.default_rng(0).normal(size=(60, 2))
    likelihood = likelihood_of(z)
    h = np.array([0.3, 0.6])
    scores = np.column_stack([NumberScores.of(column).means(column) for column in z.T])
    found = []
    centre = scores * np.sqrt(1 - h**2)
    for i in range(60):
        others = np.delete(centre, i, axis=0)
        ratio = norm.pdf(scores[i], others, h) / norm.pdf(scores[i])
        found.append(np.log(ratio.prod(axis=1).mean()))
    assert likelihood(h) == pytest.approx(np.mean(found), abs=1e-4)


def test_free_columns_are_found_to_be_free() -> None:
    random = np.random.default_rng(0)
    likelihood = likelihood_of(random.normal(size=(400, 2)))
    widths = fitted_widths(likelihood, 400, 30, random)
    # Nothing is gained over independence, where the likelihood is 0.
    assert likelihood(widths) < 0.05
    assert widths.max() > 0.5


def test_the_search_does_as_well_as_a_grid_and_narrows_with_more_rows() -> None:
    random = np.random.default_rng(2)
    z = random.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], 1500)
    found = []
    for rows in (100, 1500):
        likelihood = likelihood_of(z[:rows])
        widths = fitted_widths(likelihood, rows, 30, np.random.default_rng(0))
        grid = np.exp(np.linspace(np.log(0.02), 0, 12))
        best = max(likelihood(np.array([a, b])) for a in grid for b in grid)
        assert likelihood(widths) >= best - 0.005
        found.append(widths.prod())
    # Its information is -log(1 - rho**2) / 2 = .83; a kernel estimate falls short of it.
    assert 0.6 < likelihood(widths) < 0.9
    assert found[1] < found[0]


@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=2), st.integers(0, 50))
def test_whatever_the_width_the_margin_stays(widths: list[float], seed: int) -> None:
    random = np.random.default_rng(seed)
    z = norm.ppf((np.arange(2000) + 0.5) / 2000)
    code = np.arange(2000) % 4 // 3
    kernel = ProductKernel(z[:, None], code[:, None], np.array(widths), (np.array([0.75, 0.25]),))
    scores, codes = kernel.draw(random, 3000)
    assert kstest(scores[:, 0], norm.cdf).statistic < 2.2 / np.sqrt(3000)
    assert np.mean(codes == 1) == pytest.approx(0.25, abs=4.5 * np.sqrt(0.1875 / 3000))


def test_a_condition_weighs_the_rows_by_their_kernels() -> None:
    kernel = ProductKernel(
        np.array([[-1.0, 5.0], [1.0, -5.0]]),
        np.array([[0], [1]]),
        np.array([0.8, 0.1, 0.2]),
        (np.array([0.5, 0.5]),),
    )
    limits = {0: np.array([[0.5, 1.5]])}
    scores, codes = kernel.draw_within(
        limits, {0: np.array([True, False])}, np.random.default_rng(0), 20_000
    )
    centres = np.array([-0.6, 0.6])
    mass = ndtr((1.5 - centres) / 0.8) - ndtr((0.5 - centres) / 0.8)
    odds = mass * np.array([0.9, 0.1])  # a level stays with .8 and is met anew with .2 / 2
    assert np.mean(scores[:, 1] > 0) == pytest.approx(odds[0] / odds.sum(), abs=4 * 0.5 / 141)
    assert scores[:, 0].min() >= 0.5
    assert scores[:, 0].max() <= 1.5
    assert not codes.any()


def test_set_points_and_categories_stay_together() -> None:
    random = np.random.default_rng(3)
    x = random.choice([1.0, 2.0, 5.0, 9.0], 600)
    who = np.where(x > 3, "high", "low").astype(object)
    y = np.log(x) + 0.05 * random.normal(size=600)
    table = Table((Column(name="x"), Column(name="who", kind=Kind.CATEGORY), Column(name="y")))
    kde = KDE(table)
    kde.fit(Block(table, np.column_stack([x, y]), who[:, None]), seed=0)
    made = kde.sample(2000, seed=0)
    assert set(made.number("x")) == {1.0, 2.0, 5.0, 9.0}
    assert np.mean((made.number("x") > 3) == (made.text("who") == "high")) > 0.99
    # In ranks there are no gaps between the levels of y: some rows at their ends cross over.
    away = np.abs(made.number("y") - np.log(made.number("x")))
    assert np.quantile(away, 0.8) < 0.15
    where = Where.parse("x = 5, who = high", table)
    under = kde.sample(500, seed=0, where=where)
    assert where.met(under).all()
    assert np.median(under.number("y")) == pytest.approx(np.log(5), abs=0.03)


def test_options_that_mean_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="generations must be at least 1"):
        KDE(Table((Column(name="x"),)), generations=0)
