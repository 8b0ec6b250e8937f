"""Where rows lie, and which real rows are nearest to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray

from .archive import Arrays

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

_OFTEN: Final = 3
_LARGE: Final = 0.05
_AT_ONCE: Final = 512
_FEWEST_ROWS_OF_TREE: Final = 1_000
_MOST_COLUMNS_OF_TREE: Final = 8


@dataclass(frozen=True, eq=False)
class RowPlaces:
    r"""Real rows, of which others are near or far as Gower has it.

    The distance of two rows is the mean over the columns of :math:`|x - y|` over the range of the
    column, or 0 and 1 for equal and other categories. A missing number equals another missing one,
    and is from 1/2 to 1 away from all others.

    Among many rows of few columns a k-d tree finds the nearest, else all are looked at: the same
    distances either way.

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
            Shape (m, many) and (m,); of several at one place it is the first.
        """
        numbers, codes = _placed(block, self.lows, self.spans, self.levels)
        many = min(many, len(self))
        columns = self.numbers.shape[1] // 2 + self.codes.shape[1]
        # Where no row here misses a number, one that does is as far from all of them.
        aside = numbers[:, ~self._telling].sum(axis=1)
        numbers = numbers[:, self._telling]
        tree = self._tree
        if tree is None:
            distances, which = self._by_all(numbers, codes, many)
        else:
            distances, which = self._by_tree(tree, numbers, codes, many)
        first, _ = self._places
        return (distances + aside[:, None]) / columns, first[which]

    @property
    def rooms(self) -> NDArray[np.int64]:
        """How many of the rows lie where each does, itself included, shape (n,)."""
        return self._places[1]

    @property
    def alone(self) -> bool:
        """Whether no row lies where another does."""
        return bool((self.rooms == 1).all())

    def marks(self, block: Block) -> FloatArray:
        """Whether rows have each of the values that come often here, 1 or 0, (m, values).

        Those are in three rows or more, and in a twentieth of them.
        """
        numbers, codes = _placed(block, self.lows, self.spans, self.levels)
        cells = np.concatenate([numbers, codes], axis=1)
        found = [cells[:, j] == value for j, value in self._often]
        return np.array(found, dtype=np.float64).reshape(len(found), len(block)).T

    @cached_property
    def _often(self) -> list[tuple[int, float]]:
        """Columns of numbers and codes, and the values of each that come often."""
        found: list[tuple[int, float]] = []
        for j, cells in enumerate(np.concatenate([self.numbers, self.codes], axis=1).T):
            values, counts = np.unique(cells, return_counts=True)
            often = (counts >= max(_OFTEN, _LARGE * len(cells))) & (counts < len(cells))
            found += [(j, value) for value in values[often].tolist()]
        return found

    @cached_property
    def _places(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Of each row the first that lies where it does, and how many do, each of shape (n,)."""
        rows = np.concatenate([self.numbers, self.codes], axis=1)
        _, first, which, counts = np.unique(
            rows, axis=0, return_index=True, return_inverse=True, return_counts=True
        )
        return first[which.ravel()], counts[which.ravel()]

    @cached_property
    def _telling(self) -> NDArray[np.bool_]:
        """All but what tells that numbers are missing where none is, shape (2 p,)."""
        half = self.numbers.shape[1] // 2
        return np.concatenate([np.ones(half, dtype=np.bool_), self.numbers[:, half:].any(axis=0)])

    @cached_property
    def _tree(self) -> cKDTree | None:
        columns = self.numbers.shape[1] // 2 + self.codes.shape[1]
        if len(self) < _FEWEST_ROWS_OF_TREE or columns > _MOST_COLUMNS_OF_TREE:
            return None
        from scipy.spatial import cKDTree

        return cKDTree(self._corners(self.numbers[:, self._telling], self.codes))

    def _corners(self, numbers: FloatArray, codes: NDArray[np.int64]) -> FloatArray:
        """Numbers, and 1/2 at each row's level of each category: two levels are 1 apart."""
        of_levels = [
            0.5 * (codes[:, j, None] == np.arange(len(own))) for j, own in enumerate(self.levels)
        ]
        return np.concatenate([numbers, *of_levels], axis=1)

    def _by_tree(
        self, tree: cKDTree, numbers: FloatArray, codes: NDArray[np.int64], many: int
    ) -> tuple[FloatArray, NDArray[np.int64]]:
        ranks = np.arange(1, many + 1)
        found = tree.query(self._corners(numbers, codes), k=ranks, p=1)
        distances, which = np.asarray(found[0]), np.asarray(found[1], dtype=np.int64)
        # A level that is not among these is 1 away from them all, and was half of it.
        distances += 0.5 * (codes < 0).sum(axis=1)[:, None]
        return distances, which[:, 0]

    def _by_all(
        self, numbers: FloatArray, codes: NDArray[np.int64], many: int
    ) -> tuple[FloatArray, NDArray[np.int64]]:
        from scipy.spatial.distance import cdist

        own_numbers = np.ascontiguousarray(self.numbers[:, self._telling])
        distances, which = np.empty((len(codes), many)), np.empty(len(codes), dtype=np.int64)
        for start in range(0, len(codes), _AT_ONCE):
            rows = slice(start, start + _AT_ONCE)
            apart = np.zeros((len(codes[rows]), len(self)))
            if numbers.shape[1]:
                apart += cdist(numbers[rows], own_numbers, "cityblock")
            for own, other in zip(codes[rows].T, self.codes.T, strict=True):
                apart += own[:, None] != other[None, :]
            which[rows] = apart.argmin(axis=1)
            distances[rows] = np.sort(np.partition(apart, many - 1, axis=1)[:, :many])
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
