"""How much a row tells about whether it is real."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from halflife.schemas.table import FloatArray

from .columns_measure import ColumnsMeasure, class_counts, to_shares
from .comparison import Comparison


class JensenShannon(ColumnsMeasure):
    r"""Jensen-Shannon distance, the mean over the columns.

    :math:`\sqrt{\frac12 \sum_k p_k \log_2 \frac{p_k}{m_k} + \frac12 \sum_k q_k \log_2
    \frac{q_k}{m_k}}` with :math:`m = (p + q) / 2`, over the classes of `Comparison.bins`: the root
    of the divergence, which is a metric, between 0 and 1.

    Reference: Lin, IEEE Trans. Inf. Theory 37 (1991) 145; Endres and Schindelin, ibid. 49 (2003)
    1858.

    Example:
        >>> from halflife.schemas.table import Block, Column, Kind, Table
        >>> table = Table((Column(name="phase", kind=Kind.CATEGORY),))
        >>> real, synthetic = (Block.from_rows(table, [{"phase": p} for p in said])
        ...     for said in ("aaaa", "bbbb"))
        >>> JensenShannon().measure(Comparison.of(real, synthetic, seed=0)).value
        1.0
    """

    name: ClassVar[str] = "jensen_shannon"
    title: ClassVar[str] = "Jensen-Shannon distance"
    says: ClassVar[str] = "The Jensen-Shannon distance"

    def _compare(self, comparison: Comparison, name: str) -> FloatArray:
        from scipy.special import rel_entr

        counts = class_counts(comparison, *comparison.bins(name))
        p, q = (to_shares(side) for side in counts)
        middle = (p + q) / 2.0
        bits = (rel_entr(p, middle) + rel_entr(q, middle)).sum(axis=1) / (2.0 * np.log(2.0))
        return np.asarray(np.sqrt(np.clip(bits, 0.0, 1.0)))
