"""Whether numbers rise and fall together as strongly."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import FloatArray

from .comparison import Comparison
from .correlations import affordable, correlation_distances, correlations
from .measure import Need
from .pairs_measure import Pair, PairsMeasure

_MOST_DRAWS: Final = 50


class RankCorrelationDistance(PairsMeasure):
    r"""Difference of Spearman's rank correlations, :math:`|\rho - \rho'|`, the mean over the pairs.

    Each column is ranked among the cells that it has in its sample, equal ones with their middle
    rank. (Others rank again in the rows where both columns have a cell; without missing cells that
    is the same.) Unlike Pearson's it sees any rise and fall, and no outlier decides it.

    Reference: Spearman, Am. J. Psychol. 15 (1904) 72.

    Example:
        >>> from halflife.schemas.table import Block, Column, Table
        >>> table = Table((Column(name="x"), Column(name="y")))
        >>> line, bend = ([{"x": i, "y": i**p} for i in range(9)] for p in (1, 5))
        >>> both = (Block.from_rows(table, rows) for rows in (line, bend))
        >>> print(round(RankCorrelationDistance().measure(Comparison.of(*both, seed=0)).value, 6))
        0.0
    """

    name: ClassVar[str] = "rank_correlation_distance"
    title: ClassVar[str] = "Rank correlation distance"
    highest: ClassVar[float | None] = 2.0
    needs: ClassVar[tuple[Need, ...]] = ("two columns", "numbers")
    says: ClassVar[str] = "The difference of Spearman's rank correlations"

    def _dependence(
        self, comparison: Comparison
    ) -> tuple[dict[Pair, FloatArray], dict[Pair, dict[str, Any]], dict[str, Any]]:
        names = comparison.table.numeric
        cells = comparison.pooled.numbers
        codes = [np.unique(column, return_inverse=True)[1] for column in cells.T]
        draws = affordable(comparison, len(names), min(comparison.draws, _MOST_DRAWS))
        both = []
        for real in comparison.as_real[: 1 + draws] > 0.0:
            sides = (np.column_stack([_ranks(c[rows]) for c in codes]) for rows in (real, ~real))
            own, other = sides
            own[np.isnan(cells[real])] = np.nan
            other[np.isnan(cells[~real])] = np.nan
            both.append((correlations(own), correlations(other)))
        return correlation_distances(names, both)


def _ranks(codes: NDArray[np.intp]) -> FloatArray:
    """Middle ranks of the cells of a sample, whose codes are in the order of their values."""
    counts = np.bincount(codes)
    return np.asarray((np.cumsum(counts) - counts / 2.0)[codes])
