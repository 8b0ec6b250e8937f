"""Differential privacy: the accounting by its formulas, the noise, what one row can move."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from halflife.generators import Private, UnsuitableRows
from halflife.generators.privacy_budget import HISTOGRAM_SENSITIVITY, PrivacyBudget, on_simplex
from halflife.generators.private_coding import PrivateCoding
from halflife.generators.zcdp import delta_of, gaussian_scale, rho_of, selection_epsilon
from halflife.schemas.table import Block, Column, EquationLaw, Kind, Role, SumLaw, Table

TABLE = Table(
    (
        Column(name="a", role=Role.SET_POINT, minimum=0, maximum=1),
        Column(name="b", role=Role.SET_POINT, minimum=0, maximum=1),
        Column(name="c", role=Role.SET_POINT, minimum=0, maximum=1),
        Column(name="amount", minimum=0, maximum=20),
        Column(name="who", kind=Kind.CATEGORY),
        Column(name="rate", role=Role.DERIVED),
    ),
    (SumLaw(("a", "b", "c"), equals=1.0), EquationLaw("rate = amount / (1 + a)", tolerance=0.05)),
)


def rows_of(rows: int, seed: int = 0) -> Block:
    random = np.random.default_rng(seed)
    parts = random.multinomial(20, [0.4, 0.35, 0.25], size=rows) / 20
    amount = np.clip(10 * parts[:, 0] + random.normal(0, 1, rows), 0, 20)
    rate = amount / (1 + parts[:, 0]) * np.exp(0.03 * random.standard_normal(rows))
    who = random.choice(np.array(["ann", "bo"], dtype=object), rows)
    return Block(TABLE, np.column_stack([parts, amount, rate]), who[:, None])


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 5.0])
@pytest.mark.parametrize("delta", [1e-5, 1e-9])
def test_the_conversion_lies_between_the_exact_one_of_a_gaussian_and_the_simple_bound(
    epsilon: float, delta: float
) -> None:
    rho = rho_of(epsilon, delta)
    # Bun and Steinke, proposition 1.3: rho + 2 sqrt(rho log(1/delta)) is enough, and not as tight.
    simple = (math.sqrt(math.log(1 / delta) + epsilon) - math.sqrt(math.log(1 / delta))) ** 2
    assert simple < rho < 2.1 * simple
    # Balle and Wang, ICML 2018, theorem 8: what one Gaussian answer of this rho really leaks.
    sigma = gaussian_scale(rho, 1.0)
    exact = stats.norm.cdf(0.5 / sigma - epsilon * sigma) - math.exp(epsilon) * stats.norm.cdf(
        -0.5 / sigma - epsilon * sigma
    )
    assert exact < delta_of(rho, epsilon) <= delta
    assert delta_of(1.001 * rho, epsilon) > delta


def test_scales_are_those_of_the_formulas() -> None:
    assert gaussian_scale(0.02, HISTOGRAM_SENSITIVITY) == pytest.approx(math.sqrt(2 / 0.04))
    assert selection_epsilon(0.02) == pytest.approx(0.4)
    for epsilon, delta in ((0.0, 1e-5), (1.0, 0.0), (1.0, 1.0), (math.inf, 1e-5), (math.nan, 0.1)):
        with pytest.raises(ValueError, match="are due"):
            rho_of(epsilon, delta)


def test_noise_is_normal_with_exactly_the_scale_that_is_paid() -> None:
    budget = PrivacyBudget(1.0, 1e-5, np.random.default_rng(1))
    noise = budget.counts(np.zeros(20_000), 0.01)
    scale = math.sqrt(2.0 / 0.02)
    low, high = stats.chi2.ppf([1e-4, 1 - 1e-4], 20_000)
    assert low < (noise**2).sum() / scale**2 < high
    assert stats.kstest(noise / scale, "norm").pvalue > 1e-4


def test_the_choice_follows_the_exponential_mechanism() -> None:
    rho, scores = 1e-4, np.array([0.0, 60.0, 120.0])
    random = np.random.default_rng(2)
    budget = PrivacyBudget(100.0, 1e-5, random)
    found = np.bincount([budget.choice(scores, rho) for _ in range(6000)], minlength=3)
    weights = np.exp(math.sqrt(8 * rho) * scores / (2 * 2))
    assert stats.chisquare(found, 6000 * weights / weights.sum()).pvalue > 1e-4


def test_a_level_of_one_row_is_named_with_a_chance_of_delta() -> None:
    delta, levels = 0.05, 20_000
    budget = PrivacyBudget(1.0, 0.2, np.random.default_rng(3))
    named = int(budget.common(np.ones(levels), 0.01, delta).sum())
    assert stats.binomtest(named, levels, delta).pvalue > 1e-4


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 29), st.integers(0, 2**31), st.booleans())
def test_a_row_moves_counts_and_scores_by_no_more_than_is_paid_for(
    place: int, seed: int, missing: bool
) -> None:
    rows, other = rows_of(30), rows_of(30, seed=seed)
    if missing:
        other.numbers[place, [0, 3]] = np.nan
        other.texts[place, 0] = None
    neighbour = Block(TABLE, rows.numbers.copy(), rows.texts.copy())
    neighbour.numbers[place], neighbour.texts[place] = other.numbers[place], other.texts[place]
    model = Private(TABLE, epsilon=100.0)
    model.fit(rows, seed=0)
    coding = PrivateCoding(TABLE)
    pair = coding.encode(rows), coding.encode(neighbour)
    codes = [
        [
            column.codes(block.text(column.name) if not column.edges.size else latents[column.name])
            for column in model._columns
        ]
        for latents, block in zip(pair, (rows, neighbour), strict=True)
    ]
    # Each row is encoded by itself: no other one has moved.
    for column, before, after in zip(model._columns, *codes, strict=True):
        assert np.flatnonzero(before != after).tolist() in ([], [place])
        counts = [np.bincount(c, minlength=column.bins) for c in (before, after)]
        assert np.linalg.norm(counts[0] - counts[1]) <= HISTOGRAM_SENSITIVITY
    one, two = model._columns[:2]
    joint = [
        np.bincount(
            one.groups[c[0]] * two.coarse + two.groups[c[1]], minlength=one.coarse * two.coarse
        )
        for c in codes
    ]
    apart = 30 * np.outer(one.coarse_shares, two.coarse_shares).ravel()
    scores = [np.abs(j - apart).sum() for j in joint]
    assert abs(scores[0] - scores[1]) <= 2.0 + 1e-9


def test_all_of_the_budget_is_spent_and_no_more() -> None:
    model = Private(TABLE, epsilon=2.0, delta=1e-6)
    assert model.spent == 0.0
    model.fit(rows_of(2000), seed=0)
    assert model.spent == pytest.approx(rho_of(2.0, 5e-7), rel=1e-9)
    budget = PrivacyBudget(1.0, 1e-5, np.random.default_rng(0))
    with pytest.raises(ValueError, match="more rho"):
        budget.counts(np.zeros(2), 1.001 * budget.total)
    with pytest.raises(ValueError, match="more delta"):
        budget.common(np.ones(2), 1e-6, 1.001e-5 / 2)


def test_a_larger_epsilon_comes_nearer_to_the_real_rows() -> None:
    real = rows_of(1000)
    apart = []
    for epsilon in (0.03, 1.0, 30.0):
        gaps = []
        for seed in range(4):
            model = Private(TABLE, epsilon=epsilon)
            model.fit(real, seed=seed)
            made = model.sample(2000, seed=seed)
            gaps.append(stats.ks_2samp(made.number("amount"), real.number("amount")).statistic)
            assert made.violations(TABLE.laws[0]) == 0
        apart.append(float(np.mean(gaps)))
    assert apart[0] > apart[1] > apart[2]
    assert apart[2] < 0.05
    expected = real.violations(TABLE.laws[1]) / len(real)
    assert made.violations(TABLE.laws[1]) / len(made) == pytest.approx(expected, abs=0.05)
    link = np.corrcoef(made.number("a"), made.number("amount"))[0, 1]
    assert link == pytest.approx(
        np.corrcoef(real.number("a"), real.number("amount"))[0, 1], abs=0.15
    )


def test_a_level_and_an_extreme_of_one_row_do_not_come_out() -> None:
    real = rows_of(500)
    real.texts[7, 0] = "eve"
    for seed in range(20):
        model = Private(TABLE, epsilon=1.0)
        model.fit(real, seed=seed)
        assert "eve" not in set(model.sample(256, seed=seed).text("who"))


def test_bounds_that_nobody_declares_are_found_or_asked_for() -> None:
    table = Table((Column(name="x"),))
    x = np.random.default_rng(0).uniform(-3.0, 90.0, 2000)
    rows = Block(table, x[:, None], np.empty((2000, 0), dtype=object))
    model = Private(table, epsilon=2.0)
    model.fit(rows, seed=0)
    made = model.sample(4000, seed=0).number("x")
    # Powers of two around the rows; those that hold few rows may stay under the noise.
    assert -4.0 <= np.nanmin(made) <= 8.0
    assert 64.0 <= np.nanmax(made) <= 128.0
    few = Private(table, epsilon=0.01)
    with pytest.raises(UnsuitableRows, match="'x' has no min and max in the lab file, and 40 rows"):
        few.fit(rows[:40], seed=0)


def test_a_sum_that_no_row_can_keep_is_refused() -> None:
    columns = tuple(Column(name=name, minimum=0, maximum=0.3) for name in "abc")
    with pytest.raises(UnsuitableRows, match=r"add up to 0 at least and 0\.9 at most"):
        Private(Table(columns, (SumLaw(("a", "b", "c"), equals=1.0),)))


@given(st.lists(st.floats(-50, 200), min_size=1, max_size=30))
def test_the_simplex_is_reached(noisy: list[float]) -> None:
    shares = on_simplex(np.array(noisy))
    assert shares.min() >= 0.0
    assert shares.sum() == pytest.approx(1.0)
