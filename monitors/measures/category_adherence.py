"""How many synthetic categories real rows have too."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from halflife.schemas.table import FloatArray

from .columns_measure import ColumnsMeasure, class_counts, to_shares
from .comparison import Comparison
from .measure import Need


class CategoryAdherence(ColumnsMeasure):
    """Share of the synthetic cells whose category a real row has, the mean over the categories.

    Reference: DataCebo, SDMetrics 0.32 (2026), CategoryAdherence.

    Example:
        >>> from halflife.schemas.table import Block, Column, Kind, Table
        >>> table = Table((Column(name="phase", kind=Kind.CATEGORY),))
        >>> real, synthetic = (Block.from_rows(table, [{"phase": p} for p in said])
        ...     for said in ("aab", "aabc"))
        >>> CategoryAdherence().measure(Comparison.of(real, synthetic, seed=0)).value
        0.75
    """

    name: ClassVar[str] = "category_adherence"
    title: ClassVar[str] = "Within the real categories"
    group: ClassVar[str] = "coverage"
    best: ClassVar[float] = 1.0
    direction: ClassVar[Literal["lower", "higher", "near"]] = "higher"
    needs: ClassVar[tuple[Need, ...]] = ("categories",)
    kinds: ClassVar[Literal["all", "numbers", "categories"]] = "categories"
    says: ClassVar[str] = "The share of synthetic cells with a category that is real"

    def _compare(self, comparison: Comparison, name: str) -> FloatArray:
        real, synthetic = class_counts(comparison, *comparison.bins(name))
        return np.asarray((to_shares(synthetic) * (real > 0)).sum(axis=1))
