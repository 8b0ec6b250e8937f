"""How many of the real categories the batch has."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from halflife.schemas.table import FloatArray

from .columns_measure import ColumnsMeasure, class_counts
from .comparison import Comparison
from .measure import Need

_NAMED = 10


class CategoryCoverage(ColumnsMeasure):
    """Share of the real categories that the synthetic rows have, the mean over the columns.

    Reference: DataCebo, SDMetrics 0.32 (2026), CategoryCoverage.

    Example:
        >>> from halflife.schemas.table import Block, Column, Kind, Table
        >>> table = Table((Column(name="phase", kind=Kind.CATEGORY),))
        >>> real, synthetic = (Block.from_rows(table, [{"phase": p} for p in said])
        ...     for said in ("aabc", "aab"))
        >>> found = CategoryCoverage().measure(Comparison.of(real, synthetic, seed=0))
        >>> print(round(found.value, 3), found.details["columns"]["phase"]["lost"])
        0.667 ['c']
    """

    name: ClassVar[str] = "category_coverage"
    title: ClassVar[str] = "Category coverage"
    group: ClassVar[str] = "coverage"
    best: ClassVar[float] = 1.0
    direction: ClassVar[Literal["lower", "higher", "near"]] = "higher"
    needs: ClassVar[tuple[Need, ...]] = ("categories",)
    kinds: ClassVar[Literal["all", "numbers", "categories"]] = "categories"
    says: ClassVar[str] = "The share of the real categories that the batch has"

    def _compare(self, comparison: Comparison, name: str) -> FloatArray:
        real, synthetic = class_counts(comparison, *comparison.bins(name))
        both = ((real > 0) & (synthetic > 0)).sum(axis=1)
        return np.asarray(both / np.maximum((real > 0).sum(axis=1), 1))

    def _more(self, comparison: Comparison, name: str) -> dict[str, Any]:
        real, synthetic = (
            {cell for cell in side.text(name) if cell is not None}
            for side in (comparison.real, comparison.synthetic)
        )
        return {"lost": sorted(real - synthetic)[:_NAMED], "new": sorted(synthetic - real)[:_NAMED]}
