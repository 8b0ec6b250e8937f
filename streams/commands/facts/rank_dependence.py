"""The dependence of every two columns among any choice of the rows of a block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray, ObjectArray

_MEASURES: Final = ("Spearman", "correlation ratio", "Cramer's V")
_MOST_LEVELS: Final = 10
_CONSTANT: Final = 1e-9  # spread of ranks under which a column does not vary


class RankDependence:
    r"""Columns as ranks and indicators, so that a choice of rows is a few products away.

    Two numbers have Spearman's :math:`\rho`, a category and a number the correlation ratio
    :math:`\eta` of its ranks, two categories Cramer's :math:`V`. A missing number has the middle
    rank, a missing category is a level; the rarest levels beyond ten are one.

    Args:
        block: N rows of d columns.

    Reference: Cramer, Mathematical Methods of Statistics (1946), chapter 21.

    Example:
        >>> from halflife.schemas.table import Column, Table
        >>> table = Table((Column(name="x"), Column(name="y")))
        >>> block = Block.from_rows(table, [{"x": i, "y": -(i**3)} for i in range(9)])
        >>> RankDependence(block).among(np.ones(9, dtype=bool)).round(2).tolist()
        [[1.0, -1.0], [-1.0, 1.0]]
    """

    def __init__(self, block: Block) -> None:
        self._rows = len(block)
        columns = block.table.columns
        self._columns = len(columns)
        self._numbers = [k for k, column in enumerate(columns) if column.is_number]
        self._categories = [k for k, column in enumerate(columns) if not column.is_number]
        self._levels = {k: _indicators(block.text(columns[k].name)) for k in self._categories}
        self._codes, self._ends = _codes([block.number(columns[k].name) for k in self._numbers])

    def __len__(self) -> int:
        return self._rows

    def measure(self, i: int, j: int) -> str:
        """Which of the three measures fits two columns."""
        return _MEASURES[(i in self._categories) + (j in self._categories)]

    def among(self, rows: NDArray[np.bool_]) -> FloatArray:
        """All pairs among some rows, shape (d, d); NaN where one of the two does not vary.

        Args:
            rows: Which, shape (N,).
        """
        found = np.full((self._columns, self._columns), np.nan)
        size = max(1, int(rows.sum()))
        levels = {k: _scaled(cells[rows]) for k, cells in self._levels.items()}
        if self._numbers:
            numbers = self._ranks(rows)
            spread = np.sqrt((numbers**2).mean(axis=0))
            numbers = numbers / np.where(spread > _CONSTANT, spread, np.nan)
            found[np.ix_(self._numbers, self._numbers)] = numbers.T @ numbers / size
            for k, level in levels.items():
                if level.shape[1] > 1:
                    ratio = np.sqrt(((level.T @ numbers / size) ** 2).sum(axis=0))
                    found[k, self._numbers] = found[self._numbers, k] = ratio
        for i, one in levels.items():
            for j, other in levels.items():
                fewest = min(one.shape[1], other.shape[1]) - 1
                if i < j and fewest > 0:
                    squares = ((one.T @ other / size) ** 2).sum()
                    found[i, j] = found[j, i] = np.sqrt(squares / fewest)
        np.fill_diagonal(found, 1.0)
        return np.asarray(np.clip(found, -1.0, 1.0))

    def _ranks(self, rows: NDArray[np.bool_]) -> FloatArray:
        """Ranks of the numbers around 0, in [-1/2, 1/2]; 0 for a missing cell, shape (n, p).

        By counting how often each value occurs: no choice of rows has to be sorted.
        """
        codes = self._codes[rows]
        known = codes >= 0
        counts = np.bincount(codes[known], minlength=int(self._ends[-1]))
        behind = np.concatenate([[0], np.cumsum(counts)])
        begins = behind[self._ends[:-1]]
        middles = np.append(behind[:-1] + counts / 2, 0.0)  # the last is that of missing cells
        among = np.maximum(behind[self._ends[1:]] - begins, 1)
        ranks = np.where(known, (middles[codes] - begins) / among - 0.5, 0.0)
        return np.asarray(ranks - ranks.mean(axis=0))


def _indicators(texts: ObjectArray) -> FloatArray:
    """A column of 0 and 1 for each level, the commonest first, shape (N, k)."""
    import pandas as pd

    codes, levels = pd.factorize(pd.Series(texts, dtype=object), use_na_sentinel=False)
    counts = np.bincount(codes, minlength=len(levels))
    place = np.empty(len(levels), dtype=np.intp)
    place[np.argsort(-counts, kind="stable")] = np.arange(len(levels))
    kept = max(1, min(len(levels), _MOST_LEVELS))
    return np.eye(kept)[np.minimum(place[codes], kept - 1)]


def _scaled(indicators: FloatArray) -> FloatArray:
    """Indicators of the levels that occur, less their share, over its root."""
    share = indicators.mean(axis=0)
    there = share > 0.0
    return np.asarray((indicators[:, there] - share[there]) / np.sqrt(share[there]))


def _codes(columns: Sequence[FloatArray]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Values as whole numbers in their order, column after column; -1 for a missing cell.

    Returns:
        Shape (N, p), and where the numbers of each column begin and those of the last end,
        shape (p + 1,).
    """
    found, ends = [], [0]
    for cells in columns:
        known = np.isfinite(cells)
        codes = np.full(len(cells), -1, dtype=np.int64)
        values, codes[known] = np.unique(cells[known], return_inverse=True)
        codes[known] += ends[-1]
        ends.append(ends[-1] + len(values))
        found.append(codes)
    whole = np.stack(found, axis=1) if found else np.zeros((0, 0), dtype=np.int64)
    return whole, np.array(ends, dtype=np.int64)
