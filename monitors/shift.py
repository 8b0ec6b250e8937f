"""A change of normal scores that a CUSUM looks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_EXCURSION: Final = 20.0  # records of mean 1 that it takes to collect 10 nats
_SURE: Final = 2.0  # standard errors


@dataclass(frozen=True, slots=True)
class Shift:
    """A change of normal scores from N(0, 1) to ``(1 - share) N(0, 1) + share N(mean, variance)``.

    Args:
        mean: In standard deviations.
        variance: In variances.
        share: Of the records that change.
        weight: Of its CUSUM beside the others: small changes are worth more, since they are those
            that take long.
        overshoot: ``zeta``, the mean of ``exp(-R)``, R what a random walk of the log-ratios goes
            beyond a high level, after the change; it tells how rare false alarms are.

    Reference: Siegmund, Sequential Analysis (1985), chapter 8; of normal means ``exp(-.583 m)``.

    Example:
        >>> Shift(1.0, 1.0).log_ratio(np.array([2.0])).tolist(), Shift(-1.0, 1.0).direction
        ([1.5], 'down')
    """

    mean: float
    variance: float
    share: float = 1.0
    weight: float = 1.0
    overshoot: float = 1.0

    @property
    def direction(self) -> str:
        """``"up"``, ``"down"``, ``"spread"`` or, where only a few records change, ``"tail"``."""
        if self.share < 1.0:
            return "tail"
        if self.variance != 1.0:
            return "spread"
        return "up" if self.mean > 0 else "down"

    @property
    def slopes(self) -> tuple[float, float]:
        """What scores that are off by one, and a variance higher by one, add to its mean, about."""
        return abs(self.mean), 0.5 * abs(1.0 - 1.0 / self.variance) * self.share

    def dependence(self, levels: FloatArray, squares: FloatArray) -> FloatArray:
        r"""Long-run variance of its log-ratios beside their variance, for columns of shape (d,).

        Those of a change in spread are of the squares of scores. A mean's see how widely scores
        scatter: over T records the variance lies above 1 by as much as
        :math:`2 \sqrt{2 (V_2 - 1) / T}` where squares depend on each other, and where it is k,
        :math:`l / k` is as fair as l where it is 1. T is what an excursion takes, some
        :math:`20 / m^2` records.

        Args:
            levels: Long-run variance of scores, at least 1.
            squares: :math:`V_2`, that of their squares.
        """
        if self.variance != 1.0:
            return np.maximum(levels, squares)
        wider = _SURE * np.sqrt(2.0 * (squares - 1.0) * self.mean**2 / _EXCURSION)
        return np.maximum(levels, 1.0 + wider)

    def log_ratio(self, scores: FloatArray) -> FloatArray:
        """Log of the density of each score after the change over that before, in nats."""
        miss = (scores - self.mean) ** 2 / self.variance
        nats = 0.5 * (scores**2 - miss - np.log(self.variance))
        if self.share < 1.0:
            nats = np.logaddexp(np.log1p(-self.share), np.log(self.share) + nats)
        return np.asarray(nats, dtype=np.float64)


#: Overshoots by Spitzer's identity, that of the tail by simulation.
SHIFTS: Final = (
    *(
        Shift(sign * mean, 1.0, weight=weight, overshoot=overshoot)
        for mean, weight, overshoot in (
            (0.2, 7.0, 0.890),
            (0.4, 6.0, 0.792),
            (0.9, 1.2, 0.592),
            (2.4, 0.3, 0.260),
        )
        for sign in (1, -1)
    ),
    Shift(0.0, 1.5, weight=8.0, overshoot=0.706),
    Shift(0.0, 3.0, weight=2.5, overshoot=0.388),
    Shift(0.0, 0.6, weight=2.0, overshoot=0.906),
    Shift(0.0, 25.0, share=0.03, weight=10.0, overshoot=0.05),
)
