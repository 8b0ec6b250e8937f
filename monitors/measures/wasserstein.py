"""How far values would have to move."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from halflife.monitors.wording import with_unit
from halflife.schemas.table import FloatArray

from .columns_measure import ColumnsMeasure, pooled_spread, to_shares, value_counts
from .comparison import Comparison
from .measure import Need


class Wasserstein(ColumnsMeasure):
    r"""Wasserstein-1 distance, :math:`\int |F(x) - G(x)| dx`, the mean over the numbers.

    Each column in standard deviations of its pooled rows; the details have it in the column's unit
    as ``in_unit``. Where all rows have one value it is 0.

    Reference: Ramdas, Trillos, Cuturi, Entropy 19 (2017) 47.

    Example:
        >>> from halflife.schemas.table import Block, Column, Table
        >>> table = Table((Column(name="x", unit="bar"),))
        >>> rows, none = np.arange(4.0)[:, None], np.empty((4, 0), dtype=object)
        >>> both = Block(table, rows, none), Block(table, rows + 3, none)
        >>> found = Wasserstein().measure(Comparison.of(*both, seed=0))
        >>> print(found.details["columns"]["x"]["in_unit"])
        3.0
    """

    name: ClassVar[str] = "wasserstein"
    title: ClassVar[str] = "Wasserstein distance"
    highest: ClassVar[float | None] = None
    unit: ClassVar[str] = "sd"
    needs: ClassVar[tuple[Need, ...]] = ("numbers",)
    kinds: ClassVar[Literal["all", "numbers", "categories"]] = "numbers"
    says: ClassVar[str] = "How far values would have to move"

    def _compare(self, comparison: Comparison, name: str) -> FloatArray:
        values, real, synthetic = value_counts(comparison, name)
        apart = np.cumsum(to_shares(real) - to_shares(synthetic), axis=1)[:, :-1]
        return np.asarray(np.abs(apart) @ np.diff(values / pooled_spread(comparison, name)))

    def _more(self, comparison: Comparison, name: str) -> dict[str, Any]:
        from scipy.stats import wasserstein_distance

        sides = (side.number(name) for side in (comparison.real, comparison.synthetic))
        in_unit = wasserstein_distance(*(cells[~np.isnan(cells)] for cells in sides))
        return {"in_unit": float(in_unit), "unit": comparison.table.column(name).unit}

    def _sentence(self, value: float, yardstick: float, columns: dict[str, Any]) -> str:
        worst = self._worst(columns)
        unit = columns[worst]["unit"]
        moved = with_unit(f"{columns[worst]['in_unit']:.3g}", unit)
        return (
            f"Values would have to move by {value:.3g} standard deviations on average to become "
            f"real ones; those of another real sample by about {yardstick:.3g}. Most in {worst}, "
            f"by {moved}."
        )
