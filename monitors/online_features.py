"""Cells of a row as the features of an online learner, in an encoding that never moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, Final, Self

import numpy as np

from halflife.schemas.table import Block, FloatArray

_CUT: Final = 4.0
_MOST_LEVELS: Final = 10
_MOST_CROSSED: Final = 8


class OnlineFeatures:
    """Standard scores, their squares and products, and indicators of levels.

    A number becomes :math:`z = (x - m) / s` with m the median and s the mean distance from it in
    the rows that it was made from, cut to [-4, 4]; a missing one is 0, with a column beside it
    that says so. Squares, and products where there are at most eight numbers, each over 4, let a
    linear model bend. A category becomes a column for each of its ten commonest levels. All are
    divided by the root of their number, so that one step size of gradient descent suits every
    table; none is ever NaN or infinite.

    Args:
        numbers: Median and spread of each numeric input, by name.
        levels: The levels of each categorical input that have a column, by name.

    Example:
        >>> from halflife.schemas.table import Column, Table
        >>> table = Table((Column(name="x"),))
        >>> block = Block.from_rows(table, [{"x": 1.0}, {"x": 2.0}, {"x": 3.0}, {"x": None}])
        >>> (OnlineFeatures.of(block, ["x"]).matrix(block) * 2).round(2).tolist()
        [[1.0, -1.5, 0.0, 0.56], [1.0, 0.0, 0.0, 0.0], [1.0, 1.5, 0.0, 0.56], [1.0, 0.0, 1.0, 0.0]]
    """

    def __init__(
        self, numbers: Mapping[str, Sequence[float]], levels: Mapping[str, Sequence[str]]
    ) -> None:
        self.numbers = {name: (float(m), float(s)) for name, (m, s) in numbers.items()}
        self.levels = {name: tuple(found) for name, found in levels.items()}

    @classmethod
    def of(cls, block: Block, names: Sequence[str]) -> Self:
        """The encoding of some columns, from at least one row."""
        numbers = {n: centre_and_spread(block.number(n)) for n in names if n in block.table.numeric}
        levels = {
            n: commonest(block, n, _MOST_LEVELS) for n in names if n in block.table.categories
        }
        return cls(numbers, levels)

    def matrix(self, block: Block) -> FloatArray:
        """The features of some rows, shape (n, f)."""
        scores, columns = [], [np.ones(len(block))]
        for name, (middle, spread) in self.numbers.items():
            cells = block.number(name)
            missing = np.isnan(cells)
            scores.append(np.clip(np.where(missing, 0.0, cells - middle) / spread, -_CUT, _CUT))
            columns += [scores[-1], missing.astype(np.float64)]
        columns += [score * score / _CUT for score in scores]
        if len(scores) <= _MOST_CROSSED:
            columns += [a * b / _CUT for a, b in combinations(scores, 2)]
        for name, levels in self.levels.items():
            texts = block.text(name)
            columns += [(texts == level).astype(np.float64) for level in levels]
        return np.asarray(np.column_stack(columns) / np.sqrt(len(columns)))

    def dicts(self, block: Block) -> list[dict[str, float]]:
        """The same as river takes them."""
        rows = self.matrix(block)
        names = [str(i) for i in range(rows.shape[1])]
        return [dict(zip(names, row, strict=True)) for row in rows.tolist()]

    def state(self) -> dict[str, Any]:
        """Plain data that the constructor takes."""
        return {
            "numbers": {name: list(pair) for name, pair in self.numbers.items()},
            "levels": {name: list(found) for name, found in self.levels.items()},
        }


def centre_and_spread(cells: FloatArray) -> tuple[float, float]:
    """Median and mean distance from it of the finite cells; 1 where there is no spread."""
    cells = cells[np.isfinite(cells)]
    if not len(cells):
        return 0.0, 1.0
    middle = float(np.median(cells))
    spread = float(np.abs(cells - middle).mean())
    return middle, spread if 0.0 < spread < np.inf else 1.0


def commonest(block: Block, name: str, most: int) -> list[str]:
    """The commonest levels of a category; of equally common ones the first by name."""
    texts = [text for text in block.text(name) if text is not None]
    levels, counts = np.unique(np.array(texts, dtype=object).astype(str), return_counts=True)
    return [str(levels[i]) for i in np.argsort(-counts, kind="stable")[:most]]
