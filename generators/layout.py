"""Which column of an encoded matrix stands for what."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Layout:
    """The columns of the matrix that `Encoding` makes, in words that outlive it.

    Args:
        keys: Of each matrix column, the table's column and what of it is shown: ``"score"`` of a
            number, ``"gap"`` where it is missing, else a level of a category.
        offsets: What was taken off each matrix column: the mean of an indicator, else 0.

    Example:
        >>> mine = Layout((("x", "score"), ("who", "=ann")), (0.0, 0.5))
        >>> theirs = Layout((("who", "=ann"), ("who", "=bob")), (0.4, 0.6))
        >>> mine.width, mine.columns, mine.owners.tolist(), mine.groups
        (2, ('x', 'who'), [0, 1], ((1, 2),))
        >>> [found.tolist() for found in mine.shared(theirs)]
        [[1], [0]]
    """

    keys: tuple[tuple[str, str], ...]
    offsets: tuple[float, ...]

    @property
    def width(self) -> int:
        """Columns of the matrix."""
        return len(self.keys)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns of the table, in the order of the matrix."""
        return tuple(dict.fromkeys(name for name, _ in self.keys))

    @cached_property
    def owners(self) -> NDArray[np.intp]:
        """Of each matrix column, the place of its table column in `columns`; shape (width,)."""
        place = {name: i for i, name in enumerate(self.columns)}
        return np.array([place[name] for name, _ in self.keys], dtype=np.intp)

    @cached_property
    def scores(self) -> tuple[int, ...]:
        """Matrix columns with the scores of numbers."""
        return tuple(i for i, (_, what) in enumerate(self.keys) if what == "score")

    @cached_property
    def gaps(self) -> tuple[int, ...]:
        """Matrix columns that tell whether a number is missing."""
        return tuple(i for i, (_, what) in enumerate(self.keys) if what == "gap")

    @cached_property
    def groups(self) -> tuple[tuple[int, int], ...]:
        """First and one past the last indicator of each category."""
        shown: dict[str, list[int]] = {}
        for i, (name, what) in enumerate(self.keys):
            if what not in {"score", "gap"}:
                shown.setdefault(name, []).append(i)
        return tuple((one[0], one[-1] + 1) for one in shown.values())

    def places(self, names: tuple[str, ...]) -> NDArray[np.intp]:
        """Matrix columns of some of the table's columns."""
        return np.array([i for i, (name, _) in enumerate(self.keys) if name in names], np.intp)

    def shared(self, other: Layout) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Where both show the same thing: places here and there, in the order of this layout."""
        there = {key: i for i, key in enumerate(other.keys)}
        pairs = [(i, there[key]) for i, key in enumerate(self.keys) if key in there]
        found = np.array(pairs, dtype=np.intp).reshape(-1, 2)
        return found[:, 0], found[:, 1]
