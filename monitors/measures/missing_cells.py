"""Whether as many cells are missing."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from .comparison import Comparison
from .measure import Measure, chance
from .measure_result import MeasureResult


class MissingCells(Measure):
    r"""Difference of the shares of missing cells, :math:`|a_c - b_c|`, the mean over the columns.

    Reference: Rubin, Biometrika 63 (1976) 581.

    Example:
        >>> from halflife.schemas.table import Block, Column, Table
        >>> table = Table((Column(name="x"),))
        >>> real = Block.from_rows(table, [{"x": 1.0}, {"x": None}, {"x": 2.0}, {"x": None}])
        >>> MissingCells().measure(Comparison.of(real, real[:1], seed=0)).value
        0.5
    """

    name: ClassVar[str] = "missing_cells"
    title: ClassVar[str] = "Missing cells"
    group: ClassVar[str] = "columns"

    def _find(self, comparison: Comparison) -> MeasureResult:
        names = comparison.table.names
        missing = ~np.column_stack([comparison.known(name) for name in names])
        sizes = comparison.sizes
        real = comparison.as_real @ missing
        shares = real / sizes["real"], (missing.sum(axis=0) - real) / sizes["synthetic"]
        apart = np.abs(shares[0] - shares[1])
        means = apart.mean(axis=1)
        columns: dict[str, Any] = {
            name: {
                "value": apart[0, j],
                "yardstick": apart[1:, j].mean(),
                "p_value": chance(apart[0, j], apart[1:, j]),
                "real": shares[0][0, j],
                "synthetic": shares[1][0, j],
            }
            for j, name in enumerate(names)
        }
        worst = names[int(apart[0].argmax())]
        if missing.any():
            told = columns[worst]
            sentence = (
                f"The shares of missing cells differ by {means[0]:.1%} on average. Most at "
                f"{worst}: {told['synthetic']:.1%} are missing in synthetic rows, "
                f"{told['real']:.1%} in real ones."
            )
        else:
            sentence = "No cell is missing, neither in real nor in synthetic rows."
        return self._result(
            means[0],
            yardstick=means[1:].mean(),
            p_value=chance(means[0], means[1:]),
            sentence=sentence,
            details={"columns": columns, "rows": sizes, "permutations": comparison.draws},
        )
