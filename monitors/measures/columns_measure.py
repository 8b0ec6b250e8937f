"""Measures that look at each column by itself."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray

from halflife.monitors.errors import NothingMeasurable
from halflife.schemas.table import FloatArray

from .comparison import Comparison
from .measure import Measure, chance
from .measure_result import MeasureResult

FEWEST_CELLS: Final = 2


class ColumnsMeasure(Measure):
    """A comparison of the real and the synthetic cells of a column, averaged over the columns.

    Missing cells are left out here; they have a measure of their own. The yardstick is the mean of
    the same over permutations that exchange real and synthetic rows.

    Attributes:
        kinds: Which columns have it.
        says: How a sentence about the value begins.
    """

    group: ClassVar[str] = "columns"
    kinds: ClassVar[Literal["all", "numbers", "categories"]] = "all"
    says: ClassVar[str]

    @abstractmethod
    def _compare(self, comparison: Comparison, name: str) -> FloatArray:
        """The value of a column as it is, then of each permutation, shape (1 + draws,).

        Raises:
            NothingMeasurable: With the reason why the column has none.
        """

    def _more(self, comparison: Comparison, name: str) -> dict[str, Any]:  # noqa: ARG002 - for heirs
        """What else is told about a column."""
        return {}

    def _find(self, comparison: Comparison) -> MeasureResult:
        columns: dict[str, Any] = {}
        left_out: dict[str, str] = {}
        found = []
        for name in self._names(comparison):
            try:
                values = self._column(comparison, name)
            except NothingMeasurable as nothing:
                left_out[name] = str(nothing)
                continue
            found.append(values)
            columns[name] = {
                "value": values[0],
                "yardstick": values[1:].mean(),
                "p_value": self._chance(values),
                **self._more(comparison, name),
            }
        if not columns:
            raise NothingMeasurable("; ".join(f"{name}: {why}" for name, why in left_out.items()))
        means = np.mean(found, axis=0)
        yardstick = means[1:].mean()
        details = {
            "columns": columns,
            "rows": comparison.sizes,
            "permutations": comparison.draws,
            **({"left_out": left_out} if left_out else {}),
        }
        return self._result(
            means[0],
            yardstick=yardstick,
            p_value=self._chance(means),
            sentence=self._sentence(means[0], yardstick, columns),
            details=details,
        )

    def _names(self, comparison: Comparison) -> tuple[str, ...]:
        table = comparison.table
        return {"all": table.names, "numbers": table.numeric, "categories": table.categories}[
            self.kinds
        ]

    def _column(self, comparison: Comparison, name: str) -> FloatArray:
        cells = comparison.known_cells(name)
        if min(cells) < FEWEST_CELLS:
            raise NothingMeasurable(
                f"there are {cells[0]} real and {cells[1]} synthetic cells, and "
                f"{FEWEST_CELLS} of each are needed"
            )
        return self._compare(comparison, name)

    def _chance(self, values: FloatArray) -> float:
        apart = np.abs(values - self.best)
        return chance(apart[0], apart[1:])

    def _worst(self, columns: dict[str, Any]) -> str:
        return max(columns, key=lambda name: abs(float(columns[name]["value"]) - self.best))

    def _sentence(self, value: float, yardstick: float, columns: dict[str, Any]) -> str:
        worst = self._worst(columns)
        if len(columns) == 1:
            return (
                f"{self.says} is {value:.3g} in {worst}; another real sample of that size gives "
                f"about {yardstick:.3g}."
            )
        return (
            f"{self.says} is {value:.3g}, the mean of {len(columns)} columns; another real sample "
            f"of that size gives about {yardstick:.3g}. Worst: {worst}, "
            f"{columns[worst]['value']:.3g}."
        )


def class_counts(
    comparison: Comparison, codes: NDArray[np.intp], levels: int, *, draws: int | None = None
) -> tuple[FloatArray, FloatArray]:
    """How many real and synthetic rows are in each class, as they are and permuted.

    Args:
        comparison: The rows.
        codes: The class of each pooled row, shape (n + m,); -1 for none.
        levels: How many classes there are, G.
        draws: How many permutations; None for all.

    Returns:
        Two arrays of shape (1 + draws, G).
    """
    weights = comparison.as_real[: None if draws is None else 1 + draws]
    known = np.flatnonzero(codes >= 0)
    order = known[np.argsort(codes[known], kind="stable")]
    present, starts, counts = np.unique(codes[order], return_index=True, return_counts=True)
    real = np.take(weights, order, axis=1)
    if len(present) < len(order):
        real = np.add.reduceat(real, starts, axis=1)
    synthetic = counts - real
    if len(present) == levels:
        return real, synthetic
    wide = np.zeros((2, len(weights), levels))
    wide[0][:, present], wide[1][:, present] = real, synthetic
    return wide[0], wide[1]


def value_counts(
    comparison: Comparison, name: str, *, draws: int | None = None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The distinct values of a numeric column, and how many real and synthetic rows have them.

    Args:
        comparison: The rows.
        name: Of the column.
        draws: How many permutations; None for all.

    Returns:
        Shapes (G,), (1 + draws, G) and (1 + draws, G).
    """
    cells = comparison.pooled.number(name)
    values, codes = np.unique(cells, return_inverse=True)
    known = ~np.isnan(values)
    codes = np.where(comparison.known(name), codes, -1)
    return values[known], *class_counts(comparison, codes, int(known.sum()), draws=draws)


def pooled_spread(comparison: Comparison, name: str) -> float:
    """Standard deviation of a numeric column over all rows, real and synthetic; 1 if it is 0."""
    return float(np.nanstd(comparison.pooled.number(name))) or 1.0


def to_shares(counts: FloatArray) -> FloatArray:
    """Counts of shape (r, G) as shares of their row."""
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0))
