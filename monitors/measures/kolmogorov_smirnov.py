"""The largest gap between two cumulative distributions."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from halflife.schemas.table import FloatArray

from .columns_measure import ColumnsMeasure, to_shares, value_counts
from .comparison import Comparison
from .measure import Need


class KolmogorovSmirnov(ColumnsMeasure):
    r"""Kolmogorov-Smirnov distance, :math:`D = \max_x |F(x) - G(x)|`, the mean over the numbers.

    At every value that occurs, so that grids and ties are exact.

    Reference: Massey, JASA 46 (1951) 68.

    Example:
        >>> from halflife.schemas.table import Block, Column, Table
        >>> table = Table((Column(name="x"),))
        >>> low, high = (Block(table, x, np.empty((4, 0), dtype=object))
        ...     for x in (np.array([[0.0], [1.0], [2.0], [3.0]]), np.full((4, 1), 2.5)))
        >>> KolmogorovSmirnov().measure(Comparison.of(low, high, seed=0)).value
        0.75
    """

    name: ClassVar[str] = "kolmogorov_smirnov"
    title: ClassVar[str] = "Kolmogorov-Smirnov distance"
    needs: ClassVar[tuple[Need, ...]] = ("numbers",)
    kinds: ClassVar[Literal["all", "numbers", "categories"]] = "numbers"
    says: ClassVar[str] = "The largest gap between the cumulative distributions"

    def _compare(self, comparison: Comparison, name: str) -> FloatArray:
        _, real, synthetic = value_counts(comparison, name)
        apart = np.cumsum(to_shares(real) - to_shares(synthetic), axis=1)
        return np.asarray(np.abs(apart).max(axis=1))
