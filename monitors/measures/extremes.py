"""How far out the most extreme rows are."""

from __future__ import annotations

from typing import Any, ClassVar, Final, Literal

import numpy as np

from halflife.monitors.wording import with_unit
from halflife.schemas.table import FloatArray

from .columns_measure import ColumnsMeasure, pooled_spread, to_shares, value_counts
from .comparison import Comparison
from .measure import Need

_OUTERMOST: Final = 0.01


class Extremes(ColumnsMeasure):
    r"""Difference of the means of the outermost rows, the mean over the numbers.

    The mean of the outermost 1 % of the rows on each side (of one row, where there are fewer than
    a hundred), :math:`\frac1\alpha \int_0^\alpha F^{-1}(u) du`, real beside synthetic; both sides
    averaged, in standard deviations of the pooled column. The details have minima, maxima and
    these means in the column's unit.

    Reference: Acerbi and Tasche, J. Banking & Finance 26 (2002) 1487 (expected shortfall).

    Example:
        >>> from halflife.schemas.table import Block, Column, Table
        >>> table = Table((Column(name="x", unit="bar"),))
        >>> rows = np.arange(50.0)[:, None]
        >>> none = np.empty((50, 0), dtype=object)
        >>> both = Comparison.of(Block(table, rows, none), Block(table, rows * 2, none), seed=0)
        >>> print(Extremes().measure(both).details["columns"]["x"]["synthetic"]["maximum"])
        98.0
    """

    name: ClassVar[str] = "extremes"
    title: ClassVar[str] = "Extreme values"
    highest: ClassVar[float | None] = None
    unit: ClassVar[str] = "sd"
    needs: ClassVar[tuple[Need, ...]] = ("numbers",)
    kinds: ClassVar[Literal["all", "numbers", "categories"]] = "numbers"
    says: ClassVar[str] = "How far the outermost values differ"

    def _compare(self, comparison: Comparison, name: str) -> FloatArray:
        values, *counts = value_counts(comparison, name)
        spread = pooled_spread(comparison, name)
        share = _share(counts)
        real, synthetic = (_outermost(values / spread, to_shares(side), share) for side in counts)
        return np.asarray(np.abs(real - synthetic).mean(axis=1))

    def _more(self, comparison: Comparison, name: str) -> dict[str, Any]:
        values, *counts = value_counts(comparison, name, draws=0)
        told: dict[str, Any] = {"unit": comparison.table.column(name).unit}
        for what, side in zip(("real", "synthetic"), counts, strict=True):
            low, high = _outermost(values, to_shares(side), _share(counts))[0]
            there = values[side[0] > 0]
            told[what] = {
                "minimum": float(there[0]),
                "maximum": float(there[-1]),
                "lowest_mean": float(low),
                "highest_mean": float(high),
            }
        return told

    def _sentence(self, value: float, yardstick: float, columns: dict[str, Any]) -> str:
        worst = self._worst(columns)
        told, unit = columns[worst], columns[worst]["unit"]
        ends = [
            with_unit(f"{told[side]['minimum']:.4g} to {told[side]['maximum']:.4g}", unit)
            for side in ("synthetic", "real")
        ]
        return (
            f"The outermost values differ by {value:.3g} standard deviations on average; those of "
            f"another real sample by about {yardstick:.3g}. Most in {worst}: {ends[0]} in "
            f"synthetic rows, {ends[1]} in real ones."
        )


def _share(counts: list[FloatArray]) -> float:
    """One percent, or one row of the smaller side."""
    fewest = min(side[0].sum() for side in counts)
    return max(_OUTERMOST, 1.0 / float(fewest))


def _outermost(values: FloatArray, shares: FloatArray, share: float) -> FloatArray:
    """Mean of the lowest and of the highest values that make up a share, shape (r, 2)."""
    means = []
    for step in (1, -1):
        upto = np.minimum(np.cumsum(shares[:, ::step], axis=1), share)
        means.append(np.diff(upto, axis=1, prepend=0.0) @ values[::step] / share)
    return np.column_stack(means)
