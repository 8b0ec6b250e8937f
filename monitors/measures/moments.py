"""Mean, spread, skewness and kurtosis."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import FloatArray

from .columns_measure import ColumnsMeasure, value_counts
from .comparison import Comparison
from .measure import Need


class Moments(ColumnsMeasure):
    r"""Differences of the first four L-moments, the mean over the numbers.

    L-moments are expectations of order statistics: the mean :math:`\lambda_1`, the spread
    :math:`\lambda_2` (half the mean distance of two rows), the skewness
    :math:`\tau_3 = \lambda_3 / \lambda_2` and the kurtosis :math:`\tau_4 = \lambda_4 / \lambda_2`.
    Unlike powers they are not decided by one outlier. The distance of a column is the mean of
    :math:`|\Delta\lambda_1| / \bar\lambda_2`, :math:`|\Delta\lambda_2| / \max \lambda_2`,
    :math:`|\Delta\tau_3|` and :math:`|\Delta\tau_4|`. The details have the classical moments too,
    in the column's unit.

    Reference: Hosking, J. R. Statist. Soc. B 52 (1990) 105.

    Example:
        >>> from halflife.schemas.table import Block, Column, Table
        >>> table = Table((Column(name="x", unit="bar"),))
        >>> rows, none = np.arange(5.0)[:, None], np.empty((5, 0), dtype=object)
        >>> both = Block(table, rows, none), Block(table, rows + 1, none)
        >>> found = Moments().measure(Comparison.of(*both, seed=0))
        >>> print(round(found.value, 2))  # 1 bar is one L-spread; the other three are equal
        0.25
    """

    name: ClassVar[str] = "moments"
    title: ClassVar[str] = "Mean, spread, skewness, kurtosis"
    highest: ClassVar[float | None] = None
    needs: ClassVar[tuple[Need, ...]] = ("numbers",)
    kinds: ClassVar[Literal["all", "numbers", "categories"]] = "numbers"
    says: ClassVar[str] = "The difference of mean, spread, skewness and kurtosis"

    def _compare(self, comparison: Comparison, name: str) -> FloatArray:
        values, *counts = value_counts(comparison, name)
        size = max(float(np.ptp(values)), 1e-300)
        real, synthetic = (l_moments((values - values[0]) / size, side) for side in counts)
        spread = (real[:, 1] + synthetic[:, 1]) / 2.0
        larger = np.maximum(real[:, 1], synthetic[:, 1])
        apart = np.abs(real - synthetic)
        # Two constants at distinct values: as far apart as their distance itself, which is 1 here.
        apart[:, 0] /= np.where(spread > 1e-12, spread, 1.0)
        apart[:, 1] /= np.where(larger > 1e-12, larger, 1.0)
        return np.asarray(apart.mean(axis=1))

    def _more(self, comparison: Comparison, name: str) -> dict[str, Any]:
        return {
            "real": moments(comparison.real.number(name)),
            "synthetic": moments(comparison.synthetic.number(name)),
            "unit": comparison.table.column(name).unit,
        }


def l_moments(values: FloatArray, counts: FloatArray) -> FloatArray:
    r"""Unbiased mean, L-spread, L-skewness and L-kurtosis of samples with ties.

    From :math:`b_r = \frac1n \sum_i \binom{i - 1}{r} x_{(i)} / \binom{n - 1}{r}`, where the sum of
    the weights of equal values is a difference of :math:`\binom{i}{r + 1}`.

    Args:
        values: Ascending, shape (G,).
        counts: How often each sample has each value, shape (r, G).

    Returns:
        Shape (r, 4). Without spread, the skewness and kurtosis are 0; so are those of samples of
        fewer than four.

    Example:
        >>> l_moments(np.array([0.0, 1.0, 2.0, 3.0, 4.0]), np.ones((1, 5))).round(3) + 0.0
        array([[2., 1., 0., 0.]])
    """
    upto = np.cumsum(counts, axis=1).astype(np.intp)
    n = upto[:, -1]
    b = []
    for r in range(4):
        # The places of equal values are neighbours: their weights add up to a difference.
        table = _choose(np.arange(n.max() + 1), r + 1)
        weight = np.diff(table[upto], axis=1, prepend=0.0)
        b.append((weight @ values) / np.maximum(n * _choose(n - 1, r), 1.0))
    spread = 2.0 * b[1] - b[0]
    third = 6.0 * b[2] - 6.0 * b[1] + b[0]
    fourth = 20.0 * b[3] - 30.0 * b[2] + 12.0 * b[1] - b[0]
    wide = (spread > 1e-12) & (n >= 4)
    safe = np.where(wide, spread, 1.0)
    return np.column_stack(
        [
            b[0],
            np.where(n >= 2, np.maximum(spread, 0.0), 0.0),
            np.where(wide, third / safe, 0.0),
            np.where(wide, fourth / safe, 0.0),
        ]
    )


def moments(cells: FloatArray) -> dict[str, float | None]:
    """Classical moments of the cells that are there; None for what they are too few or equal for.

    Example:
        >>> moments(np.array([1.0, 2.0, 3.0, np.nan]))["sd"]
        1.0
    """
    known = cells[~np.isnan(cells)]
    if not len(known):
        return dict.fromkeys(("mean", "median", "sd", "skewness", "kurtosis"))
    apart = known - known.mean()
    spread = float(np.sqrt((apart**2).mean()))
    scaled = apart / spread if spread > 1e-12 * max(float(np.abs(known).max()), 1e-300) else None
    return {
        "mean": float(known.mean()),
        "median": float(np.median(known)),
        "sd": float(known.std(ddof=1)) if len(known) > 1 else None,
        "skewness": None if scaled is None else float((scaled**3).mean()),
        "kurtosis": None if scaled is None else float((scaled**4).mean() - 3.0),
    }


def _choose(i: NDArray[np.intp], r: int) -> FloatArray:
    """Binomial coefficients; 0 where i < r."""
    product = np.ones(len(i))
    for j in range(r):
        product *= np.maximum(i - j, 0) / (j + 1.0)
    return product
