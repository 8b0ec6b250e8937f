"""The share of rows that are in the wrong class."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from halflife.schemas.table import FloatArray

from .columns_measure import ColumnsMeasure, class_counts, to_shares
from .comparison import Comparison


class TotalVariation(ColumnsMeasure):
    r"""Total variation distance, :math:`\frac12 \sum_k |p_k - q_k|`, the mean over the columns.

    The classes :math:`k` are those of `Comparison.bins`: categories, and classes of numbers that
    hold about as many pooled rows each.

    Reference: Levin, Peres, Markov Chains and Mixing Times (2017), proposition 4.2.

    Example:
        >>> from halflife.schemas.table import Block, Column, Kind, Table
        >>> table = Table((Column(name="phase", kind=Kind.CATEGORY),))
        >>> real, synthetic = (Block.from_rows(table, [{"phase": p} for p in said])
        ...     for said in ("aabb", "aaab"))
        >>> TotalVariation().measure(Comparison.of(real, synthetic, seed=0)).value
        0.25
    """

    name: ClassVar[str] = "total_variation"
    title: ClassVar[str] = "Total variation distance"
    says: ClassVar[str] = "The share of rows that would have to change their class"

    def _compare(self, comparison: Comparison, name: str) -> FloatArray:
        real, synthetic = class_counts(comparison, *comparison.bins(name))
        return np.asarray(np.abs(to_shares(real) - to_shares(synthetic)).sum(axis=1) / 2.0)
