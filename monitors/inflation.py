"""What a monitor pays for records that depend on those before."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

_MOST: Final = 0.98  # lag-1 correlation beyond which the geometric sum below says nothing any more
_SURE: Final = 2.0  # standard errors


def inflation(scores: NDArray[np.float64], known: NDArray[np.bool_]) -> float:
    """Long-run variance ``(1 + r) / (1 - r)`` of a series with lag-1 correlation ``r``; at least 1.

    A correlation within two standard errors of none, or below, counts as none. Any other is taken
    as high as it may well be: its estimate is too low by ``(1 + 3 r) / n``, and errs by ``sqrt((1 -
    r^2) / n)``, of which two are added.

    Args:
        scores: Shape (n,), with mean near 0 and in their order.
        known: Shape (n,), which of them there are.

    References:
        Kendall, "Note on bias in the estimation of autocorrelation", Biometrika 41 (1954).

    Example:
        >>> everywhere = np.ones(400, dtype=bool)
        >>> inflation(np.tile([1.0, -1.0], 200), everywhere)
        1.0
        >>> inflation(np.repeat([1.0, -1.0], 200), everywhere) > 10
        True
    """
    centred = np.where(known, scores - scores[known].mean(), 0.0)
    pairs = int((known[1:] & known[:-1]).sum())
    power = float((centred**2).sum()) / max(int(known.sum()), 1)
    if pairs < 2 or power <= 0.0:
        return 1.0
    correlation = float((centred[1:] * centred[:-1]).sum()) / pairs / power
    if correlation <= _SURE / math.sqrt(pairs):
        return 1.0
    correlation = min(correlation, _MOST)
    doubt = _SURE * math.sqrt((1.0 - correlation**2) / pairs)
    correlation = min(correlation + (1.0 + 3.0 * correlation) / pairs + doubt, _MOST)
    return (1.0 + correlation) / (1.0 - correlation)
