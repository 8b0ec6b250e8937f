"""A test of whether two samples come from one distribution, whatever its shape."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from halflife.monitors.features import features
from halflife.schemas.table import FloatArray

from .comparison import Comparison
from .measure import Measure, chance
from .measure_result import MeasureResult

_MOST_ROWS: Final = 500
_DRAWS: Final = 300


class MaximumMeanDiscrepancy(Measure):
    r"""Maximum mean discrepancy (MMD) with a Gaussian kernel, and its permutation test.

    :math:`\mathrm{MMD}^2 = w^T K w` with :math:`K_{ij} = \exp(-|z_i - z_j|^2 / 2 \sigma^2)` and
    :math:`w` = 1/n for real rows and -1/m for synthetic ones. The rows :math:`z` are numbers as
    ranks and categories as indicators, :math:`\sigma` the median distance of two rows. The value is
    the root, 0 for equal samples; at most 500 rows of each side are looked at, drawn with the seed.

    Reference: Gretton et al., J. Mach. Learn. Res. 13 (2012) 723.

    Example:
        >>> from halflife.schemas.table import Block, Column, Table
        >>> table = Table((Column(name="x"),))
        >>> low, high = ([{"x": i + start} for i in range(30)] for start in (0, 100))
        >>> both = (Block.from_rows(table, rows) for rows in (low, high))
        >>> found = MaximumMeanDiscrepancy().measure(Comparison.of(*both, seed=0))
        >>> print(found.value > 0.5, round(found.p_value, 3))
        True 0.003
    """

    name: ClassVar[str] = "maximum_mean_discrepancy"
    title: ClassVar[str] = "Maximum mean discrepancy (MMD)"
    group: ClassVar[str] = "joint"
    highest: ClassVar[float | None] = 2.0**0.5

    def _find(self, comparison: Comparison) -> MeasureResult:
        real = comparison.some(comparison.real, "kernel, real", _MOST_ROWS)
        synthetic = comparison.some(comparison.synthetic, "kernel, synthetic", _MOST_ROWS)
        rows = np.concatenate(features([real, synthetic], comparison.table.names))
        is_real = np.arange(len(rows)) < len(real)
        generator = comparison.samples.generator("kernel")
        permuted = generator.permuted(np.tile(is_real, (_DRAWS, 1)), axis=1)
        squares = squared_discrepancy(gaussian_kernel(rows), np.vstack([is_real, permuted]))
        distances = np.sqrt(np.maximum(squares, 0.0))
        p_value = chance(distances[0], distances[1:])
        verdict = "cannot be told apart" if p_value > 0.05 else "can be told apart"
        return self._result(
            distances[0],
            yardstick=distances[1:].mean(),
            p_value=p_value,
            sentence=(
                f"The discrepancy of all columns together is {distances[0]:.3g}; another real "
                f"sample of that size gives about {distances[1:].mean():.3g}. By this test real "
                f"and synthetic rows {verdict} (p = {p_value:.2g})."
            ),
            details={
                "rows": {"real": len(real), "synthetic": len(synthetic)},
                "permutations": _DRAWS,
            },
        )


def gaussian_kernel(rows: FloatArray) -> FloatArray:
    """Similarity of every two rows, shape (N, N), with the median distance as its width.

    Args:
        rows: Shape (N, f).

    Example:
        >>> gaussian_kernel(np.array([[0.0], [1.0]])).round(3)
        array([[1.   , 0.607],
               [0.607, 1.   ]])
    """
    from scipy.spatial.distance import pdist, squareform

    squares = pdist(rows, "sqeuclidean")
    apart = squares[squares > 0.0]
    width = float(np.median(apart)) if len(apart) else 1.0
    return np.asarray(np.exp(-squareform(squares) / (2.0 * width)))


def squared_discrepancy(kernel: FloatArray, is_real: NDArray[np.bool_]) -> FloatArray:
    """Squared MMD of the two samples that each labelling makes, shape (r,).

    Args:
        kernel: Shape (N, N).
        is_real: Shape (r, N), with at least one row of each kind.

    Example:
        >>> squared_discrepancy(np.eye(2), np.array([[True, False]]))
        array([2.])
    """
    real = is_real / is_real.sum(axis=1, keepdims=True)
    synthetic = ~is_real / (~is_real).sum(axis=1, keepdims=True)
    weights = real - synthetic
    return np.asarray(((weights @ kernel) * weights).sum(axis=1))
