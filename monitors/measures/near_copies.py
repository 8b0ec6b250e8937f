"""Whether synthetic rows are training rows with a little noise."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from halflife.monitors.ranked_column import RankedColumn
from halflife.schemas.table import Block

from .comparison import Comparison
from .measure import Measure, Need
from .measure_result import MeasureResult
from .shares import more_often

_TOLERANCE: Final = 0.01


class NearCopies(Measure):
    r"""Share of synthetic rows that a training row matches in every column.

    Numbers match within 1 % of the synthetic one, :math:`|x - x'| \le .01 |x'|`, categories where
    they are equal, missing cells each other. The yardstick is the share of held-out real rows
    that match a training row, the p-value Fisher's, one-sided. At most 1,000 rows of each kind.

    Reference: DataCebo, SDMetrics 0.32 (2026), NewRowSynthesis (its score is 1 less this).

    Example:
        >>> from halflife.schemas.table import Column, Table
        >>> table = Table((Column(name="x"),))
        >>> rows = Block.from_rows(table, [{"x": 1.1**i} for i in range(40)])
        >>> noisy = Block(table, rows.numbers[:10] * 1.005, rows.texts[:10])
        >>> print(NearCopies().measure(Comparison.of(rows[20:], noisy, rows[:20], seed=0)).value)
        1.0
    """

    name: ClassVar[str] = "near_copies"
    title: ClassVar[str] = "Near copies of training rows"
    group: ClassVar[str] = "privacy"
    needs: ClassVar[tuple[Need, ...]] = ("train",)

    def _find(self, comparison: Comparison) -> MeasureResult:
        near = comparison.neighbours
        hits = int(matched(near.synthetic, near.train).sum())
        others = int(matched(near.held_out, near.train).sum())
        total, real = len(near.synthetic), len(near.held_out)
        return self._result(
            hits / total,
            yardstick=others / real,
            p_value=more_often(hits, total, others, real),
            sentence=(
                f"{hits / total:.1%} of the synthetic rows are a training row within 1 % in every "
                f"number; of other real rows {others / real:.1%}."
            ),
            details={"tolerance": _TOLERANCE, "rows": near.sizes},
        )


def matched(rows: Block, others: Block, *, tolerance: float = _TOLERANCE) -> NDArray[np.bool_]:
    """Whether each row has a match among the others, shape (n,).

    Args:
        rows: n of them; their numbers set the tolerance.
        others: k rows of the same table.
        tolerance: Relative.
    """
    alike = np.ones((len(rows), len(others)), dtype=np.bool_)
    for name in rows.table.numeric:
        one, other = rows.number(name)[:, None], others.number(name)[None, :]
        near = np.abs(other - one) <= tolerance * np.abs(one)
        alike &= near | (np.isnan(one) & np.isnan(other))
    pooled = Block.concatenate([rows, others])
    for name in rows.table.categories:
        codes = RankedColumn.of(pooled, name).codes
        alike &= codes[: len(rows), None] == codes[None, len(rows) :]
    return np.asarray(alike.any(axis=1))
