"""How far along each feature an answer stays like itself, told by the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

from halflife.schemas.table import FloatArray

_ROOT_5: Final = 5.0**0.5
_MOST_STEPS: Final = 40
_FIRST_NOISE: Final = 0.2
_LENGTHS: Final = (-2.5, 6.0)
_SIGNAL: Final = (-4.0, 4.0)
_NOISE: Final = (-7.0, 0.7)
"""Least and greatest logarithms; scores have a variance of 1."""
_LENGTH_VARIANCE: Final = 3.0
_BY_CHANCE: Final = (3.0, 0.5)
"""Gain that noise alone reaches: at least, and for each feature."""


@dataclass(frozen=True)
class LengthScales:
    r"""Lengths, signal and noise of a Gaussian process, at the maximum of their posterior.

    Scores are :math:`f(x) + e` with :math:`\mathrm{cov}(f(x), f(x')) = s\,k(r)`,
    :math:`r^2 = \sum_j (x_j - x'_j)^2 / l_j^2`, k the Matern kernel of order 5/2 (`matern`) and
    :math:`e \sim N(0, v)`. What is maximised over the logarithms of l, s and v is

    .. math:: -y^T K^{-1} y / 2 - \log |K| / 2
              - \sum_j (\log l_j - \sqrt 2 - \tfrac12 \log p)^2 / 6,
              \qquad K = s\,k + v I.

    A feature that tells nothing gets a great length. The prior makes them the longer the more
    features there are, so that 30 rows with 30 features are not fitted by chance.

    Args:
        lengths: Of each feature, shape (p,).
        signal: s, the variance of what follows the features.
        noise: v, the variance of what does not.
        gain: Of the logarithm of the posterior over that of noise alone.

    Example:
        >>> x = np.random.default_rng(0).normal(size=(60, 2))
        >>> found = LengthScales.of(x, np.sin(2 * x[:, 0]))
        >>> bool(found.lengths[1] > 5 * found.lengths[0]), found.noise < .01
        (True, True)

    Reference: C. Rasmussen, C. Williams, "Gaussian Processes for Machine Learning" (2006),
    equations 2.30, 4.17, 5.9; the prior: C. Hvarfner, E. Hellsten, L. Nardi, "Vanilla Bayesian
    Optimization Performs Great in High Dimensions", ICML 2024.
    """

    lengths: FloatArray
    signal: float
    noise: float
    gain: float

    @property
    def by_chance(self) -> bool:
        """Whether noise alone gains as much: of 20 to 200 rows less than once in a hundred more.

        That was simulated with 1 to 80 features; it needs hardly over half of what the criterion
        of Akaike asks, because the prior does the rest.
        """
        at_least, each = _BY_CHANCE
        return self.gain < at_least + each * len(self.lengths)

    @classmethod
    def of(cls, rows: FloatArray, scores: FloatArray) -> Self:
        """From features of a spread of about 1, (n, p), and scores of mean 0 and spread 1, (n,)."""
        features = rows.shape[1]
        start = np.full(features + 2, 0.5 * np.log(features))
        start[-2:] = 0.0, np.log(_FIRST_NOISE)
        found = minimize(
            loss,
            start,
            args=(rows, scores),
            jac=True,
            method="L-BFGS-B",
            bounds=[_LENGTHS] * features + [_SIGNAL, _NOISE],
            options={"maxiter": _MOST_STEPS},
        )
        *lengths, signal, noise = np.exp(found.x).tolist()
        alone = 0.5 * len(scores) * (1.0 + np.log(np.mean(scores**2)))
        return cls(np.array(lengths), signal, noise, float(alone - found.fun))


def matern(apart: FloatArray) -> FloatArray:
    r"""The Matern kernel of order 5/2, :math:`(1 + t + t^2 / 3) e^{-t}` with :math:`t = \sqrt 5 r`.

    Args:
        apart: Distances r, of any shape.

    Example:
        >>> matern(np.array([0.0, 1.0])).round(3)
        array([1.   , 0.524])
    """
    reach = _ROOT_5 * apart
    return np.asarray((1.0 + reach + reach**2 / 3.0) * np.exp(-reach))


def loss(logs: FloatArray, rows: FloatArray, scores: FloatArray) -> tuple[float, FloatArray]:
    """Minus the logarithm of the posterior, but for a constant, and its gradient.

    Args:
        logs: Logarithms of the lengths, the signal and the noise, shape (p + 2,).
        rows: Features, shape (n, p).
        scores: Shape (n,).
    """
    features = rows.shape[1]
    signal, noise = np.exp(logs[features:])
    scaled = rows / np.exp(logs[:features])
    squares = (scaled**2).sum(axis=1)
    apart = np.sqrt(np.maximum(squares[:, None] + squares - 2.0 * scaled @ scaled.T, 0.0))
    covariance = signal * matern(apart)
    covariance.flat[:: len(rows) + 1] += noise
    factor = cho_factor(covariance, lower=True)
    weights = cho_solve(factor, scores)
    value = 0.5 * scores @ weights + np.log(np.diag(factor[0])).sum()
    # Half the trace of (K^-1 - w w^T) dK, of which dK / dlog l_j is a product with squared gaps.
    pull = 0.5 * (cho_solve(factor, np.eye(len(rows))) - np.outer(weights, weights))
    gaps = pull * signal * (5.0 / 3.0) * (1.0 + _ROOT_5 * apart) * np.exp(-_ROOT_5 * apart)
    of_noise = noise * np.trace(pull)
    of_lengths = 2.0 * (gaps.sum(axis=1) @ scaled**2 - (scaled * (gaps @ scaled)).sum(axis=0))
    beyond = logs[:features] - 2.0**0.5 - 0.5 * np.log(features)
    value += 0.5 * beyond @ beyond / _LENGTH_VARIANCE
    of_lengths += beyond / _LENGTH_VARIANCE
    return float(value), np.array([*of_lengths, (pull * covariance).sum() - of_noise, of_noise])
