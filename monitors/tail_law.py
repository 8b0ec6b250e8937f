"""How far beyond a reference values may lie while nothing has changed."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_SHARE: Final = 0.2  # of a reference: its largest values, to which a law is fitted
_FEWEST: Final = 200  # of these, and half as many different ones
_SURE: Final = 3.0  # standard errors that the index is taken to be higher than it is found
_MOST: Final = 0.9  # index; from 1 on a law has no mean


def tail_quantiles(ordered: FloatArray, probabilities: FloatArray) -> FloatArray | None:
    r"""Values that are exceeded so seldom that no reference shows it, or less seldom than said.

    A generalised Pareto law, :math:`P(X > x) = (k / n) (1 + \xi (x - u) / \sigma)^{-1 / \xi}`, of
    the k = n / 10 values above the threshold u, by probability-weighted moments. The index
    :math:`\xi` is then taken three of its standard errors higher, so that tails are thought
    heavier than they look, the more so the fewer the values: what is called rare is rare. Where
    the largest value lies beyond what this law says, the law begins anew from there.

    Args:
        ordered: A reference, ascending, shape (n,).
        probabilities: Of being exceeded, falling, below ``1 / n``.

    Returns:
        A value to each probability, rising from beyond the largest; None where the largest values
        are few or tied, and say nothing about what lies beyond.

    References:
        Hosking and Wallis, "Parameter and quantile estimation for the generalized Pareto
        distribution", Technometrics 29 (1987), equations 6 and 8 and table 1.

    Example:
        >>> law = tail_quantiles(np.sort(np.random.default_rng(0).exponential(size=5000)),
        ...                      np.array([1e-4, 1e-6]))
        >>> bool(9.2 < law[0] < 14 and 13.8 < law[1] < 30)
        True
        >>> tail_quantiles(np.repeat([1.0, 2.0], 500), np.array([1e-4])) is None
        True
    """
    n = len(ordered)
    k = int(_SHARE * n)
    if k < _FEWEST or len(np.unique(ordered[n - k :])) < k // 2:
        return None
    threshold = 0.5 * ordered[n - k - 1] + 0.5 * ordered[n - k]
    with np.errstate(over="ignore"):
        excess = ordered[n - k :] - threshold
        mean = float(excess.mean())
    if not 0.0 < mean < math.inf:
        return None
    index = min(_upper_index(excess, mean), _MOST)
    scale = mean * (1.0 - index)
    largest = float(_survival(np.array([excess[-1]]), index, scale)[0]) * k / n
    # The law at the probabilities, or from the largest value on, whichever lies farther out.
    seldom = np.minimum(probabilities, largest * probabilities * (n + 1.0))
    values = threshold + _excess(np.maximum(seldom * n / k, 1e-300), index, scale)
    least = np.nextafter(ordered[-1], np.inf)
    values = np.maximum.accumulate(np.maximum(values, least))
    return values if np.isfinite(values).all() and (np.diff(values) > 0).all() else None


def _upper_index(excess: FloatArray, mean: float) -> float:
    """The index of a law of these ascending excesses, and what it may err by."""
    k = len(excess)
    above = 1.0 - (np.arange(1, k + 1) - 0.35) / k
    index = 2.0 - mean / (mean - 2.0 * float((above * excess).mean()))
    at = float(np.clip(index, -0.5, 0.4))  # where the variance is a number
    variance = (1.0 - at) * (2.0 - at) ** 2 * (1.0 - at + 2.0 * at * at)
    variance /= (1.0 - 2.0 * at) * (3.0 - 2.0 * at)
    return index + _SURE * math.sqrt(variance / k)


def _survival(excess: FloatArray, index: float, scale: float) -> FloatArray:
    """``P(X - u > x)``."""
    if abs(index) < 1e-6:
        return np.asarray(np.exp(-excess / scale))
    inside = np.maximum(1.0 + index * excess / scale, 1e-300)
    return np.asarray(np.exp(np.clip(-np.log(inside) / index, -600.0, 0.0)))


def _excess(survival: FloatArray, index: float, scale: float) -> FloatArray:
    """The inverse of `_survival`."""
    if abs(index) < 1e-6:
        return np.asarray(-scale * np.log(survival))
    with np.errstate(over="ignore"):
        return np.asarray(scale * np.expm1(-index * np.log(survival)) / index)
