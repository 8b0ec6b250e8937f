"""What a monitor pays for records that depend on those before."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_MOST: Final = 0.98  # lag-1 correlation beyond which the geometric sum below says nothing any more
_SURE: Final = 2.0  # standard errors
_BATCHES: Final = (8, 32, 128)
_PLAIN: Final = (12, 3.0, 0.0)  # batches at least, errors that are clear, errors that are added
_CAUTIOUS: Final = (6, 2.5, 1.0)


def inflation(scores: FloatArray, known: NDArray[np.bool_], *, cautious: bool = False) -> float:
    """Long-run variance of a series beside that of its values; at least 1.

    It is ``(1 + r) / (1 - r)`` of the lag-1 correlation r. A correlation within two standard errors
    of none, or below, counts as none. Any other is taken as high as it may well be: its estimate is
    too low by ``(1 + 3 r) / n``, and errs by ``sqrt((1 - r^2) / n)``, of which two are added. What
    is weak but lasts, as where a model is a little wrong wherever the planner stays, shows in the
    variance of sums over 8, 32 or 128 records instead, where it exceeds that of independent ones by
    three of its standard errors. A ``cautious`` one takes two and a half, adds one, and looks at 6
    sums where others want 12: how widely records scatter changes in long stretches, of which a
    reference sees few.

    Args:
        scores: Shape (n,), with mean near 0 and in their order.
        known: Shape (n,), which of them there are.
        cautious: Of squares.

    References:
        Kendall, "Note on bias in the estimation of autocorrelation", Biometrika 41 (1954). Law,
        Simulation Modeling and Analysis (2015), section 9.5 (batch means).

    Example:
        >>> everywhere = np.ones(400, dtype=bool)
        >>> inflation(np.tile([1.0, -1.0], 200), everywhere)
        1.0
        >>> inflation(np.repeat([1.0, -1.0], 200), everywhere) > 10
        True
    """
    centred = np.where(known, scores - scores[known].mean(), 0.0)
    power = float((centred**2).sum()) / max(int(known.sum()), 1)
    if power <= 0.0:
        return 1.0
    batches = _by_batches(centred, known, power, _CAUTIOUS if cautious else _PLAIN)
    return max(_by_neighbours(centred, known, power), batches)


def _by_neighbours(centred: FloatArray, known: NDArray[np.bool_], power: float) -> float:
    pairs = int((known[1:] & known[:-1]).sum())
    if pairs < 2:
        return 1.0
    correlation = float((centred[1:] * centred[:-1]).sum()) / pairs / power
    if correlation <= _SURE / math.sqrt(pairs):
        return 1.0
    correlation = min(correlation, _MOST)
    doubt = _SURE * math.sqrt((1.0 - correlation**2) / pairs)
    correlation = min(correlation + (1.0 + 3.0 * correlation) / pairs + doubt, _MOST)
    return (1.0 + correlation) / (1.0 - correlation)


def _by_batches(
    centred: FloatArray,
    known: NDArray[np.bool_],
    power: float,
    rule: tuple[int, float, float],
) -> float:
    found, (fewest, clear, added) = 1.0, rule
    for size in _BATCHES:
        batches = len(centred) // size
        if batches < fewest:
            break
        sums = centred[: batches * size].reshape(batches, size).sum(axis=1)
        counts = known[: batches * size].reshape(batches, size).sum(axis=1)
        ratio = float((sums**2).sum()) / max(float(counts.sum()), 1.0) / power
        error = math.sqrt(2.0 / batches)
        if ratio > 1.0 + clear * error:
            found = max(found, ratio * (1.0 + added * error))
    return found
