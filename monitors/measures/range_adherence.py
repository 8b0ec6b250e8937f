"""How many synthetic numbers stay within what real rows have shown."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from halflife.schemas.table import FloatArray

from .columns_measure import ColumnsMeasure, to_shares, value_counts
from .comparison import Comparison
from .measure import Need
from .range_coverage import ends


class RangeAdherence(ColumnsMeasure):
    r"""Share of the synthetic cells within the real range, :math:`P(a \le x' \le b)`.

    The mean over the numbers. A range grows with the rows that show it, so that another real
    sample is not quite at 1 either: see the yardstick.

    Reference: DataCebo, SDMetrics 0.32 (2026), BoundaryAdherence.

    Example:
        >>> from halflife.schemas.table import Block, Column, Table
        >>> table = Table((Column(name="x"),))
        >>> rows = Block.from_rows(table, [{"x": float(i)} for i in range(10)])
        >>> print(RangeAdherence().measure(Comparison.of(rows[:8], rows, seed=0)).value)
        0.8
    """

    name: ClassVar[str] = "range_adherence"
    title: ClassVar[str] = "Within the real range"
    group: ClassVar[str] = "coverage"
    best: ClassVar[float] = 1.0
    direction: ClassVar[Literal["lower", "higher", "near"]] = "higher"
    needs: ClassVar[tuple[Need, ...]] = ("numbers",)
    kinds: ClassVar[Literal["all", "numbers", "categories"]] = "numbers"
    says: ClassVar[str] = "The share of synthetic cells within the real range"

    def _compare(self, comparison: Comparison, name: str) -> FloatArray:
        values, real, synthetic = value_counts(comparison, name)
        low, high = ends(values, real)
        inside = (values >= low[:, None]) & (values <= high[:, None])
        return np.asarray((to_shares(synthetic) * inside).sum(axis=1))
