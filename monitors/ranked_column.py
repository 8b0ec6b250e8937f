"""One column of pooled rows, sorted once, whose distributions under many weights are then cheap."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray

_STRIDE: Final = 50


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
        order = np.argsort(cells)  # NaN come last; no sum depends on the order of equal cells
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
        # Of all strides one row at a time: what is worked on stays in the cache, and what came
        # before a stride is added to its extremes alone.
        places, ends, spare = self._strides()
        strides, length = places.shape
        sums, rows = np.zeros((2, strides, weights.shape[1]), weights.dtype)
        limits = np.iinfo(weights.dtype)
        least, most = np.full_like(sums, limits.max), np.full_like(sums, limits.min)
        for step in range(length):
            np.take(weights, places[:, step], axis=0, out=rows, mode="clip")
            if step < spare:
                rows[0] = 0
            sums += rows
            counted: Any = ends[:, step] if self.levels < len(self._order) else True
            np.minimum(least, sums, out=least, where=counted)
            np.maximum(most, sums, out=most, where=counted)
        before = np.cumsum(sums, axis=0, dtype=weights.dtype) - sums
        some = ends.any(axis=(1, 2))
        lowest, highest = (least + before)[some].min(axis=0), (most + before)[some].max(axis=0)
        return np.asarray(np.maximum(highest, -lowest))

    def _strides(self) -> tuple[NDArray[np.intp], NDArray[np.bool_], int]:
        """The rows by rising value, in strides of one length, shape (strides, length).

        Beside them which are the last of their value, shape (strides, length, 1), and how many
        places stand before the first row.
        """
        n = len(self._order)
        length = min(math.isqrt(n), _STRIDE)
        strides = -(-n // length)
        spare = strides * length - n
        places = np.pad(self._order, (spare, 0)).reshape(strides, length)
        ends = np.zeros(strides * length, dtype=np.bool_)
        ends[spare + np.append(self._starts[1:], n) - 1] = True
        return places, ends.reshape(strides, length, 1), spare

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
