"""Where values lie among the knots of their columns, looked up in a table."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Int16Array = NDArray[np.int16]

_BINS: Final = 1024
# Share of the knots at either end that need not lie within the bins, and how far beyond the others
# the bins reach, in ranges of these: for most columns, and for heavy tails.
_RANGES: Final = ((0.0, 0.0), (0.05, 0.3), (0.2, 0.5))
_CROWDED: Final = -4


class KnotCodes:
    """Code ``2 i`` for a value between knots ``i - 1`` and ``i`` of its column, ``2 i + 1`` on i.

    A column is cut into 1024 bins of equal width, the outer ones without end. In a bin with one
    knot or none the code is known after one comparison, with the first knot from that bin on; the
    few values in other bins are found by bisection. The bin of a value is a function of it that
    never falls, rounding included, so that codes are those of a search.

    Args:
        knots: Shape (d, m), m a power of two, ascending in each row, filled up with infinity.

    Example:
        >>> codes = KnotCodes(np.array([[1.0, 2.0, 9.0, np.inf]]))
        >>> codes.of(np.array([[0.5, 1.0, 1.5, 2.0, 9.5]])).tolist()
        [[0, 1, 2, 3, 6]]
    """

    def __init__(self, knots: FloatArray) -> None:
        self._knots = np.where(np.isinf(knots), np.nan, knots)  # nothing lies at or beyond a NaN
        d = len(knots)
        self._spans = np.zeros((3, d, 1))  # lowest, highest, bins in their unit
        self._starts = np.arange(d)[:, None] * _BINS
        self._codes = np.empty((d, _BINS), dtype=np.int16)
        self._next = np.empty((d, _BINS))
        for column, row in enumerate(self._knots):
            self._lay(column, row[~np.isnan(row)])

    def of(self, columns: FloatArray) -> Int16Array:
        """The codes of finite values, shape (d, n)."""
        places = self._bins(columns, slice(None))
        codes = self._codes.take(places, mode="clip")
        following = self._next.take(places, mode="clip")
        codes += following <= columns
        codes += following < columns
        crowded = (codes.ravel() < 0).nonzero()[0]
        if len(crowded):
            codes.ravel()[crowded] = self._search(crowded // columns.shape[1], columns, crowded)
        return codes

    def _bins(self, columns: FloatArray, which: slice) -> NDArray[np.intp]:
        """The bin of each value, counted over all columns."""
        lowest, highest, rates = self._spans[:, which]
        depths = np.maximum(columns, lowest)
        np.minimum(depths, highest, out=depths)
        depths -= lowest
        depths *= rates
        places: NDArray[np.intp] = depths.astype(np.intp)
        places += self._starts[which]
        return places

    def _lay(self, column: int, knots: FloatArray) -> None:
        """Cut a column into bins, so that few of its knots share theirs with another."""
        fewest = len(knots) + 1
        for spared, wider in _RANGES:
            self._span(column, knots, int(spared * len(knots)), wider)
            bins = self._bins(knots[None, :], slice(column, column + 1))[0] - column * _BINS
            counts = np.bincount(bins, minlength=_BINS)
            crowded = int(counts[counts > 1].sum())
            if crowded < fewest:
                fewest, best, span = crowded, counts, self._spans[:, column].copy()
        self._spans[:, column] = span
        first = np.cumsum(best) - best
        self._codes[column] = np.where(best > 1, _CROWDED, 2 * first)
        self._next[column] = np.append(knots, np.nan)[first]

    def _span(self, column: int, knots: FloatArray, spared: int, wider: float) -> None:
        """Where the bins of a column begin and end, and how many there are in its unit."""
        self._spans[:, column] = 0.0
        if not len(knots):
            return
        low, high = knots[spared], knots[-1 - spared]
        with np.errstate(all="ignore"):
            beyond = wider * (high - low)
            low, high = low - beyond, high + beyond
            rate = (_BINS - 1) / (high - low)
        if np.isfinite(high - low) and np.isfinite(rate):
            self._spans[:, column, 0] = low, high, rate

    def _search(
        self, rows: NDArray[np.intp], columns: FloatArray, places: NDArray[np.intp]
    ) -> Int16Array:
        """The codes of some values by bisection, all at once."""
        values = columns.ravel()[places]
        size = self._knots.shape[1]
        starts = rows * size
        flat = self._knots.ravel()
        below = np.zeros(len(values), dtype=np.intp)
        step = size // 2
        while step:
            below += step * (flat[starts + below + (step - 1)] < values)
            step //= 2
        at = flat[starts + below]
        return np.asarray(2 * below + (at <= values) + (at < values), dtype=np.int16)
