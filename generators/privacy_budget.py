"""A budget of zCDP: every look at the rows is paid from it, and noised accordingly."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from halflife.schemas.table import FloatArray

from .zcdp import gaussian_scale, rho_of, selection_epsilon

HISTOGRAM_SENSITIVITY: Final = math.sqrt(2.0)
"""Of counts, by the Euclidean norm: a row that is another one leaves one bin and enters one."""

_L1_SENSITIVITY: Final = 2.0
_ROUNDING: Final = 1e-9


class PrivacyBudget:
    """Pays for noisy answers about rows, until nothing is left.

    Two tables are neighbours if one row of one is another in the other: the number of rows is
    public. Half of delta is for the conversion of zCDP, half for levels that a single row may
    bring in.

    Args:
        epsilon: Of the promise as a whole.
        delta: Of the promise as a whole.
        random: Where the noise comes from. Whoever knows its seed can take the noise away.

    Attributes:
        total: Rho of zCDP that there is to spend.
        spent: Rho that was spent.
        spent_delta: Delta that was spent on levels.

    Example:
        >>> budget = PrivacyBudget(1.0, 1e-5, np.random.default_rng(0))
        >>> counts = budget.counts(np.array([40.0, 60.0]), budget.total / 2)
        >>> round(budget.spent / budget.total, 3)
        0.5
    """

    def __init__(self, epsilon: float, delta: float, random: np.random.Generator) -> None:
        self.total = rho_of(epsilon, delta / 2.0)
        self.delta = delta / 2.0
        self.spent = 0.0
        self.spent_delta = 0.0
        self._random = random

    def counts(self, counts: FloatArray, rho: float) -> FloatArray:
        """The counts of disjoint bins with Gaussian noise, same shape."""
        return self.answers(counts, rho, HISTOGRAM_SENSITIVITY)

    def answers(self, values: FloatArray, rho: float, sensitivity: float) -> FloatArray:
        """Numbers with Gaussian noise, same shape.

        Args:
            values: Of the rows.
            rho: What this costs.
            sensitivity: Most that another row moves them, by the Euclidean norm.
        """
        self._pay(rho)
        noise = self._random.standard_normal(values.shape)
        return np.asarray(values + gaussian_scale(rho, sensitivity) * noise)

    def choice(self, scores: FloatArray, rho: float) -> int:
        """The index of a high score, by the exponential mechanism (as Gumbel noise on the scores).

        Args:
            scores: L1 distances between counts and fixed ones: a row moves each by 2 at most.
            rho: What this costs.

        Reference: McSherry and Talwar, FOCS 2007.
        """
        self._pay(rho)
        logits = selection_epsilon(rho) * scores / (2.0 * _L1_SENSITIVITY)
        return int(np.argmax(logits + self._random.gumbel(size=len(scores))))

    def common(self, counts: FloatArray, rho: float, delta: float) -> NDArray[np.bool_]:
        """Which levels may be named: those whose noisy count is beyond what a single row shows.

        A level that is there in one of two neighbours alone has a count of 1, and is named with a
        chance of at most delta.

        Args:
            counts: Of the levels that occur, each at least 1.
            rho: What this costs.
            delta: What this costs.

        Reference: Korolova et al., WWW 2009; with Gaussian noise: Wilson et al., PoPETs 2020.
        """
        self.spent_delta += delta
        if self.spent_delta > self.delta * (1.0 + _ROUNDING):
            raise ValueError("more delta spent than there is")
        scale = gaussian_scale(rho, HISTOGRAM_SENSITIVITY)
        return np.asarray(self.counts(counts, rho) > 1.0 - scale * float(ndtri(delta)))

    def _pay(self, rho: float) -> None:
        self.spent += rho
        if not rho > 0.0 or self.spent > self.total * (1.0 + _ROUNDING):
            raise ValueError("more rho spent than there is")


def on_simplex(noisy: FloatArray) -> FloatArray:
    """The shares nearest to noisy counts: not negative, their sum 1; same shape.

    Reference: Wang et al., NDSS 2020, arXiv:1905.08503 (Norm-Sub).

    Example:
        >>> on_simplex(np.array([3.0, 1.0, -2.0]) )
        array([1., 0., 0.])
    """
    total = max(1.0, float(noisy.sum()))
    ordered = np.sort(noisy.ravel())[::-1]
    excess = (np.cumsum(ordered) - total) / np.arange(1, ordered.size + 1)
    kept = np.flatnonzero(ordered - excess > 0.0)
    level = excess[kept[-1]] if kept.size else excess[0]
    clipped = np.maximum(noisy - level, 0.0)
    return np.asarray(clipped / clipped.sum())
