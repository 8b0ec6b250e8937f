"""Rows as points: how far two rows are apart in the column in which they differ most."""

from __future__ import annotations

import zlib
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, Table

from .arrays import pack, unpack
from .digit_law import decimals

FloatArray = NDArray[np.float64]

MISSING: Final = 1e12
_LARGEST: Final = 1e11


class RowSpace:
    """Each numeric cell over the standard deviation of its column, each category as its code.

    A missing cell is equal to a missing one and far from all others; so is a category.

    Args:
        table: Of the rows.
        scales: Shape (len(table.numeric),), in the units of the columns, above 0.

    Example:
        >>> from halflife.schemas.table import Column
        >>> table = Table((Column(name="x"),))
        >>> rows = Block.from_rows(table, [{"x": 1.0}, {"x": 3.0}, {"x": None}])
        >>> RowSpace.fit(rows).points(rows)[:, 0].tolist()
        [1.0, 3.0, 1000000000000.0]
    """

    def __init__(self, table: Table, scales: FloatArray) -> None:
        self.table, self.scales = table, scales

    @classmethod
    def fit(cls, rows: Block) -> RowSpace:
        """From real rows; a column that does not vary has the scale 1."""
        scales = np.ones(len(rows.table.numeric))
        for j, column in enumerate(rows.numbers.T):
            known = np.clip(column[~np.isnan(column)], -1e150, 1e150)
            scale = float(known.std()) if len(known) else 0.0
            scales[j] = scale if scale > 1e-12 * np.abs(known).max(initial=0.0) else 1.0
        return cls(rows.table, scales)

    def steps(self, rows: Block) -> FloatArray:
        """The last digit of most cells of each column of `points`, shape (columns,)."""
        steps = np.ones(len(self.table.names))
        if len(rows):
            digits = np.quantile(decimals(rows.numbers), 0.5, axis=0, method="lower")
            steps[: len(self.scales)] = 10.0 ** -digits.astype(np.float64) / self.scales
        return steps

    def points(self, rows: Block) -> FloatArray:
        """Shape (n, columns): the numeric columns, then the categories."""
        numbers = np.clip(rows.numbers / self.scales, -_LARGEST, _LARGEST)
        numbers[np.isnan(numbers)] = MISSING
        codes = [[_code(text) for text in column] for column in rows.texts.T]
        return np.column_stack([numbers, *(np.array(column) for column in codes)])

    def state(self) -> dict[str, Any]:
        """As plain data."""
        return pack(self.scales)

    @classmethod
    def of_state(cls, table: Table, state: dict[str, Any]) -> RowSpace:
        """The space that gave this state."""
        return cls(table, unpack(state))


def _code(text: str | None) -> float:
    return MISSING if text is None else float(zlib.crc32(text.encode()))
