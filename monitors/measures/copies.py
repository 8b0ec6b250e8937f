"""Whether training rows come back as synthetic ones."""

from __future__ import annotations

from typing import ClassVar

from .comparison import Comparison
from .measure import Measure, Need
from .measure_result import MeasureResult
from .shares import more_often


class Copies(Measure):
    r"""Share of synthetic rows that are equal to a training row.

    Replicates are real: the yardstick is the share of real rows outside the training that are
    equal to a training row too, the p-value Fisher's, one-sided. In the details, ``copies`` are
    those beyond what replicates allow (`Privacy`).

    Reference: Fisher, J. R. Statist. Soc. 85 (1922) 87.

    Example:
        >>> from halflife.schemas.table import Block, Column, Table
        >>> table = Table((Column(name="x"),))
        >>> rows = Block.from_rows(table, [{"x": i} for i in range(60)])
        >>> found = Copies().measure(Comparison.of(rows[30:], rows[:15], rows[:30], seed=0))
        >>> print(found.value, found.yardstick, found.details["copies"])
        1.0 0.0 15
    """

    name: ClassVar[str] = "copies"
    title: ClassVar[str] = "Copies of training rows"
    group: ClassVar[str] = "privacy"
    needs: ClassVar[tuple[Need, ...]] = ("train",)

    def _find(self, comparison: Comparison) -> MeasureResult:
        found = comparison.privacy
        total, real = len(comparison.every_synthetic), len(comparison.every_real)
        replicates = round(found.replicates * real)
        return self._result(
            found.equal_rows / total,
            yardstick=found.replicates,
            p_value=more_often(found.equal_rows, total, replicates, real),
            sentence=(
                f"{found.equal_rows} of {total} synthetic rows are equal to a training row, "
                f"{found.copies} more than replicates explain: of {real} real rows outside the "
                f"training {replicates} are equal to one."
            ),
            details={
                "copies": found.copies,
                "equal_rows": found.equal_rows,
                "rows": {"synthetic": total, "real": real},
            },
        )
