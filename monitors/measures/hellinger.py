"""The Hellinger distance of each column."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from halflife.schemas.table import FloatArray

from .columns_measure import ColumnsMeasure, class_counts, to_shares
from .comparison import Comparison


class Hellinger(ColumnsMeasure):
    r"""Hellinger distance, :math:`\sqrt{1 - \sum_k \sqrt{p_k q_k}}`, the mean over the columns.

    Over the classes of `Comparison.bins`. Rare classes count more than in the total variation.

    Reference: Le Cam and Yang, Asymptotics in Statistics (2000), section 3.1.

    Example:
        >>> from halflife.schemas.table import Block, Column, Kind, Table
        >>> table = Table((Column(name="phase", kind=Kind.CATEGORY),))
        >>> real, synthetic = (Block.from_rows(table, [{"phase": p} for p in said])
        ...     for said in ("aaaa", "aabb"))
        >>> round(Hellinger().measure(Comparison.of(real, synthetic, seed=0)).value, 4)
        0.5412
    """

    name: ClassVar[str] = "hellinger"
    title: ClassVar[str] = "Hellinger distance"
    says: ClassVar[str] = "The Hellinger distance"

    def _compare(self, comparison: Comparison, name: str) -> FloatArray:
        real, synthetic = class_counts(comparison, *comparison.bins(name))
        roots = np.sqrt(to_shares(real)) - np.sqrt(to_shares(synthetic))
        return np.asarray(np.sqrt(np.clip((roots**2).sum(axis=1) / 2.0, 0.0, 1.0)))
