"""Length scales of a Gaussian process, beside another's and by differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from halflife.generators.length_scales import LengthScales, loss


def _case(seed: int, rows: int = 25, features: int = 3) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, features))
    scores = np.sin(x[:, 0]) + 0.1 * random.normal(size=rows)
    return x, (scores - scores.mean()) / scores.std()


@given(logs=st.lists(st.floats(-1.5, 2.0), min_size=5, max_size=5), seed=st.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_the_gradient_is_that_of_the_loss(logs: list[float], seed: int) -> None:
    x, scores = _case(seed)
    at = np.array(logs)
    by_differences = approx_fprime(at, lambda z: loss(z, x, scores)[0], 1e-6)
    told = loss(at, x, scores)[1]
    np.testing.assert_allclose(told, by_differences, rtol=1e-3, atol=1e-3)


def test_the_likelihood_is_that_of_scikit_learn() -> None:
    x, scores = _case(0)
    lengths, signal, noise = np.array([0.7, 1.5, 4.0]), 1.3, 0.2
    kernel = ConstantKernel(signal) * Matern(lengths, nu=2.5) + WhiteKernel(noise)
    theirs = GaussianProcessRegressor(kernel, optimizer=None, alpha=0.0).fit(x, scores)
    ours, _ = loss(np.log([*lengths, signal, noise]), x, scores)
    prior = np.sum((np.log(lengths) - np.sqrt(2) - np.log(3) / 2) ** 2) / 6
    constant = len(x) / 2 * np.log(2 * np.pi)
    expected = -theirs.log_marginal_likelihood_value_ - constant + prior
    assert ours == pytest.approx(expected, rel=1e-9)


def test_noise_and_the_feature_that_tells_are_found() -> None:
    random = np.random.default_rng(1)
    x = random.normal(size=(200, 4))
    told = np.sin(2.0 * x[:, 2])
    scores = told / told.std() * np.sqrt(0.7) + random.normal(size=200) * np.sqrt(0.3)
    found = LengthScales.of(x, scores - scores.mean())
    # A variance of 200 normal values is known to sqrt(2 / 200), a tenth of it.
    assert found.noise == pytest.approx(0.3, rel=0.35)
    assert np.argmin(found.lengths) == 2
    assert np.delete(found.lengths, 2).min() > 3 * found.lengths[2]


def test_noise_gains_by_chance_and_a_signal_does_not() -> None:
    noise = signal = 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        x = random.normal(size=(40, (1, 3, 10, 30)[seed % 4]))
        scores = random.normal(size=40)
        noise += LengthScales.of(x, scores - scores.mean()).by_chance
        scores += 2.0 * x[:, 0]  # four fifths of the variance
        signal += LengthScales.of(x, scores - scores.mean()).by_chance
    # Of 40 with a chance of 1 in 100 more than 3 fail once in 2,000 runs.
    assert noise >= 37
    assert signal <= 3


def test_the_gain_is_that_over_noise_alone() -> None:
    x, scores = _case(2)
    found = LengthScales.of(x, scores)
    at, _ = loss(np.log([*found.lengths, found.signal, found.noise]), x, scores)
    # Of n scores of variance 1, minus the logarithm of their density is n / 2 (1 + log 2 pi).
    assert found.gain == pytest.approx(len(x) / 2 - at, rel=1e-6)


@pytest.mark.parametrize(
    "x",
    [
        np.zeros((30, 2)),
        np.repeat(np.arange(5.0), 6)[:, None],
        np.random.default_rng(0).normal(size=(20, 200)),
    ],
    ids=["constant", "replicates", "more features than rows"],
)
def test_odd_features_give_finite_scales(x: np.ndarray) -> None:
    scores = np.random.default_rng(0).normal(size=len(x))
    found = LengthScales.of(x, scores - scores.mean())
    assert np.isfinite([*found.lengths, found.signal, found.noise]).all()
    assert found.lengths.min() > 0 < found.noise
