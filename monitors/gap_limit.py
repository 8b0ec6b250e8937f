"""The longest pause that a reference allows."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

_TOPS: Final = (5, 10, 25, 50)  # longest pauses from which the tail is read
_DOUBT: Final = 0.01
_LEAST: Final = 3.0  # times the longest pause: one that is hardly longer is not worth a word


def gap_limit(intervals: NDArray[np.float64], *, every: float) -> float:
    """The pause that is exceeded once in ``every`` records, or more seldom, in seconds.

    The tail beyond the k-th longest pause ``x_k`` of n is taken for a power law,
    ``P(X > x) = k / n (x / x_k)**(-1 / t)``. t is Hill's mean of ``log(x_i / x_k)``, at the upper
    end of its 99 % interval: ``2 k t / chi2(2 k)``, where half of ``chi2(2 k)`` is the gamma law of
    k. Of several k the one with the shortest limit is taken, so that nights form a tail of their
    own where there are enough of them. A limit is at least three times the longest pause.

    Args:
        intervals: Of the reference, in seconds.
        every: Records.

    Returns:
        Infinity where there are fewer than 30 pauses.

    References:
        Hill, "A simple general approach to inference about the tail of a distribution", Annals of
        Statistics 3 (1975).

    Example:
        >>> minutes = 60 * np.random.default_rng(0).uniform(4, 6, 500)
        >>> round(gap_limit(minutes, every=30_000) / 60)
        18
    """
    pauses = np.sort(intervals[intervals > 0])
    if len(pauses) < 30:
        return math.inf
    limits = []
    for k in _TOPS:
        if 2 * k > len(pauses):
            break
        logs = np.log(pauses[-k - 1 :])
        tail = float((logs[1:] - logs[0]).mean()) * k / float(gammaincinv(k, _DOUBT))
        power = tail * math.log(max(1.0, k * every / len(intervals)))
        limits.append(float(logs[0]) + power)
    longest = math.log(_LEAST * pauses[-1])
    return math.exp(min(700.0, max(longest, min(limits, default=math.inf))))
