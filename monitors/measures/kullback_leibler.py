"""What is lost when real rows are told by the synthetic distribution."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from halflife.schemas.table import FloatArray

from .columns_measure import ColumnsMeasure, class_counts, to_shares
from .comparison import Comparison


class KullbackLeibler(ColumnsMeasure):
    r"""Kullback-Leibler divergence of the synthetic from the real rows, the mean over the columns.

    :math:`\sum_k p_k \ln (p_k / q_k)` in nats over the classes of `Comparison.bins`, where p are
    the real rows. Half a row is added to every class on both sides, so that a class without
    synthetic rows costs much and not infinitely much.

    Reference: Kullback and Leibler, Ann. Math. Statist. 22 (1951) 79; Krichevsky and Trofimov,
    IEEE Trans. Inf. Theory 27 (1981) 199 (the half row).

    Example:
        >>> from halflife.schemas.table import Block, Column, Kind, Table
        >>> table = Table((Column(name="phase", kind=Kind.CATEGORY),))
        >>> real, synthetic = (Block.from_rows(table, [{"phase": p} for p in said])
        ...     for said in ("aaab", "aaaa"))
        >>> round(KullbackLeibler().measure(Comparison.of(real, synthetic, seed=0)).value, 4)
        0.1537
    """

    name: ClassVar[str] = "kullback_leibler"
    title: ClassVar[str] = "Kullback-Leibler divergence"
    highest: ClassVar[float | None] = None
    unit: ClassVar[str] = "nat"
    says: ClassVar[str] = "The Kullback-Leibler divergence, in nats,"

    def _compare(self, comparison: Comparison, name: str) -> FloatArray:
        real, synthetic = class_counts(comparison, *comparison.bins(name))
        p, q = to_shares(real + 0.5), to_shares(synthetic + 0.5)
        return np.asarray((p * np.log(p / q)).sum(axis=1))
