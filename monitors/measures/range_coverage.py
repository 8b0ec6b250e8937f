"""How much of the real range the synthetic rows cover."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from halflife.monitors.errors import NothingMeasurable
from halflife.schemas.table import FloatArray

from .columns_measure import ColumnsMeasure, value_counts
from .comparison import Comparison
from .measure import Need


class RangeCoverage(ColumnsMeasure):
    r"""Share of the real range that the synthetic one covers, the mean over the numbers.

    :math:`1 - \max(\frac{a' - a}{b - a}, 0) - \max(\frac{b - b'}{b - a}, 0)`, at least 0, with
    :math:`[a, b]` the real range and :math:`[a', b']` the synthetic one.

    Reference: DataCebo, SDMetrics 0.32 (2026), RangeCoverage.

    Example:
        >>> from halflife.schemas.table import Block, Column, Table
        >>> table = Table((Column(name="x"),))
        >>> rows = Block.from_rows(table, [{"x": float(i)} for i in range(11)])
        >>> print(RangeCoverage().measure(Comparison.of(rows, rows[2:8], seed=0)).value)
        0.5
    """

    name: ClassVar[str] = "range_coverage"
    title: ClassVar[str] = "Range coverage"
    group: ClassVar[str] = "coverage"
    best: ClassVar[float] = 1.0
    direction: ClassVar[Literal["lower", "higher", "near"]] = "higher"
    needs: ClassVar[tuple[Need, ...]] = ("numbers",)
    kinds: ClassVar[Literal["all", "numbers", "categories"]] = "numbers"
    says: ClassVar[str] = "The share of the real range that is covered"

    def _compare(self, comparison: Comparison, name: str) -> FloatArray:
        values, real, synthetic = value_counts(comparison, name)
        low, high = ends(values, real)
        if low[0] == high[0]:
            raise NothingMeasurable("all real cells are equal")
        own_low, own_high = ends(values, synthetic)
        span = np.where(high > low, high - low, 1.0)
        missed = np.maximum(own_low - low, 0.0) / span + np.maximum(high - own_high, 0.0) / span
        return np.asarray(np.where(high > low, np.maximum(1.0 - missed, 0.0), 1.0))

    def _more(self, comparison: Comparison, name: str) -> dict[str, Any]:
        values, *counts = value_counts(comparison, name, draws=0)
        sides = zip(("real", "synthetic"), counts, strict=True)
        told = {what: [float(end[0]) for end in ends(values, side)] for what, side in sides}
        return {**told, "unit": comparison.table.column(name).unit}


def ends(values: FloatArray, counts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest value that each sample has, each of shape (r,).

    Args:
        values: Ascending, shape (G,).
        counts: How often each sample has each value, shape (r, G).

    Example:
        >>> ends(np.array([1.0, 2.0, 3.0]), np.array([[0, 1, 1]]))
        (array([2.]), array([3.]))
    """
    there = counts > 0
    last = there.shape[1] - 1 - there[:, ::-1].argmax(axis=1)
    return values[there.argmax(axis=1)], values[last]
