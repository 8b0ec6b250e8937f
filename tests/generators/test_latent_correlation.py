"""Correlations behind steps, against what is known of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri

from halflife.generators.latent_correlation import latent_correlation
from halflife.generators.number_scores import NumberScores


@pytest.mark.parametrize("rho", [-0.9, -0.3, 0.0, 0.5, 0.95])
def test_two_halves_give_the_tetrachoric_correlation(rho: float) -> None:
    # Both signs agree with probability 1/2 + asin(rho) / pi (Sheppard 1899).
    agree = round(20_000 * (0.5 + np.arcsin(rho) / np.pi))
    signs = np.ones((20_000, 2))
    signs[agree:, 1] = -1
    signs[::2] *= -1
    codes = signs * np.sqrt(2 / np.pi)
    found = latent_correlation(codes, [np.array([-np.inf, 0.0, np.inf])] * 2)
    assert found[0, 1] == pytest.approx(rho, abs=0.004)


@pytest.mark.parametrize("rho", [-0.6, 0.8])
@pytest.mark.parametrize("levels", [2, 3, 7])
def test_levels_beside_a_continuous_column(rho: float, levels: int) -> None:
    random = np.random.default_rng(levels)
    z = random.multivariate_normal([0, 0], [[1, rho], [rho, 1]], 10_000)
    edges = np.concatenate([[-np.inf], ndtri(np.arange(1, levels) / levels), [np.inf]])
    steps = NumberScores.of(np.searchsorted(edges, z[:, 0]).astype(float))
    scores = NumberScores.of(z[:, 1])
    means = [steps.means(np.searchsorted(edges, z[:, 0]).astype(float)), scores.means(z[:, 1])]
    found = latent_correlation(np.column_stack(means), [steps.edges, scores.edges])[0, 1]
    # Standard error below 1.5 / sqrt(n), as of a polyserial correlation of two halves.
    assert found == pytest.approx(rho, abs=4 * 1.5 / 100)


@given(st.integers(2, 8), st.integers(5, 40), st.integers(0, 1000))
def test_whatever_the_rows_the_matrix_is_a_correlation(width: int, rows: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    cells = random.integers(0, 3, (rows, width)).astype(float)
    cells[:, 0] = cells[:, -1]
    cells[random.random(cells.shape) < 0.2] = np.nan
    numbers = [NumberScores.of(column) for column in cells.T]
    means = [number.means(column) for number, column in zip(numbers, cells.T, strict=True)]
    found = latent_correlation(np.column_stack(means), [number.edges for number in numbers])
    np.testing.assert_allclose(np.diag(found), 1.0)
    np.testing.assert_array_equal(found, found.T)
    assert np.linalg.eigvalsh(found).min() > 1e-4


def test_few_rows_without_dependence_are_drawn_to_none() -> None:
    random = np.random.default_rng(0)
    cells = random.standard_normal((20, 10))
    numbers = [NumberScores.of(column) for column in cells.T]
    means = np.column_stack([n.means(c) for n, c in zip(numbers, cells.T, strict=True)])
    found = latent_correlation(means, [number.edges for number in numbers])
    off = ~np.eye(10, dtype=bool)
    raw = np.corrcoef(means.T)
    assert np.abs(found[off]).mean() < 0.25 * np.abs(raw[off]).mean()
