"""Whether synthetic numbers are physically possible."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from halflife.monitors.errors import NothingMeasurable
from halflife.schemas.table import Block, Column, Kind

from .comparison import Comparison
from .measure import Measure, Need
from .measure_result import MeasureResult
from .shares import more_often


class ImpossibleCells(Measure):
    """Share of synthetic rows with a cell that its column cannot have.

    Below its declared minimum, above its maximum, or a fraction where whole numbers are declared.
    The yardstick is the share of real rows with such a cell, the p-value Fisher's, one-sided.

    Reference: Fisher, J. R. Statist. Soc. 85 (1922) 87.

    Example:
        >>> from halflife.schemas.table import Table
        >>> table = Table((Column(name="fraction", minimum=0, maximum=1),))
        >>> rows = Block.from_rows(table, [{"fraction": .5}, {"fraction": 1.5}])
        >>> ImpossibleCells().measure(Comparison.of(rows[:1], rows, seed=0)).value
        0.5
    """

    name: ClassVar[str] = "impossible_cells"
    title: ClassVar[str] = "Impossible cells"
    group: ClassVar[str] = "laws"
    needs: ClassVar[tuple[Need, ...]] = ("numbers",)

    def _find(self, comparison: Comparison) -> MeasureResult:
        limited = [column for column in comparison.table.columns if _is_limited(column)]
        if not limited:
            raise NothingMeasurable("no column declares a minimum, a maximum or whole numbers")
        real, synthetic = comparison.every_real, comparison.every_synthetic
        wrong = [
            np.column_stack([_impossible(side, column) for column in limited])
            for side in (synthetic, real)
        ]
        hits = [int(side.any(axis=1).sum()) for side in wrong]
        share, own = hits[0] / len(synthetic), hits[1] / len(real)
        columns: dict[str, Any] = {
            column.name: {
                "value": float(wrong[0][:, j].mean()),
                "yardstick": float(wrong[1][:, j].mean()),
            }
            for j, column in enumerate(limited)
        }
        worst = max(columns, key=lambda name: columns[name]["value"])
        most = f", most in {worst} ({columns[worst]['value']:.1%})" if hits[0] else ""
        return self._result(
            share,
            yardstick=own,
            p_value=more_often(hits[0], len(synthetic), hits[1], len(real)),
            sentence=(
                f"{share:.1%} of the synthetic rows have a cell outside what its column can have"
                f"{most}; of the real rows {own:.1%}."
            ),
            details={
                "columns": columns,
                "rows": {"real": len(real), "synthetic": len(synthetic)},
            },
        )


def _is_limited(column: Column) -> bool:
    return column.kind is Kind.INTEGER or not (column.minimum is None and column.maximum is None)


def _impossible(block: Block, column: Column) -> NDArray[np.bool_]:
    """Which cells cannot be, shape (n,); a missing one can."""
    cells = block.number(column.name)
    low = -np.inf if column.minimum is None else column.minimum
    high = np.inf if column.maximum is None else column.maximum
    wrong = (cells < low) | (cells > high)
    if column.kind is Kind.INTEGER:
        wrong |= ~np.isnan(cells) & (cells != np.round(cells))
    return np.asarray(wrong)
