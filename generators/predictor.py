"""A column as decision trees look at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import FloatArray

MOST_LEVELS: Final = 32
"""That have an indicator."""


@dataclass(frozen=True)
class NumberPredictor:
    """A number by its rank among the training values, -1 where it is missing.

    Ranks keep every order, whatever the scale, in the single precision that trees use.

    Args:
        knots: Distinct training values, ascending, shape (m,).
        ranks: Their middle ranks in (0, 1), shape (m,).

    Example:
        >>> NumberPredictor.of(np.array([1., 5., np.nan])).features(np.array([5., 3., np.nan]))
        array([[ 0.75],
               [ 0.5 ],
               [-1.  ]], dtype=float32)
    """

    knots: FloatArray
    ranks: FloatArray

    @classmethod
    def of(cls, cells: FloatArray) -> NumberPredictor:
        """From training cells, shape (n,)."""
        knots, count = np.unique(cells[~np.isnan(cells)], return_counts=True)
        return cls(knots, (np.cumsum(count) - count / 2) / max(int(count.sum()), 1))

    def features(self, cells: FloatArray) -> NDArray[np.float32]:
        """Shape (rows, 1)."""
        found = np.full(len(cells), -1.0)
        there = ~np.isnan(cells)
        if self.knots.size:
            found[there] = np.interp(cells[there], self.knots, self.ranks)
        return found[:, None].astype(np.float32)


@dataclass(frozen=True)
class CategoryPredictor:
    """A category as indicators of its most frequent levels, with the number of its level.

    Args:
        levels: How many levels there are, a missing cell being one.

    Example:
        >>> CategoryPredictor(2).features(np.array([0., 1.]))
        array([[1., 0.],
               [0., 1.]], dtype=float32)
    """

    levels: int

    def features(self, codes: FloatArray) -> NDArray[np.float32]:
        """Shape (rows, min(levels, 32)), with a further column for more levels than that."""
        shown = np.arange(min(self.levels, MOST_LEVELS))
        found: NDArray[np.float32] = (codes[:, None] == shown).astype(np.float32)
        if self.levels > MOST_LEVELS:
            found = np.column_stack([found, codes.astype(np.float32)])
        return found
