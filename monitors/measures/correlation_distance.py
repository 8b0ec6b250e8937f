"""Whether numbers are as strongly correlated."""

from __future__ import annotations

from typing import Any, ClassVar

from halflife.schemas.table import FloatArray

from .comparison import Comparison
from .correlations import affordable, correlation_distances, correlations
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
        names, cells = comparison.table.numeric, comparison.pooled.numbers
        draws = affordable(comparison, len(names), comparison.draws)
        both = [
            (correlations(cells[real]), correlations(cells[~real]))
            for real in comparison.as_real[: 1 + draws] > 0.0
        ]
        return correlation_distances(names, both)
