"""Whether numbers are as strongly correlated."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from halflife.schemas.table import FloatArray

from .comparison import Comparison
from .correlations import correlation_distances, correlations
from .measure import Need
from .pairs_measure import Pair, PairsMeasure


class CorrelationDistance(PairsMeasure):
    r"""Difference of Pearson's correlations, :math:`|r - r'|`, the mean over the pairs of numbers.

    Over the rows in which both columns have a cell. A pair of which a column is constant in the
    real rows is left out; a synthetic column that is constant where the real one is not has
    correlation 0.

    Reference: Pearson, Proc. R. Soc. 58 (1895) 240.

    Example:
        >>> from halflife.schemas.table import Block, Column, Table
        >>> table = Table((Column(name="x"), Column(name="y")))
        >>> line, back = ([{"x": i, "y": sign * i} for i in range(9)] for sign in (1, -1))
        >>> both = (Block.from_rows(table, rows) for rows in (line, back))
        >>> print(round(CorrelationDistance().measure(Comparison.of(*both, seed=0)).value, 6))
        2.0
    """

    name: ClassVar[str] = "correlation_distance"
    title: ClassVar[str] = "Correlation distance"
    highest: ClassVar[float | None] = 2.0
    needs: ClassVar[tuple[Need, ...]] = ("two columns", "numbers")
    says: ClassVar[str] = "The difference of Pearson's correlations"

    def _dependence(
        self, comparison: Comparison
    ) -> tuple[dict[Pair, FloatArray], dict[Pair, dict[str, Any]], dict[str, Any]]:
        cells = comparison.pooled.numbers
        middle, spread = _column_scale(cells)
        scaled = (cells - middle) / spread
        both = [
            (correlations(scaled, real), correlations(scaled, 1.0 - real))
            for real in comparison.as_real
        ]
        return correlation_distances(comparison.table.numeric, both)


def _column_scale(cells: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation of the cells that are there; 0 and 1 where there are none."""
    there = ~np.isnan(cells)
    count = np.maximum(there.sum(axis=0), 1)
    middle = np.where(there, cells, 0.0).sum(axis=0) / count
    spread = np.sqrt((np.where(there, cells - middle, 0.0) ** 2).sum(axis=0) / count)
    return middle, np.where(spread > 0.0, spread, 1.0)
