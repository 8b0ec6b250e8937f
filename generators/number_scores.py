"""A column of numbers as normal scores, and back to values that were seen or lie between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from halflife.schemas.table import FloatArray

from .repetition import repeated

_POINT: Final = 1e-6


@dataclass(frozen=True)
class NumberScores:
    """The empirical distribution of a column, with its repeated values kept as they are.

    The ``n`` training values in their order are steps of width ``1 / n`` of the uniform law. A
    score ``z`` stands for the place ``n ndtr(z)`` on them. A repeated value owns all of its
    steps; between values that do not repeat the inverse is linear from middle to middle of
    their steps. The inverse rises with the score, so that an interval of values is one interval
    of scores.

    Args:
        quantiles: Training values, ascending, missing ones left out, shape (n,).
        fixed: Which of them repeat and are never smoothed, shape (n,).

    Example:
        >>> scores = NumberScores.of(np.array([1., 7., 7., 7., 9.]))
        >>> scores.decode(np.array([-3., -.2, .2, 3.]))
        array([1., 7., 7., 9.])
        >>> np.round(scores.limits(7., 7.), 2)
        array([-0.84,  0.84])
    """

    quantiles: FloatArray
    fixed: NDArray[np.bool_]

    @classmethod
    def of(cls, cells: FloatArray) -> NumberScores:
        """From training cells, shape (n,), NaN where missing."""
        quantiles = np.sort(cells[~np.isnan(cells)])
        fixed = repeated(quantiles) if quantiles.size else np.zeros(0, dtype=np.bool_)
        return cls(quantiles, fixed)

    @property
    def edges(self) -> FloatArray:
        """Scores at the outer edges of the distinct values' steps, shape (distinct + 1,)."""
        _, count = np.unique(self.quantiles, return_counts=True)
        edges = np.concatenate([[0], np.cumsum(count)]) / max(len(self.quantiles), 1)
        return np.asarray(ndtri(edges), dtype=np.float64)

    @property
    def gridded(self) -> bool:
        """Whether all values repeat, so that the column is one of levels."""
        return bool(self.fixed.size and self.fixed.all())

    def levels(self, cells: FloatArray) -> NDArray[np.intp]:
        """Which of the distinct values each training cell is, shape (n,); 0 where missing."""
        found = np.searchsorted(np.unique(self.quantiles), cells)
        return np.where(np.isnan(cells), 0, found)

    def encode(self, cells: FloatArray, chance: FloatArray) -> FloatArray:
        """Scores of cells, shape (n,), NaN where missing.

        Args:
            cells: Shape (n,).
            chance: In (0, 1), shape (n,): where in its steps a repeated value falls; .5 is their
                middle.
        """
        count = len(self.quantiles)
        if count == 0:
            return np.full(len(cells), np.nan)
        low = np.searchsorted(self.quantiles, cells, side="left")
        high = np.searchsorted(self.quantiles, cells, side="right")
        fixed = self.fixed[np.minimum(low, count - 1)]
        place = np.where(fixed, low + (high - low) * chance, (low + high) / 2)
        share = np.clip(place, 0.25, count - 0.25) / count
        return np.where(np.isnan(cells), np.nan, ndtri(share))

    def means(self, cells: FloatArray) -> FloatArray:
        """Mean score of the steps of each cell's value, shape (n,), NaN where missing."""
        if not self.quantiles.size:
            return np.full(len(cells), np.nan)
        density = np.exp(-(self.edges**2) / 2) / np.sqrt(2 * np.pi)
        means = -np.diff(density) / np.diff(ndtr(self.edges))
        return np.where(np.isnan(cells), np.nan, means[self.levels(cells)])

    def decode(self, scores: FloatArray) -> FloatArray:
        """Values of scores, shape (n,), always within the observed range."""
        count = len(self.quantiles)
        if count == 0:
            return np.full(len(scores), np.nan)
        place = ndtr(scores) * count
        step = np.clip(np.nan_to_num(place).astype(np.int64), 0, count - 1)
        between = np.interp(place, np.arange(count) + 0.5, self.quantiles)
        return np.where(self.fixed[step], self.quantiles[step], between)

    def limits(self, low: float, high: float) -> tuple[float, float] | None:
        """Scores whose values lie in ``[low, high]``; None where there are none.

        A single value that no step owns is given a width of 1e-6.
        """
        count = len(self.quantiles)
        if count == 0 or low > self.quantiles[-1] or high < self.quantiles[0]:
            return None
        first, last = self._place(low, first=True), self._place(high, first=False)
        if last < first or (last == first and self.gridded):
            return None
        begin, end = float(ndtri(first / count)), float(ndtri(last / count))
        if end - begin < _POINT:
            begin, end = begin - _POINT / 2, end + _POINT / 2
        return begin, end

    def _place(self, value: float, *, first: bool) -> float:
        """First place whose value is at least ``value``, or last where it is at most that."""
        count = len(self.quantiles)
        above = int(np.searchsorted(self.quantiles, value, side="left" if first else "right"))
        if above in (0, count):
            return float(above)
        below = self.quantiles[above - 1]
        place = above - 0.5 + (value - below) / (self.quantiles[above] - below)
        step = above - 1 if place < above else above
        # A value between two others: it lies in a step that may belong to one of them whole.
        if self.fixed[step] or (self.fixed[above - 1] and self.fixed[above]):
            return float(above)
        return float(place)
