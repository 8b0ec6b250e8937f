"""How many digits real records have, and how seldom one has as few as another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .arrays import pack, unpack

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_LEAST: Final = -4  # decimals
_MOST: Final = 12
_RARE: Final = 0.1  # share of short records from which on they tell nothing
_KEPT: Final = 25  # rarest sums that are kept


def decimals(numbers: FloatArray) -> IntArray:
    """Digits behind the point up to the ninth or so of all, -4 to 12; of NaN, and of 0, -4.

    Example:
        >>> decimals(np.array([3.0, 0.25, 1 / 3, np.nan, 2e7 / 3, 1200.0])).tolist()
        [0, 2, 9, -4, 2, -2]
    """
    found = np.full(numbers.shape, _MOST, dtype=np.int64)
    known = np.clip(np.where(np.isfinite(numbers), numbers, 0.0), -1e150, 1e150)
    for k in range(_MOST - 1, _LEAST - 1, -1):
        scaled = known * 10.0**k
        whole = np.abs(scaled - np.rint(scaled)) <= 1e-9 * np.abs(scaled)
        found[whole] = k
    return found


class DigitLaw:
    """How rare it is that a record has as few digits, in all columns together.

    ``T = -sum_j log((c_j + 1) / (n + 1))``, c_j how many of n real records have at most as many
    decimals in column j. The chance of a T is its rank among the real records, and among the
    records since: an instrument that begins to round is soon no rarity.

    Args:
        counts: Shape (d, 17), real cells by their decimals, from -4 on.
        tops: The greatest T of the real records, rising.
        size: ``n``.

    Attributes:
        seen: Records since.
        short: How many of them had a T as great as the least of ``tops``.

    Example:
        >>> real = np.random.default_rng(0).normal(size=(99, 2))
        >>> law = DigitLaw.fit(real)
        >>> [law.rarity(t) for t in law.sums(decimals(np.array([[0.12, 0.5], [1 / 3, 1 / 7]])))]
        [0.01, 1.0]
    """

    def __init__(self, counts: IntArray, tops: FloatArray, *, size: int) -> None:
        self.counts, self.tops, self.size = counts, tops, size
        self.seen = self.short = 0
        self._nats = -np.log((np.cumsum(counts, axis=1) + 1.0) / (size + 1.0))

    @classmethod
    def fit(cls, numbers: FloatArray) -> DigitLaw:
        """From real cells of shape (n, d)."""
        digits, width = decimals(numbers), _MOST - _LEAST + 1
        counts = np.array([np.bincount(cells - _LEAST, minlength=width) for cells in digits.T])
        counts = counts.reshape(numbers.shape[1], width)
        law = cls(counts, np.empty(0), size=len(numbers))
        sums = np.sort(law.sums(digits))
        return cls(counts, sums[max(0, len(sums) - _KEPT) :], size=len(numbers))

    def sums(self, digits: IntArray) -> FloatArray:
        """``T`` of records with so many decimals, shape (n, d)."""
        columns = np.arange(digits.shape[1])
        return np.asarray(self._nats[columns, digits - _LEAST].sum(axis=1))

    def is_short(self, sums: FloatArray) -> NDArray[np.bool_]:
        """Which T are as great as few of the real records have, shape (n,)."""
        if not len(self.tops):
            return np.zeros(len(sums), dtype=np.bool_)
        return np.asarray(sums > self.tops[0] + 1e-9)

    def rarity(self, total: float, *, seen: int = 0, short: int = 0) -> float:
        """Chance of a T as great, given the records so far; 1 unless it is rare.

        Args:
            total: ``T``.
            seen: Records since those that it was told of.
            short: How many of them had few digits.
        """
        above = len(self.tops) - int(np.searchsorted(self.tops, total - 1e-9))
        fewer = above + self.short + short + 1
        records = self.size + self.seen + seen + 1
        return 1.0 if fewer > _RARE * records else fewer / records

    def is_common(self, seen: int) -> bool:
        """Whether few digits are no rarity, even if none of so many more records had few."""
        few = len(self.tops) < _KEPT or self.size < 4 * _KEPT
        return few or self.short + 1 > _RARE * (self.size + self.seen + seen + 1)

    def state(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "counts": pack(self.counts.astype(np.int32)),
            "tops": pack(self.tops),
            "size": self.size,
        }

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> DigitLaw:
        """The law that gave this state."""
        counts = unpack(state["counts"]).astype(np.int64)
        return cls(counts, unpack(state["tops"]), size=state["size"])
