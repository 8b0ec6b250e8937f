"""Where rows lie, and which real rows are nearest to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray

from .archive import Arrays

_AT_ONCE: Final = 512


@dataclass(frozen=True, eq=False)
class RowPlaces:
    r"""Real rows, of which others are near or far as Gower has it.

    The distance of two rows is the mean over the columns of :math:`|x - y|` over the range of the
    column, or 0 and 1 for equal and other categories. A missing number equals another missing one,
    and is from 1/2 to 1 away from all others.

    Args:
        numbers: Shape (n, 2 p), in shares of the range: each number, and 1/2 where it is missing.
        codes: Levels, shape (n, k).
        lows: Least of each number, shape (p,).
        spans: Range of each number, 1 where it is constant, shape (p,).
        levels: What the codes stand for.

    Reference: J. Gower, "A general coefficient of similarity", Biometrics 27 (1971) 857.

    Example:
        >>> from halflife.schemas.table import Column, Table
        >>> table = Table((Column(name="x"), Column(name="y")))
        >>> rows = Block.from_rows(table, [{"x": 0, "y": 0}, {"x": 4, "y": 8}, {"x": 4, "y": 0}])
        >>> RowPlaces.of(rows).nearest(rows[:1], 3)
        (array([[0. , 0.5, 1. ]]), array([0]))
    """

    numbers: FloatArray
    codes: NDArray[np.int64]
    lows: FloatArray
    spans: FloatArray
    levels: tuple[tuple[str | None, ...], ...]

    @classmethod
    def of(cls, block: Block) -> Self:
        """Of at least one row."""
        lows, spans = np.zeros(block.numbers.shape[1]), np.ones(block.numbers.shape[1])
        for j, cells in enumerate(block.numbers.T):
            known = cells[~np.isnan(cells)]
            if known.size:
                lows[j], spans[j] = known.min(), np.ptp(known) or 1.0
        levels = tuple(tuple(dict.fromkeys(cells.tolist())) for cells in block.texts.T)
        numbers, codes = _placed(block, lows, spans, levels)
        return cls(numbers, codes, lows, spans, levels)

    def __len__(self) -> int:
        return len(self.numbers)

    def part(self, rows: slice) -> Self:
        """Some of the rows, with the ranges of all."""
        return type(self)(self.numbers[rows], self.codes[rows], self.lows, self.spans, self.levels)

    def nearest(self, block: Block, many: int) -> tuple[FloatArray, NDArray[np.int64]]:
        """Distances of rows to the nearest of these, ascending, and which is the nearest.

        Args:
            block: m rows of the same table.
            many: Of these rows; all of them where there are fewer.

        Returns:
            Shape (m, many) and (m,).
        """
        from scipy.spatial.distance import cdist

        numbers, codes = _placed(block, self.lows, self.spans, self.levels)
        many = min(many, len(self))
        columns = self.numbers.shape[1] // 2 + self.codes.shape[1]
        distances, which = np.empty((len(block), many)), np.empty(len(block), dtype=np.int64)
        for start in range(0, len(block), _AT_ONCE):
            rows = slice(start, start + _AT_ONCE)
            apart = np.zeros((len(numbers[rows]), len(self)))
            if numbers.shape[1]:
                apart += cdist(numbers[rows], self.numbers, "cityblock")
            for own, other in zip(codes[rows].T, self.codes.T, strict=True):
                apart += own[:, None] != other[None, :]
            which[rows] = apart.argmin(axis=1)
            distances[rows] = np.sort(np.partition(apart, many - 1, axis=1)[:, :many]) / columns
        return distances, which

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """Plain data and arrays."""
        names = ("numbers", "codes", "lows", "spans")
        arrays = {f"places.{name}": getattr(self, name) for name in names}
        return {"levels": [list(levels) for levels in self.levels]}, arrays

    @classmethod
    def restore(cls, state: Mapping[str, Any], arrays: Arrays) -> Self:
        """From plain data and arrays."""
        return cls(
            numbers=arrays["places.numbers"],
            codes=arrays["places.codes"],
            lows=arrays["places.lows"],
            spans=arrays["places.spans"],
            levels=tuple(tuple(levels) for levels in state["levels"]),
        )


def _placed(
    block: Block, lows: FloatArray, spans: FloatArray, levels: tuple[tuple[str | None, ...], ...]
) -> tuple[FloatArray, NDArray[np.int64]]:
    missing = np.isnan(block.numbers)
    # The middle, and 1/2 aside: from 1/2 to 1 away from whatever is there.
    scaled = np.where(missing, 0.5, (block.numbers - lows) / spans)
    codes = np.empty(block.texts.shape, dtype=np.int64)
    for j, own in enumerate(levels):
        known = {level: code for code, level in enumerate(own)}
        codes[:, j] = [known.get(text, -1) for text in block.texts[:, j].tolist()]
    return np.concatenate([scaled, 0.5 * missing], axis=1), codes
