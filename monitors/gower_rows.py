"""Rows side by side as Gower compares them: numbers by their range, categories by equality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray

from .ranked_column import RankedColumn

_AT_ONCE: Final = 500


@dataclass(frozen=True, eq=False)
class GowerRows:
    r"""Rows of which the distance is Gower's.

    The distance of two rows is the mean over the columns of :math:`|x - y|` over the range of the
    column, or 0 and 1 for equal and other categories. A missing category is a category; a missing
    number equals another missing one, and is from 1/2 to 1 away from all others.

    Args:
        numbers: Shape (n, f), in shares of a column's range by the number of columns.
        codes: The categories as integers, shape (n, k).
        share: What an unequal category adds: 1 by the number of columns.

    Reference: Gower, Biometrics 27 (1971) 857.

    Example:
        >>> from halflife.schemas.table import Column, Table
        >>> table = Table((Column(name="x"), Column(name="y")))
        >>> rows = Block.from_rows(table, [{"x": 0, "y": 0}, {"x": 4, "y": 8}, {"x": 4, "y": 0}])
        >>> (one, _) = GowerRows.of([rows, rows])
        >>> one.distances(one)[0]
        array([0. , 1. , 0.5])
    """

    numbers: FloatArray
    codes: NDArray[np.intp]
    share: float

    @classmethod
    def of(cls, blocks: Sequence[Block]) -> list[Self]:
        """Each block of one table as such rows; the first two give the ranges of the numbers."""
        pooled = Block.concatenate(blocks)
        table, columns = pooled.table, len(pooled.table.names)
        real = sum(len(block) for block in blocks[:2])
        numbers = np.empty((len(pooled), 2 * len(table.numeric)))
        for j, name in enumerate(table.numeric):
            cells = pooled.number(name)
            known = cells[:real][np.isfinite(cells[:real])]
            low, span = (known.min(), np.ptp(known)) if len(known) else (0.0, 0.0)
            scaled = np.clip((cells - low) / (span or 1.0), -1.0, 2.0)
            missing = np.isnan(cells)
            # The middle, and 1/2 aside: from 1/2 to 1 away from whatever is there.
            numbers[:, 2 * j] = np.where(missing, 0.5, scaled) / columns
            numbers[:, 2 * j + 1] = missing * 0.5 / columns
        codes = np.empty((len(pooled), len(table.categories)), dtype=np.intp)
        for j, name in enumerate(table.categories):
            codes[:, j] = RankedColumn.of(pooled, name).codes
        ends = np.cumsum([len(block) for block in blocks])[:-1]
        pairs = zip(np.split(numbers, ends), np.split(codes, ends), strict=True)
        return [cls(some, levels, 1.0 / columns) for some, levels in pairs]

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, rows: slice | NDArray[Any]) -> Self:
        """Some of the rows."""
        return type(self)(self.numbers[rows], self.codes[rows], self.share)

    def distances(self, others: GowerRows) -> FloatArray:
        """Of every row to every other one, shape (n, m)."""
        from scipy.spatial.distance import cdist

        apart = np.zeros((len(self), len(others)))
        if self.numbers.shape[1]:
            apart += cdist(self.numbers, others.numbers, "cityblock")
        for own, other in zip(self.codes.T, others.codes.T, strict=True):
            apart += (own[:, None] != other[None, :]) * self.share
        return apart

    def nearest(self, others: GowerRows) -> FloatArray:
        """Distance of each row to the nearest of the others, at least one: shape (n,)."""
        starts = range(0, len(self), _AT_ONCE)
        parts = [self[i : i + _AT_ONCE].distances(others).min(axis=1) for i in starts]
        return np.concatenate([np.empty(0), *parts])
