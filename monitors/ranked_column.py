"""One column of pooled rows, sorted once, whose distributions under many weights are then cheap."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray

from .samples import level_codes


class RankedColumn:
    """Distinct values of a column with the rows that hold them; ties and atoms are kept as such.

    A missing cell is a value of its own: the largest.

    Args:
        codes: For each of N rows the place of its value among the distinct ones, shape (N,).
        has_missing: Whether the last of these values stands for missing cells.

    Attributes:
        codes: As given.
        levels: How many distinct values there are, G.

    Example:
        >>> column = RankedColumn(np.array([0, 0, 1]), has_missing=False)
        >>> column.shares(np.array([[1.0, 1.0, 2.0]]))
        array([[0.5, 0.5]])
    """

    def __init__(self, codes: NDArray[np.intp], *, has_missing: bool) -> None:
        self.codes = codes
        self.has_missing = has_missing
        self.levels = int(codes.max()) + 1
        self._order = np.argsort(codes, kind="stable")
        self._starts = np.searchsorted(codes[self._order], np.arange(self.levels))

    @classmethod
    def of(cls, block: Block, name: str) -> RankedColumn:
        """A column of a block."""
        if name in block.table.numeric:
            # NaN are equal to each other here, and come last.
            _, codes = np.unique(block.number(name), return_inverse=True)
        else:
            codes = level_codes(block.text(name))
            _, codes = np.unique(codes, return_inverse=True)
        return cls(codes, has_missing=block.missing(name) > 0)

    def counts(self, weights: FloatArray) -> FloatArray:
        """Weight on each distinct value, shape (r, G), of weights of shape (r, N)."""
        return np.asarray(np.add.reduceat(weights[:, self._order], self._starts, axis=1))

    def shares(self, weights: FloatArray) -> FloatArray:
        """The same as shares of the whole."""
        counts = self.counts(weights)
        return np.asarray(counts / counts.sum(axis=1, keepdims=True))

    def midranks(self, weights: FloatArray) -> FloatArray:
        """``P(X < x) + P(X = x) / 2`` of each row under each weighting, shape (r, N).

        A missing cell gets 1/2, the middle.
        """
        counts = self.counts(weights)
        if self.has_missing:
            counts[:, -1] = 0.0
        total = np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
        middles = (np.cumsum(counts, axis=1) - counts / 2.0) / total
        if self.has_missing:
            middles[:, -1] = 0.5
        return np.asarray(middles[:, self.codes])
