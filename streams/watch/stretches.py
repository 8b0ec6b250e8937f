"""Stretches of the records of a stream, by their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray


class Stretches:
    """Stretches of records that were marked: none touches another, and they rise.

    Example:
        >>> marked = Stretches()
        >>> marked.add(3, 5)
        >>> marked.add(9, 9)
        >>> marked.add(6, 7)
        >>> marked.state(), marked.count(since=5), marked.others(4, before=10).tolist()
        ([[3, 7], [9, 9]], 4, [0, 1, 2, 8])
    """

    def __init__(self, stretches: Sequence[tuple[int, int]] = ()) -> None:
        self._stretches = list(stretches)

    def add(self, first: int, last: int) -> None:
        """Mark the records ``first`` to ``last``, both among them."""
        apart = []
        for start, end in self._stretches:
            if end < first - 1 or start > last + 1:
                apart.append((start, end))
            else:
                first, last = min(first, start), max(last, end)
        self._stretches = sorted([*apart, (first, last)])

    def count(self, *, since: int) -> int:
        """How many records from one on are marked."""
        return sum(max(0, end - max(start, since) + 1) for start, end in self._stretches)

    def others(self, count: int, *, before: int) -> NDArray[np.int64]:
        """The numbers of the last records before one that are not marked, rising, at most some."""
        parts = []
        for start, end in [*reversed(self._stretches), (-1, -1)]:
            free = range(max(end + 1, before - count), before) if end < before else range(0)
            parts.append(np.arange(free.start, max(free.start, free.stop), dtype=np.int64))
            count -= len(parts[-1])
            before = min(before, start)
        return np.concatenate(parts[::-1])

    def state(self) -> list[list[int]]:
        """As plain data."""
        return [list(stretch) for stretch in self._stretches]

    @classmethod
    def restored(cls, state: Sequence[Sequence[int]]) -> Self:
        """Those that gave this state."""
        return cls([(int(first), int(last)) for first, last in state])
