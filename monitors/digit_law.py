"""How many digits real records have, and how seldom one has as few, or as many, as another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .arrays import pack, unpack

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_LEAST: Final = -8  # decimals
_MOST: Final = 16
_OF_NOTHING: Final = -4  # of 0, and of a missing cell
_COARSE: Final = (12, 1e-9)  # decimals, and relative error, up to which digits are told
_FINE: Final = (16, 1e-13)
_RARE: Final = 0.1  # share of odd records from which on they tell nothing
_KEPT: Final = 25  # rarest sums that are kept
_MET: Final = 100  # synthetic rows that are kept
_TIE: Final = 1e-9


def decimals(numbers: FloatArray, *, fine: bool = False) -> IntArray:
    """Digits behind the point up to the ninth or so of all, -8 to 12; of NaN, and of 0, -4.

    Args:
        numbers: Of any shape.
        fine: Up to the thirteenth or so of all, to 16: as many as 8 bytes surely hold.

    Example:
        >>> decimals(np.array([3.0, 0.25, 1 / 3, np.nan, 2e7 / 3, 1200.0])).tolist()
        [0, 2, 9, -4, 2, -2]
        >>> decimals(np.array([1 / 3, 0.1]), fine=True).tolist()
        [13, 1]
    """
    most, error = _FINE if fine else _COARSE
    found = np.full(numbers.size, most, dtype=np.int64)
    known = np.clip(np.where(np.isfinite(numbers), numbers, 0.0), -1e150, 1e150).ravel()
    found[known == 0.0] = _OF_NOTHING
    left = np.flatnonzero(known)
    known = np.abs(known[left])
    largest = known.max(initial=0.0)
    for k in range(_LEAST, most):
        if largest * 10.0**k < 0.5:  # all would be rounded to 0
            continue
        scaled = known * 10.0**k
        whole = np.abs(scaled - np.rint(scaled)) <= error * scaled
        if whole.any():
            found[left[whole]] = k
            left, known = left[~whole], known[~whole]
            if not len(left):
                break
    return found.reshape(numbers.shape)


def few(numbers: FloatArray, common: BoolArray | None = None) -> IntArray:
    """Grades for a `DigitLaw`, 0 to 24: the lower, the fewer digits a cell has.

    Args:
        numbers: Shape (n, d).
        common: Cells at values that come often, and have as many digits as they have: they, and 0,
            and missing cells, have the highest grade. Left out, no cell is such a one.
    """
    return _graded(decimals(numbers) - _LEAST, numbers, common)


def many(numbers: FloatArray, common: BoolArray | None = None) -> IntArray:
    """The same: the lower, the more digits a cell has."""
    return _graded(_MOST - decimals(numbers, fine=True), numbers, common)


def _graded(grades: IntArray, numbers: FloatArray, common: BoolArray | None) -> IntArray:
    nothing = ~np.isfinite(numbers) | (numbers == 0.0)
    if common is not None:
        nothing |= common
    return np.where(nothing, _MOST - _LEAST, grades)


def meet(rows: list[tuple[str, int]], row: tuple[str, int]) -> None:
    """Note that a record odder than all real ones was near to a synthetic row.

    Each counts once, as replicates of one real record are near to the same; 100 are kept.
    """
    if row not in rows and len(rows) < _MET:
        rows.append(row)


class DigitLaw:
    """How rare it is that a record has digits as odd as these, in all columns together.

    ``T = -sum_j log((c_j + 1) / (n + 1))``, c_j how many of n real records have at most that grade
    in column j, which `few` or `many` gives. The chance of a T is its rank among the real records,
    and among the records since: an instrument that begins to round is soon no rarity. Of those
    since it is known how many had a T beyond each of ``tops``.

    Args:
        counts: Shape (d, 25), real cells by their grades.
        tops: The greatest T of the real records, rising.
        size: ``n``.

    Attributes:
        seen: Records since.
        odd: Shape (len(tops) + 1,), how many of them had a T beyond that many of ``tops``.
        rows: Synthetic rows, by batch and number, that odd records were near to; 100 at most.

    Example:
        >>> real = np.random.default_rng(0).normal(size=(99, 2))
        >>> law = DigitLaw.fit(few(real, real > 9))
        >>> new = np.array([[0.12, 0.5], [1 / 3, 1 / 7]])
        >>> [law.rarity(rank) for rank in law.ranks(law.sums(few(new, new > 9))).tolist()]
        [0.01, 1.0]
    """

    def __init__(self, counts: IntArray, tops: FloatArray, *, size: int) -> None:
        self.counts, self.tops, self.size = counts, tops, size
        self.seen, self.odd = 0, np.zeros(len(tops) + 1, dtype=np.int64)
        self.rows: list[tuple[str, int]] = []
        self._nats = -np.log((np.cumsum(counts, axis=1) + 1.0) / (size + 1.0))

    @classmethod
    def fit(cls, grades: IntArray) -> DigitLaw:
        """From grades of real cells, shape (n, d)."""
        width = _MOST - _LEAST + 1
        counts = np.array([np.bincount(cells, minlength=width) for cells in grades.T])
        counts = counts.reshape(grades.shape[1], width)
        law = cls(counts, np.empty(0), size=len(grades))
        sums = np.sort(law.sums(grades))
        return cls(counts, sums[max(0, len(sums) - _KEPT) :], size=len(grades))

    def sums(self, grades: IntArray) -> FloatArray:
        """``T`` of records with such grades, shape (n, d)."""
        return np.asarray(self._nats[np.arange(grades.shape[1]), grades].sum(axis=1))

    def ranks(self, sums: FloatArray) -> IntArray:
        """How many of ``tops`` these T are beyond: of all but a few real records none."""
        return np.searchsorted(self.tops, sums - _TIE).astype(np.int64)

    def rarity(self, rank: int, *, seen: int = 0, odd: IntArray | None = None) -> float:
        """Chance of a T as great, given the records so far; 1 unless it is rare.

        Args:
            rank: Of `ranks`.
            seen: Records since those that it was told of.
            odd: Of these, as the attribute.
        """
        since = self.odd if odd is None else self.odd + odd
        fewer = len(self.tops) - rank + int(since[rank:].sum()) + 1
        records = self.size + self.seen + seen + 1
        return 1.0 if fewer > _RARE * records else fewer / records

    @property
    def running(self) -> dict[str, Any]:
        """What changes from record to record, as plain data."""
        return {"seen": self.seen, "odd": self.odd.tolist(), "rows": list(map(list, self.rows))}

    def go_on(self, running: Mapping[str, Any]) -> None:
        """Go on from `running`."""
        self.seen, self.odd = running["seen"], np.array(running["odd"], dtype=np.int64)
        self.rows = [(batch, row) for batch, row in running["rows"]]

    @property
    def least(self) -> float:
        """The rarity of a record as odd as can be, by the reference alone; 1 if none is rare."""
        most = self.sums(np.zeros((1, len(self.counts)), dtype=np.int64))
        unread = DigitLaw(self.counts, self.tops, size=self.size)
        return 1.0 if unread.is_common(0) else unread.rarity(int(unread.ranks(most)[0]))

    def is_common(self, seen: int) -> bool:
        """Whether odd digits are no rarity, even if none of so many more records had them."""
        if len(self.tops) < _KEPT or self.size < 4 * _KEPT:
            return True
        return bool(self.odd[-1] + 1 > _RARE * (self.size + self.seen + seen + 1))

    def state(self) -> dict[str, Any]:
        """As plain data, but for what runs."""
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
