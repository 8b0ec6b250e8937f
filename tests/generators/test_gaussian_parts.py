"""Gaussians within limits, against moments that are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest, norm

from halflife.generators.gaussian_parts import GaussianParts

ROWS = 20_000


def pair(rho: float) -> GaussianParts:
    return GaussianParts(np.ones(1), np.zeros((1, 2)), np.array([[[1, rho], [rho, 1]]]))


@pytest.mark.parametrize("rho", [-0.8, 0.5])
def test_one_limit_gives_the_truncated_regression(rho: float) -> None:
    z, _ = pair(rho).draw_within({0: np.array([[1.0, np.inf]])}, np.random.default_rng(0), ROWS)
    assert z[:, 0].min() >= 1
    # E[y | x > 1] = rho phi(1) / (1 - Phi(1)); the spread of y is at most 1.
    assert z[:, 1].mean() == pytest.approx(rho * norm.pdf(1) / norm.sf(1), abs=4 / np.sqrt(ROWS))


@pytest.mark.parametrize("rho", [-0.7, 0.0, 0.9])
def test_two_limits_give_the_moments_of_a_quadrant(rho: float) -> None:
    above = np.array([[0.0, np.inf]])
    z, _ = pair(rho).draw_within({0: above, 1: above}, np.random.default_rng(1), ROWS)
    # E[x | x > 0, y > 0] = (1 + rho) / (2 sqrt(2 pi) P), P = 1/4 + asin(rho) / (2 pi).
    chance = 0.25 + np.arcsin(rho) / (2 * np.pi)
    expected = (1 + rho) / (2 * np.sqrt(2 * np.pi) * chance)
    assert z.min() >= 0
    # Resampled rows are fewer in effect: four times the variance is allowed for.
    assert z[:, 0].mean() == pytest.approx(expected, abs=4 * 2 * 0.6 / np.sqrt(ROWS))
    assert z[:, 1].mean() == pytest.approx(expected, abs=4 * 2 * 0.6 / np.sqrt(ROWS))


def test_intervals_are_taken_by_their_mass() -> None:
    intervals = np.array([[-np.inf, -1.0], [0.0, 0.5], [2.0, np.inf]])
    z, _ = pair(0.3).draw_within({1: intervals}, np.random.default_rng(2), ROWS)
    mass = norm.cdf(intervals[:, 1]) - norm.cdf(intervals[:, 0])
    for (low, high), expected in zip(intervals, mass / mass.sum(), strict=True):
        share = np.mean((z[:, 1] >= low) & (z[:, 1] <= high))
        assert share == pytest.approx(expected, abs=4 * 0.5 / np.sqrt(ROWS))


def test_far_in_the_tail_digits_are_kept() -> None:
    limits = {0: np.array([[30.0, 30.0 + 1e-6]]), 1: np.array([[-np.inf, -20.0]])}
    z, _ = pair(0.0).draw_within(limits, np.random.default_rng(3), 1000)
    assert np.isfinite(z).all()
    # Beyond a far limit c a normal law goes on as an exponential one with mean 1 / c.
    assert (-20 - z[:, 1]).mean() == pytest.approx(1 / 20, rel=0.2)


def test_the_part_is_drawn_with_its_posterior_odds() -> None:
    parts = GaussianParts(
        np.array([0.3, 0.7]),
        np.array([[-1.0, 5.0], [2.0, -5.0]]),
        np.array([np.eye(2), 0.25 * np.eye(2)]),
    )
    point = np.array([[0.5, 0.5 + 1e-6]])
    z, part = parts.draw_within({0: point}, np.random.default_rng(4), ROWS)
    odds = np.array([0.3 * norm.pdf(0.5, -1, 1), 0.7 * norm.pdf(0.5, 2, 0.5)])
    expected = odds[0] / odds.sum()
    assert np.mean(part == 0) == pytest.approx(expected, abs=4 * 0.5 / np.sqrt(ROWS))
    mean = 5 * expected - 5 * (1 - expected)
    assert z[:, 1].mean() == pytest.approx(mean, abs=4 * 5.1 / np.sqrt(ROWS))


def test_its_own_margins_make_normal_scores() -> None:
    parts = GaussianParts(
        np.array([0.2, 0.8]), np.array([[-3.0], [1.0]]), np.array([[[0.5]], [[2.0]]])
    )
    z, _ = parts.draw(np.random.default_rng(5), 5000)
    scores = parts.to_scores(z)
    assert kstest(scores[:, 0], norm.cdf).pvalue > 0.01
    for place in (0, 1, 2):
        assert parts.from_score(scores[place, 0], 0) == pytest.approx(z[place, 0], abs=1e-9)
    assert parts.from_score(np.inf, 0) == np.inf


def test_limits_without_any_chance_give_no_rows() -> None:
    z, part = pair(0.0).draw_within({0: np.array([[1e200, 2e200]])}, np.random.default_rng(6), 10)
    assert len(z) == len(part) == 0
