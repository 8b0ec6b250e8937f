"""What records say to the CUSUMs of a mixture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

Int32Array = NDArray[np.int32]
Int64Array = NDArray[np.int64]
FloatArray = NDArray[np.float64]

#: Log-likelihood ratios are integers, in steps of this many nats.
STEP: Final = 2.0**-16
#: Largest log-likelihood ratio of one record, in nats, either way.
LARGEST: Final = 40.0


def to_steps(nats: NDArray[np.float64]) -> Int32Array:
    """Log-likelihood ratios as integers, rounded down, which can only delay an alarm.

    Example:
        >>> to_steps(np.array([1.0, -0.00001, 99.0])).tolist()
        [65536, -1, 2621440]
    """
    return np.floor(np.clip(nats, -LARGEST, LARGEST) / STEP).astype(np.int32)


class Readings:
    """What the records of a chunk say to ``K`` CUSUMs and about ``E`` amounts.

    Args:
        increments: Shape (K, n), log-likelihood ratios in steps; 0 where a cell is missing.
        amounts: Shape (E, n), integers that are averaged since the change; 0 where missing.
        present: Shape (E, n), whether there was a cell.
    """

    _doubts: FloatArray | None = None

    def __init__(
        self, increments: Int32Array, amounts: Int64Array, present: NDArray[np.bool_]
    ) -> None:
        self.amounts, self.present = amounts, present
        self._rows = np.ascontiguousarray(increments.T)

    @property
    def records(self) -> int:
        """``n``."""
        return int(self.amounts.shape[1])

    @property
    def increments(self) -> Int32Array:
        """As given, shape (K, n)."""
        return np.concatenate(self.rows(0, self.records), axis=1).T

    def rows(self, start: int, stop: int) -> list[Int32Array]:
        """The increments of some records, in pieces of shape (stop - start, k) side by side."""
        return [self._rows[start:stop]]

    @property
    def size(self) -> int:
        """``K``."""
        return int(self._rows.shape[1])

    def doubts(self, segment: int) -> FloatArray:
        """What the increments of a segment may err by, beside their errors, in nats; shape (K,)."""
        return np.zeros(self.size) if self._doubts is None else self._doubts[segment]

    def doubting(self, doubts: FloatArray) -> Self:
        """The same records, with doubts of each segment that they reach into, shape (s, K)."""
        self._doubts = doubts
        return self

    def lifts(self) -> bool:
        """Whether any increment is above 0."""
        return bool(self._rows.max(initial=0) > 0)


class CodedReadings(Readings):
    """Readings whose increments stand in tables, and are looked up when they are asked for.

    Args:
        words: Of pieces side by side, each the table, and for each record and cell the row of the
            table that the cell says: shapes (words, k) and (n, cells), for k CUSUMs a cell.
        amounts: As in `Readings`.
        present: As in `Readings`.

    Example:
        >>> table = np.array([[-1, -2], [3, 5]], dtype=np.int32)
        >>> none = np.zeros((1, 2), dtype=np.int64)
        >>> readings = CodedReadings([(table, np.array([[0], [1]]))], none, none == 0)
        >>> readings.increments.tolist(), readings.lifts()
        ([[-1, 3], [-2, 5]], True)
    """

    def __init__(
        self,
        words: Sequence[tuple[Int32Array, NDArray[np.intp]]],
        amounts: Int64Array,
        present: NDArray[np.bool_],
    ) -> None:
        self.amounts, self.present = amounts, present
        self._words = list(words)

    def rows(self, start: int, stop: int) -> list[Int32Array]:
        """The increments of some records, in pieces of shape (stop - start, k) side by side."""
        return [
            table.take(places[start:stop], axis=0, mode="clip").reshape(
                stop - start, table.shape[1] * places.shape[1]
            )
            for table, places in self._words
        ]

    def lifts(self) -> bool:
        """Whether any increment is above 0."""
        return any(
            bool((table.max(axis=1, initial=0) > 0).take(places, mode="clip").any())
            for table, places in self._words
            if len(table)
        )

    @property
    def size(self) -> int:
        """``K``."""
        return sum(table.shape[1] * places.shape[1] for table, places in self._words)

    def beside(self, other: CodedReadings) -> CodedReadings:
        """These and, after them, others of the same records."""
        both = CodedReadings(
            [*self._words, *other._words],
            amounts=np.concatenate([self.amounts, other.amounts]),
            present=np.concatenate([self.present, other.present]),
        )
        known = [each._doubts for each in (self, other) if each._doubts is not None]  # noqa: SLF001 - another of this class
        if not known:
            return both
        parts = [
            np.zeros((len(known[0]), each.size)) if each._doubts is None else each._doubts  # noqa: SLF001 - as above
            for each in (self, other)
        ]
        return both.doubting(np.concatenate(parts, axis=1))
