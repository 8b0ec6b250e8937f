"""How far synthetic rows keep from training rows."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from halflife.monitors.errors import NothingMeasurable
from halflife.schemas.table import FloatArray

from .comparison import Comparison
from .measure import Measure, Need
from .measure_result import MeasureResult


class ClosestRecordDistance(Measure):
    r"""Mean distance to the closest training row, by that of held-out real rows.

    Gower's distance (`GowerRows`). 1 is as far as fresh real rows are; below, the batch leans on
    its training rows, above, it is somewhere else. The details have the distances themselves: mean,
    median and 5 % quantile, as shares of the ranges of the columns.

    Reference: Park et al., Proc. VLDB Endow. 11 (2018) 1071; Gower, Biometrics 27 (1971) 857.

    Example:
        >>> from halflife.schemas.table import Block, Column, Table
        >>> table = Table((Column(name="x"),))
        >>> rows = Block.from_rows(table, [{"x": i} for i in range(90)])
        >>> copied = Comparison.of(rows[40:], rows[:40], rows[:40], seed=0)
        >>> print(ClosestRecordDistance().measure(copied).value)
        0.0
    """

    name: ClassVar[str] = "closest_record_distance"
    title: ClassVar[str] = "Distance to the closest training row"
    group: ClassVar[str] = "privacy"
    best: ClassVar[float] = 1.0
    direction: ClassVar[Literal["lower", "higher", "near"]] = "near"
    highest: ClassVar[float | None] = None
    needs: ClassVar[tuple[Need, ...]] = ("train",)

    def _find(self, comparison: Comparison) -> MeasureResult:
        near = comparison.neighbours
        synthetic, real = near.synthetic_to_train, near.held_out_to_train
        if real.mean() <= 1e-12:
            raise NothingMeasurable("every held-out row is equal to a training row")
        value = float(synthetic.mean() / real.mean())
        return self._result(
            value,
            yardstick=1.0,
            sentence=(
                f"Synthetic rows are {value:.2g} times as far from their closest training row as "
                f"other real rows are."
            ),
            details={
                "synthetic": _described(synthetic),
                "real": _described(real),
                "rows": near.sizes,
            },
        )


def _described(distances: FloatArray) -> dict[str, Any]:
    return {
        "mean": float(distances.mean()),
        "median": float(np.median(distances)),
        "lowest_5_percent": float(np.quantile(distances, 0.05)),
    }
