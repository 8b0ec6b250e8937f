"""Columns as ranks within a reference, and ranks as normal scores."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from .arrays import pack, unpack
from .knot_codes import KnotCodes
from .tail_law import tail_quantiles

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Int16Array = NDArray[np.int16]

_KNOTS: Final = 128
_EDGE: Final = (0, 1, 2, 4, 8)  # order statistics kept at either end, where records matter most
_BEYOND: Final = 4  # knots beyond either end
_INNER: Final = _KNOTS - 2 * _BEYOND
_RARER: Final = 4.0 ** -np.arange(_BEYOND + 1)  # of values beyond each, as shares of those beyond
_LARGEST: Final = np.finfo(np.float64).max


class RankScores:
    """``z = ndtri((L + R + 1) / (2 n + 2))``, ``L`` values of the reference below, ``R`` not above.

    A value is given a *code*, an integer: ``2 i`` between knots ``i - 1`` and ``i`` of its column,
    ``2 i + 1`` on knot ``i``, and `missing` for NaN. Knots are the distinct values of the
    reference, or 120 of its order statistics where there are more. Codes have mid-ranks, so that
    ties, grids and values at a detection limit are themselves.

    Beyond the reference a rank says no more than that it is the first. Where a law of its tail
    can be fitted (`tail_quantiles`), up to four knots stand beyond each end, where values become 4,
    16, 64 and 256 times as rare, or rarer still: they tell a value that is far off from one that
    is just beyond.

    Args:
        knots: Shape (d, 128), ascending in each row, filled up with infinity.
        ranks: Shape (d, 257), ``L + R`` of each code.
        sizes: Shape (d,), values of the reference that are no NaN.
        beyond: Shape (d, 2), how many knots lie below and above the reference.

    Attributes:
        scores: Shape (d, 258), the normal score of each code; 0 for a missing cell.
        masses: Shape (d, 258), how many values of the reference have each code, those being
            ``n`` and one imagined value beyond either end.

    Example:
        >>> ranks = RankScores.fit(np.array([[1.0], [2.0], [2.0], [9.0]]))
        >>> ranks.codes(np.array([[0.5], [2.0], [5.0], [np.nan]])).tolist()
        [[0, 3, 4, 257]]
        >>> ranks.scores[0, [0, 3, 4]].round(2).tolist()
        [-1.28, 0.0, 0.52]
    """

    missing: Final = 2 * _KNOTS + 1
    width: Final = 2 * _KNOTS + 2

    def __init__(
        self, knots: FloatArray, ranks: IntArray, sizes: IntArray, beyond: IntArray
    ) -> None:
        self.knots, self.ranks, self.sizes, self.beyond = knots, ranks, sizes, beyond
        self._codes = KnotCodes(knots)
        middle = (ranks + 1.0) / (2.0 * sizes[:, None] + 2.0)
        shares = np.minimum(middle, 1.0 - middle)
        self.masses = np.zeros((len(knots), self.width))
        for j, (below, above) in enumerate(beyond):
            last = 2 * int(np.isfinite(knots[j]).sum())
            shares[j, : 2 * below + 1] *= np.repeat(_RARER[below::-1], 2)[:-1]
            shares[j, last - 2 * above : last + 1] *= np.repeat(_RARER[: above + 1], 2)[1:]
            self.masses[j, : last + 1] = _masses(ranks[j, : last + 1], below, above, sizes[j])
        signs = np.where(middle < 0.5, 1.0, -1.0)
        tiny = 2.0**-53
        self.scores = np.pad(signs * ndtri(np.maximum(shares, tiny)) + 0.0, ((0, 0), (0, 1)))

    @classmethod
    def fit(cls, values: FloatArray, tails: NDArray[np.bool_] | None = None) -> RankScores:
        """Ranks within a reference of shape (n, d), NaN where a cell is missing.

        Columns that are not among ``tails``, shape (d,), have no law beyond the reference.
        """
        d = values.shape[1]
        tails = np.ones(d, dtype=bool) if tails is None else tails
        knots = np.full((d, _KNOTS), np.inf)
        ranks = np.zeros((d, 2 * _KNOTS + 1), dtype=np.int64)
        sizes = np.zeros(d, dtype=np.int64)
        beyond = np.zeros((d, 2), dtype=np.int64)
        for j in range(d):
            ordered = np.sort(_finite(values[:, j][~np.isnan(values[:, j])]))
            low = high = np.empty(0)
            if tails[j]:
                low, high = -_beyond(-ordered[::-1])[::-1], _beyond(ordered)
            chosen = np.concatenate([low, _choose(ordered), high])
            below = np.searchsorted(ordered, chosen, "left")
            upto = np.searchsorted(ordered, chosen, "right")
            n, m = len(ordered), len(chosen)
            knots[j, :m] = chosen
            ranks[j, 1 : 2 * m : 2] = below + upto
            ranks[j, 0 : 2 * m + 1 : 2] = np.append(below, n) + np.insert(upto, 0, 0)
            ranks[j, 2 * m + 1 :] = 2 * n  # never reached
            sizes[j], beyond[j] = n, (len(low), len(high))
        return cls(knots, ranks, sizes, beyond)

    def codes(self, values: FloatArray) -> Int16Array:
        """The code of each value, shape (d, n), of values of shape (n, d)."""
        columns = np.ascontiguousarray(values.T)
        if np.isfinite(columns).all():
            return self._codes.of(columns)
        absent = np.isnan(columns)
        codes = self._codes.of(_finite(np.where(absent, 0.0, columns)))
        codes[absent] = self.missing
        return codes

    def extremes(self, column: int) -> tuple[float, float]:
        """The least and the largest value of a column in the reference."""
        below, above = self.beyond[column].tolist()
        known = self.knots[column][np.isfinite(self.knots[column])]
        return float(known[below]), float(known[len(known) - 1 - above])

    def state(self) -> dict[str, Any]:
        """As plain data."""
        narrow = np.int16 if self.ranks.max(initial=0) < 2**15 else np.int32
        return {
            "knots": pack(self.knots),
            "ranks": pack(self.ranks.astype(narrow)),
            "sizes": pack(self.sizes),
            "beyond": pack(self.beyond),
        }

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> RankScores:
        """The ranks that gave this state."""
        ranks = unpack(state["ranks"]).astype(np.int64)
        return cls(unpack(state["knots"]), ranks, unpack(state["sizes"]), unpack(state["beyond"]))


def _finite(values: FloatArray) -> FloatArray:
    """Infinities as the largest float, so that they differ from the filling of the knots."""
    return np.clip(values, -_LARGEST, _LARGEST)


def _choose(ordered: FloatArray) -> FloatArray:
    """At most 120 knots of sorted values."""
    distinct = np.unique(ordered)
    if len(distinct) <= _INNER:
        return distinct
    last = len(ordered) - 1
    inner = np.linspace(0, last, _INNER - 2 * len(_EDGE)).astype(np.int64)
    places = np.concatenate([inner, _EDGE, last - np.array(_EDGE)])
    return np.asarray(np.unique(ordered[places]), dtype=np.float64)


def _beyond(ordered: FloatArray) -> FloatArray:
    """Knots above sorted values, if these tell where such would be."""
    rarities = np.asarray(0.5 / (len(ordered) + 1.0) * _RARER[1:], dtype=np.float64)
    law = tail_quantiles(ordered, rarities)
    return np.empty(0) if law is None else np.minimum(law, _LARGEST)


def _masses(ranks: IntArray, below: int, above: int, size: int) -> FloatArray:
    """How many of ``size`` values have each code, and one imagined beyond either end."""
    # The rank of a code is how many values lie before its first place and before its last.
    signs = np.where(np.arange(len(ranks)) % 2, -1, 1)
    upto = signs * np.cumsum(signs * ranks)
    masses = np.diff(upto, prepend=0).astype(np.float64)
    if size:
        for codes, count in ((masses, below), (masses[::-1], above)):
            outer = 0.5 * _RARER[: count + 1]
            codes[: 2 * count + 1 : 2] += np.append(outer[:-1] - outer[1:], outer[-1])[::-1]
            codes[2 * count] += 0.5
    return masses
