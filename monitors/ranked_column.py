"""One column of pooled rows, sorted once, whose distributions under many weights are then cheap."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray


class RankedColumn:
    """Distinct values of a column with the rows that hold them; ties and atoms are kept as such.

    A missing cell is a value of its own: the largest.

    Args:
        codes: For each of N rows the place of its value among the distinct ones, shape (N,).
        has_missing: Whether the last of these values stands for missing cells.
        order: The places of the rows by rising code, where they are known already.

    Attributes:
        codes: As given.
        levels: How many distinct values there are, G.

    Example:
        >>> column = RankedColumn(np.array([0, 0, 1]), has_missing=False)
        >>> column.shares(np.array([[1.0, 1.0, 2.0]]))
        array([[0.5, 0.5]])
    """

    def __init__(
        self,
        codes: NDArray[np.intp],
        *,
        has_missing: bool,
        order: NDArray[np.intp] | None = None,
    ) -> None:
        self.codes = codes
        self.has_missing = has_missing
        self.levels = int(codes.max()) + 1
        self._order = np.argsort(codes, kind="stable") if order is None else order
        self._starts = np.searchsorted(codes[self._order], np.arange(self.levels))

    @classmethod
    def of(cls, block: Block, name: str) -> RankedColumn:
        """A column of a block."""
        if name in block.table.numeric:
            cells = block.number(name)
        else:
            cells = level_codes(block.text(name)).astype(np.float64)
        order = np.argsort(cells, kind="stable")  # NaN come last
        ordered = cells[order]
        # NaN are equal to each other here.
        differs = (ordered[1:] != ordered[:-1]) & ~np.isnan(ordered[:-1])
        codes = np.empty(len(cells), dtype=np.intp)
        codes[order] = np.concatenate([[0], np.cumsum(differs)])
        return cls(codes, has_missing=block.missing(name) > 0, order=order)

    def counts(self, weights: NDArray[Any]) -> FloatArray:
        """Weight on each distinct value, shape (r, G), of weights of shape (r, N)."""
        ordered = weights[:, self._order]
        if self.levels == ordered.shape[1]:
            return np.asarray(ordered, dtype=np.float64)
        return np.asarray(np.add.reduceat(ordered, self._starts, axis=1, dtype=np.float64))

    def farthest(self, weights: NDArray[Any]) -> NDArray[Any]:
        r"""``max_x |W(X <= x)|`` of each of r signed weightings, shape (r,).

        The Kolmogorov-Smirnov distance where the weights of a weighting add up to 0.

        Args:
            weights: Shape (N, r), of a type that holds every sum of them.
        """
        ordered = weights[self._order]
        # Sums in strides of sqrt(N), each over all strides and weightings at once.
        stride = max(1, math.isqrt(len(ordered)))
        whole = len(ordered) // stride
        blocks = ordered[: whole * stride].reshape(whole, stride, -1)
        for step in range(1, stride):
            blocks[:, step] += blocks[:, step - 1]
        rest = ordered[whole * stride :]
        ends = np.cumsum(blocks[:, -1], axis=0, dtype=ordered.dtype)
        blocks[1:, :-1] += ends[:-1, None]
        blocks[:, -1] = ends
        if len(rest):
            np.cumsum(rest, axis=0, dtype=ordered.dtype, out=rest)
            rest += ends[-1]
        if self.levels < len(ordered):
            last = np.append(self._starts[1:], len(ordered)) - 1
            ordered = ordered[last]
        return np.asarray(np.maximum(ordered.max(axis=0), -ordered.min(axis=0)))

    def apart(self, weights: NDArray[Any]) -> NDArray[Any]:
        """``sum_x |W(X = x)|`` of each of r signed weightings of shape (N, r), shape (r,)."""
        sums = np.add.reduceat(weights[self._order], self._starts, axis=0, dtype=weights.dtype)
        return np.asarray(np.abs(sums).sum(axis=0, dtype=np.int64))

    def shares(self, weights: NDArray[Any]) -> FloatArray:
        """The same as shares of the whole."""
        counts = self.counts(weights)
        return np.asarray(counts / counts.sum(axis=1, keepdims=True))

    def midranks(self, weights: NDArray[Any]) -> FloatArray:
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


def level_codes(texts: Sequence[str | None] | NDArray[np.object_]) -> NDArray[np.intp]:
    """Each cell as the place of its text among the sorted ones; missing cells come last."""
    levels = sorted({text for text in texts if text is not None})
    place: dict[str | None, int] = {text: i for i, text in enumerate(levels)}
    place[None] = len(levels)
    return np.fromiter((place[text] for text in texts), dtype=np.intp, count=len(texts))
