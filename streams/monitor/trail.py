"""Rows of numbers in bounded room: the latest are all there, the older ones thinned."""

from __future__ import annotations

import itertools

import numpy as np

from halflife.schemas.table import FloatArray


class Trail:
    """Keeps at most ``capacity`` rows of numbers, in the order in which they came.

    When it is full, of each two neighbours in the older half the one that matters more is kept:
    what was worst stays to be seen, however long ago.

    Args:
        width: Numbers in a row.
        capacity: Rows, at least 4.

    Example:
        >>> trail = Trail(width=1, capacity=4)
        >>> for value in (0.0, 9.0, 1.0, 2.0, 3.0):
        ...     trail.append([value], matters=value)
        >>> trail.rows[:, 0].tolist()
        [9.0, 1.0, 2.0, 3.0]
    """

    def __init__(self, *, width: int, capacity: int) -> None:
        if capacity < 4:
            raise ValueError(f"a trail needs room for at least 4 rows, not {capacity}")
        self.capacity = capacity
        self._rows = np.empty((capacity, width))
        self._matters = np.empty(capacity)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def rows(self) -> FloatArray:
        """All that is kept, shape (n, width)."""
        return self._rows[: self._count]

    def append(self, row: list[float] | FloatArray, *, matters: float) -> None:
        """The next row.

        Args:
            row: Its numbers; NaN is allowed.
            matters: Of two neighbours the one with more of this outlives the other.
        """
        if self._count == self.capacity:
            self._thin()
        self._rows[self._count] = row
        self._matters[self._count] = matters
        self._count += 1

    def last(self, most: int) -> FloatArray:
        """All of it at no more than so many places: of each stretch the row that matters most.

        The last row is always among them.

        Args:
            most: Rows that are wanted, at least 1.
        """
        if self._count <= most:
            return self.rows.copy()
        edges = np.linspace(0, self._count - 1, most).astype(int)
        heard = np.nan_to_num(self._matters, nan=-np.inf)
        chosen = [a + int(heard[a:b].argmax()) for a, b in itertools.pairwise(edges)]
        return self._rows[[*chosen, self._count - 1]]

    def _thin(self) -> None:
        half = self.capacity // 4 * 2
        pairs = np.arange(half).reshape(-1, 2)
        heard = np.nan_to_num(self._matters[pairs], nan=-np.inf)
        old = pairs[np.arange(len(pairs)), heard.argmax(axis=1)]
        kept = np.concatenate([old, np.arange(half, self.capacity)])
        self._rows[: len(kept)] = self._rows[kept]
        self._matters[: len(kept)] = self._matters[kept]
        self._count = len(kept)
