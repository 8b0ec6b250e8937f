"""Columns as ranks within a reference, and ranks as normal scores."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from .arrays import pack, unpack
from .knot_codes import KnotCodes

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Int16Array = NDArray[np.int16]

_KNOTS: Final = 128
_EDGE: Final = (0, 1, 2, 4, 8)  # order statistics kept at either end, where records matter most
_LARGEST: Final = np.finfo(np.float64).max


class RankScores:
    """``z = ndtri((L + R + 1) / (2 n + 2))``, ``L`` values of the reference below, ``R`` not above.

    A value is given a *code*, an integer: ``2 i`` between knots ``i - 1`` and ``i`` of its column,
    ``2 i + 1`` on knot ``i``, and `missing` for NaN. Knots are the distinct values of the
    reference, or 128 of its order statistics where there are more. Codes have mid-ranks, so that
    ties, grids and values at a detection limit are themselves.

    Args:
        knots: Shape (d, 128), ascending in each row, filled up with infinity.
        ranks: Shape (d, 257), ``L + R`` of each code.
        sizes: Shape (d,), values of the reference that are no NaN.

    Example:
        >>> ranks = RankScores.fit(np.array([[1.0], [2.0], [2.0], [9.0]]))
        >>> ranks.codes(np.array([[0.5], [2.0], [5.0], [np.nan]])).tolist()
        [[0, 3, 4, 257]]
        >>> ranks.scores[0, [0, 3, 4]].round(2).tolist()
        [-1.28, 0.0, 0.52]
    """

    missing: Final = 2 * _KNOTS + 1
    width: Final = 2 * _KNOTS + 2

    def __init__(self, knots: FloatArray, ranks: IntArray, sizes: IntArray) -> None:
        self.knots, self.ranks, self.sizes = knots, ranks, sizes
        self._codes = KnotCodes(knots)
        middle = (ranks + 1.0) / (2.0 * sizes[:, None] + 2.0)
        #: Shape (d, 258), the normal score of each code; 0 for a missing cell.
        self.scores = np.pad(ndtri(np.clip(middle, 0.0, 1.0 - 2.0**-53)), ((0, 0), (0, 1)))

    @classmethod
    def fit(cls, values: FloatArray) -> RankScores:
        """Ranks within a reference of shape (n, d), NaN where a cell is missing."""
        d = values.shape[1]
        knots = np.full((d, _KNOTS), np.inf)
        ranks = np.zeros((d, 2 * _KNOTS + 1), dtype=np.int64)
        sizes = np.zeros(d, dtype=np.int64)
        for j in range(d):
            ordered = np.sort(_finite(values[:, j][~np.isnan(values[:, j])]))
            chosen = _choose(ordered)
            below = np.searchsorted(ordered, chosen, "left")
            upto = np.searchsorted(ordered, chosen, "right")
            n, m = len(ordered), len(chosen)
            knots[j, :m] = chosen
            ranks[j, 1 : 2 * m : 2] = below + upto
            ranks[j, 0 : 2 * m + 1 : 2] = np.append(below, n) + np.insert(upto, 0, 0)
            ranks[j, 2 * m + 1 :] = 2 * n  # never reached
            sizes[j] = n
        return cls(knots, ranks, sizes)

    def codes(self, values: FloatArray) -> Int16Array:
        """The code of each value, shape (d, n), of values of shape (n, d)."""
        columns = np.ascontiguousarray(values.T)
        if np.isfinite(columns).all():
            return self._codes.of(columns)
        absent = np.isnan(columns)
        codes = self._codes.of(_finite(np.where(absent, 0.0, columns)))
        codes[absent] = self.missing
        return codes

    def state(self) -> dict[str, Any]:
        """As plain data."""
        narrow = np.int16 if self.ranks.max(initial=0) < 2**15 else np.int32
        return {
            "knots": pack(self.knots),
            "ranks": pack(self.ranks.astype(narrow)),
            "sizes": pack(self.sizes),
        }

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> RankScores:
        """The ranks that gave this state."""
        ranks = unpack(state["ranks"]).astype(np.int64)
        return cls(unpack(state["knots"]), ranks, unpack(state["sizes"]))


def _finite(values: FloatArray) -> FloatArray:
    """Infinities as the largest float, so that they differ from the filling of the knots."""
    return np.clip(values, -_LARGEST, _LARGEST)


def _choose(ordered: FloatArray) -> FloatArray:
    """At most 128 knots of sorted values."""
    distinct = np.unique(ordered)
    if len(distinct) <= _KNOTS:
        return distinct
    last = len(ordered) - 1
    inner = np.linspace(0, last, _KNOTS - 2 * len(_EDGE)).astype(np.int64)
    places = np.concatenate([inner, _EDGE, last - np.array(_EDGE)])
    return np.asarray(np.unique(ordered[places]), dtype=np.float64)
