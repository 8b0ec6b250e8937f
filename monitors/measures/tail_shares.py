"""How many rows lie in the tails."""

from __future__ import annotations

from typing import Any, ClassVar, Final, Literal

import numpy as np

from halflife.schemas.table import FloatArray

from .columns_measure import ColumnsMeasure, to_shares, value_counts
from .comparison import Comparison
from .measure import Need

_OUTER: Final = 0.05


class TailShares(ColumnsMeasure):
    r"""Share of synthetic rows in the tails of the real ones, where 5 % on each side are due.

    :math:`\frac12 |G(a) - F(a)| + \frac12 |\bar G(b) - \bar F(b)|` with a and b the 5 % and 95 %
    quantiles of the real rows, F and G the shares of real and synthetic rows at or below a value,
    and :math:`\bar F`, :math:`\bar G` at or above it; the mean over the numbers. The details have
    limits and shares.

    Reference: Coles, An Introduction to Statistical Modeling of Extreme Values (2001), chapter 4.

    Example:
        >>> from halflife.schemas.table import Block, Column, Table
        >>> table = Table((Column(name="x"),))
        >>> rows = np.arange(100.0)[:, None]
        >>> none = np.empty((100, 0), dtype=object)
        >>> both = Block(table, rows, none), Block(table, 0 * rows + 50, none)
        >>> found = TailShares().measure(Comparison.of(*both, seed=0))
        >>> print(round(found.value, 3))  # no row where 5 of 100 are due
        0.05
    """

    name: ClassVar[str] = "tail_shares"
    title: ClassVar[str] = "Rows in the tails"
    needs: ClassVar[tuple[Need, ...]] = ("numbers",)
    kinds: ClassVar[Literal["all", "numbers", "categories"]] = "numbers"
    says: ClassVar[str] = "The error of the share of rows in the tails"

    def _compare(self, comparison: Comparison, name: str) -> FloatArray:
        _, *counts = value_counts(comparison, name)
        real, synthetic = (to_shares(side) for side in counts)
        return np.asarray(
            (_lower(real, synthetic)[2] + _lower(real[:, ::-1], synthetic[:, ::-1])[2]) / 2.0
        )

    def _more(self, comparison: Comparison, name: str) -> dict[str, Any]:
        values, *counts = value_counts(comparison, name, draws=0)
        real, synthetic = (to_shares(side) for side in counts)
        told: dict[str, Any] = {"unit": comparison.table.column(name).unit}
        for side, step in (("lower", 1), ("upper", -1)):
            place, own, _ = _lower(real[:, ::step], synthetic[:, ::step])
            told[side] = {
                "limit": float(values[::step][place[0]]),
                "real": float(own[0]),
                "synthetic": float(np.cumsum(synthetic[0, ::step])[place[0]]),
            }
        return told

    def _sentence(self, value: float, yardstick: float, columns: dict[str, Any]) -> str:
        worst = self._worst(columns)
        told = columns[worst]
        return (
            f"The shares of rows in the outer 5 % of either side differ by {value:.2%} on average; "
            f"another real sample of that size gives about {yardstick:.2%}. Most at {worst}: "
            f"{told['lower']['synthetic']:.1%} of the synthetic rows at or below "
            f"{told['lower']['limit']:.4g} (real {told['lower']['real']:.1%}), "
            f"{told['upper']['synthetic']:.1%} at or above {told['upper']['limit']:.4g} "
            f"(real {told['upper']['real']:.1%})."
        )


def _lower(real: FloatArray, synthetic: FloatArray) -> tuple[Any, FloatArray, FloatArray]:
    """Place of the 5 % quantile, the real share up to there, and how far the other is from it."""
    below = np.cumsum(real, axis=1)
    place = (below >= _OUTER - 1e-12).argmax(axis=1)
    at = place[:, None]
    own = np.take_along_axis(below, at, axis=1)[:, 0]
    other = np.take_along_axis(np.cumsum(synthetic, axis=1), at, axis=1)[:, 0]
    return place, own, np.abs(own - other)
