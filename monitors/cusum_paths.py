"""Where many CUSUMs go in a few records, without a loop over the records."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Int32Array = NDArray[np.int32]

_WIDTH = 8  # records of a group: the groups of a segment are then scanned side by side


class CusumPaths:
    """``S_k <- max(S_k, 0) + l_k - c_k`` over the next records of ``K`` CUSUMs.

    Records are taken in groups of 8. With sums ``P_t`` of what was added since the start of the
    group, ``m_t`` the least of 0 and those before t, and ``S`` the path at that start,
    ``S_t = P_t - min(m_t, -max(S, 0))``. P and m of all groups are formed at once, then S from
    group to group. All are integers, so that this is the recursion itself.

    Args:
        records: How many at most 255, n.
        size: K.

    Example:
        >>> paths = CusumPaths(3, 1)
        >>> says = np.array([[-5], [7], [-1]], np.int32)
        >>> paths.run([says], charges=np.ones(1, np.int32), cusums=np.ones(1, np.int32))
        >>> [paths.at(t, slice(None)).tolist() for t in range(3)]
        [[-5], [6], [4]]
        >>> paths.highest().tolist(), paths.zeros().tolist(), paths.last().tolist()
        ([6], [1], [4])
    """

    def __init__(self, records: int, size: int) -> None:
        self.records = records
        self._width = min(records, _WIDTH)
        self._groups = -(-records // self._width)
        shape = (self._width, self._groups, size)
        self._paths = np.empty(shape, dtype=np.int32)
        self._lowest = np.empty(shape, dtype=np.int32)
        self._steps = list(zip(self._paths, self._lowest, strict=True))
        self._starts = np.empty(shape[1:], dtype=np.int32)  # -max(S, 0)
        counts = np.arange(self._width)[:, None] + np.arange(self._groups) * self._width + 1
        self._counts = np.where(counts <= records, counts, 0).astype(np.uint8)[:, :, None]

    def run(
        self, increments: Sequence[Int32Array], charges: Int32Array, cusums: Int32Array
    ) -> None:
        """Follow the CUSUMs from ``cusums``, shape (K,).

        Args:
            increments: ``l_k`` in steps, shapes (n, k) with K columns in all.
            charges: Shape (K,), ``c_k`` in steps, at least 0.
            cusums: Shape (K,), where they stand.
        """
        width, groups, _ = self._paths.shape
        first = 0
        for each in increments:
            last = first + each.shape[1]
            by_place = self._padded(each).reshape(groups, width, -1).transpose(1, 0, 2)
            np.subtract(by_place, charges[first:last], out=self._paths[:, :, first:last])
            first = last
        self._lowest[0] = 0
        before, lowest = self._steps[0]
        for sums, lower in self._steps[1:]:
            np.minimum(lowest, before, out=lower)
            np.add(before, sums, out=sums)
            before, lowest = sums, lower
        start = np.minimum(np.negative(cusums), 0, out=self._starts[0])
        if groups > 1:
            ends = np.minimum(lowest - before, 0)  # where it goes that starts at or below zero
            for group in range(1, groups):
                start = np.subtract(start, before[group - 1], out=self._starts[group])
                np.minimum(start, ends[group - 1], out=start)
        np.minimum(self._lowest, self._starts, out=self._lowest)
        np.subtract(self._paths, self._lowest, out=self._paths)

    def _padded(self, increments: Int32Array) -> Int32Array:
        """With records of zeros that fill up the last group."""
        short = self._width * self._groups - self.records
        if not short:
            return increments
        zeros = np.zeros((short, increments.shape[1]), dtype=np.int32)
        return np.concatenate([increments, zeros])

    def at(self, record: int, lanes: slice) -> Int32Array:
        """Some of the CUSUMs after a record, shape (lanes,)."""
        return self._paths[record % self._width, record // self._width, lanes]

    def last(self) -> Int32Array:
        """Where they stand at the end, shape (K,)."""
        return self.at(self.records - 1, slice(None))

    def highest(self) -> Int32Array:
        """The most that each reaches, shape (K,)."""
        # Records that fill up the last group only let them fall.
        return np.asarray(self._paths.reshape(-1, self._paths.shape[2]).max(axis=0))

    def zeros(self) -> NDArray[np.uint8]:
        """How many records there are up to the last one with ``S_k <= 0``, shape (K,)."""
        low = (self._paths <= 0).view(np.uint8)
        np.multiply(low, self._counts, out=low)
        return np.asarray(low.reshape(-1, low.shape[2]).max(axis=0))

    def whole(self, lanes: slice) -> Int32Array:
        """Some of the CUSUMs after each record, shape (n, lanes)."""
        paths = self._paths[:, :, lanes].transpose(1, 0, 2)
        return paths.reshape(-1, paths.shape[2])[: self.records]
