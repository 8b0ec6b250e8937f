"""The Hellinger distance of all numbers together."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np

from halflife.monitors.errors import NothingMeasurable
from halflife.monitors.ranked_column import RankedColumn
from halflife.schemas.table import FloatArray

from .comparison import Comparison
from .correlations import affordable
from .measure import Measure, Need, chance
from .measure_result import MeasureResult

_RIDGE: Final = 0.01


class MultivariateHellinger(Measure):
    r"""Hellinger distance of the numbers' joint distributions, as Gaussian copulas.

    Every number becomes the normal score of its rank among all rows (a missing one 0, the middle);
    real and synthetic scores have means :math:`\mu, \mu'` and covariances :math:`\Sigma, \Sigma'`,
    and the distance of the normal distributions is

    .. math:: H^2 = 1 - \frac{|\Sigma|^{1/4} |\Sigma'|^{1/4}}{|\bar\Sigma|^{1/2}}
        \exp\left(-\tfrac18 (\mu - \mu')^T \bar\Sigma^{-1} (\mu - \mu')\right),
        \quad \bar\Sigma = (\Sigma + \Sigma') / 2.

    .01 is added to every variance: columns that determine each other, as fractions that sum to 1,
    would make it 1 for a rounding error. It sees what shifts or correlations do to all columns
    together; it does not see categories, nor dependence of a shape that no correlation shows.

    Reference: El Emam et al., JMIR Med. Inform. 10 (2022) e35734; Pardo, Statistical Inference
    Based on Divergence Measures (2006), section 1.

    Example:
        >>> from halflife.schemas.table import Block, Column, Table
        >>> table = Table((Column(name="x"), Column(name="y")))
        >>> line, back = ([{"x": i, "y": sign * i} for i in range(20)] for sign in (1, -1))
        >>> both = (Block.from_rows(table, rows) for rows in (line, back))
        >>> round(MultivariateHellinger().measure(Comparison.of(*both, seed=0)).value, 1)
        0.9
    """

    name: ClassVar[str] = "multivariate_hellinger"
    title: ClassVar[str] = "Hellinger distance, all numbers"
    group: ClassVar[str] = "joint"
    needs: ClassVar[tuple[Need, ...]] = ("numbers",)

    def _find(self, comparison: Comparison) -> MeasureResult:
        scores, names = _normal_scores(comparison)
        if min(comparison.sizes.values()) < 2 or not names:
            raise NothingMeasurable("it needs two rows on both sides, and a number that varies")
        draws = affordable(comparison, len(names), comparison.draws)
        fits = [
            (_fit(scores[real]), _fit(scores[~real]))
            for real in comparison.as_real[: 1 + draws] > 0.0
        ]
        distances = np.array([gaussian_hellinger(*own, *other) for own, other in fits])
        yardstick = float(distances[1:].mean())
        return self._result(
            distances[0],
            yardstick=yardstick,
            p_value=chance(distances[0], distances[1:]),
            sentence=(
                f"The joint distributions of {len(names)} numbers are {distances[0]:.3g} apart "
                f"(0: the same, 1: nothing in common); another real sample of that size is about "
                f"{yardstick:.3g} away."
            ),
            details={
                "columns_used": names,
                "rows": comparison.sizes,
                "permutations": draws,
            },
        )


def gaussian_hellinger(
    mean: FloatArray, covariance: FloatArray, other_mean: FloatArray, other_covariance: FloatArray
) -> float:
    """Hellinger distance of two normal distributions, in [0, 1].

    Args:
        mean: Shape (d,).
        covariance: Shape (d, d), positive definite.
        other_mean: Shape (d,).
        other_covariance: Shape (d, d), positive definite.

    Example:
        >>> one = np.eye(1)
        >>> print(round(gaussian_hellinger(np.zeros(1), one, np.full(1, 2.0), one), 4))
        0.6273
    """
    middle = (covariance + other_covariance) / 2.0
    apart = mean - other_mean
    log = (
        (np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(other_covariance)[1]) / 4.0
        - np.linalg.slogdet(middle)[1] / 2.0
        - apart @ np.linalg.solve(middle, apart) / 8.0
    )
    return float(np.sqrt(max(-np.expm1(log), 0.0)))


def _normal_scores(comparison: Comparison) -> tuple[FloatArray, list[str]]:
    """Scores of the numbers that vary, shape (n + m, d), and their names."""
    from scipy.special import ndtri

    scores, names = [], []
    everyone = np.ones((1, len(comparison.pooled)))
    for name in comparison.table.numeric:
        rank = RankedColumn.of(comparison.pooled, name).midranks(everyone)[0]
        if np.ptp(rank) > 0.0:
            scores.append(ndtri(rank))
            names.append(name)
    return np.column_stack(scores) if scores else np.empty((len(comparison.pooled), 0)), names


def _fit(scores: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and covariance of rows."""
    mean = scores.mean(axis=0)
    apart = scores - mean
    return mean, apart.T @ apart / len(scores) + _RIDGE * np.eye(len(mean))
