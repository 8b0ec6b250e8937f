"""Correlations of two samples at once, under many exchanges of their rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from halflife.schemas.table import FloatArray

from .pairs_measure import Pair

if TYPE_CHECKING:
    from .comparison import Comparison

_LITTLE: Final = 1e-12
_COST: Final = 2e9

Found = tuple[dict[Pair, FloatArray], dict[Pair, dict[str, Any]], dict[str, Any]]


def correlation_distances(
    names: Sequence[str], both: Iterable[tuple[FloatArray, FloatArray]]
) -> Found:
    r"""How far apart the real and synthetic correlations of each pair are, :math:`|\Delta r|`.

    A pair of which a column is constant in the real rows is left out; a synthetic constant has
    the correlation 0: what there was is lost.

    Args:
        names: Of the d columns.
        both: Real and synthetic correlations, each (d, d) and NaN for a constant; of the rows as
            they are, then of the permutations.
    """
    i, j = np.triu_indices(len(names), 1)
    real, synthetic = (np.array([c[i, j] for c in side]) for side in zip(*both, strict=True))
    apart = np.abs(np.nan_to_num(real) - np.nan_to_num(synthetic))
    distances, more, left_out = {}, {}, []
    for k, pair in enumerate(combinations(names, 2)):
        if np.isnan(real[0, k]):
            left_out.append(list(pair))
            continue
        distances[pair] = apart[:, k]
        more[pair] = {"real": real[0, k], "synthetic": synthetic[0, k]}
    told = {"left_out": left_out, "why": "a column is constant in the real rows"}
    return distances, more, told if left_out else {}


def correlations(cells: FloatArray) -> FloatArray:
    """Pearson correlations of every two columns over the rows in which both have a cell.

    Args:
        cells: Shape (n, d); NaN is missing.

    Returns:
        Shape (d, d), in [-1, 1]; NaN where a column does not vary in those rows.

    Example:
        >>> correlations(np.array([[0.0, 0.0], [1.0, -1.0], [2.0, -2.0], [3.0, np.nan]])).round(3)
        array([[ 1., -1.],
               [-1.,  1.]])
    """
    there = (~np.isnan(cells)).astype(np.float64)
    rows = np.maximum(there.sum(axis=0), 1.0)
    # Centred and scaled first, or the squares of great numbers would leave no digits for the rest.
    apart = np.nan_to_num(cells - np.nan_to_num(cells).sum(axis=0) / rows)
    spread = np.sqrt((apart**2).sum(axis=0) / rows)
    wide = spread > _LITTLE * np.abs(np.nan_to_num(cells)).max(axis=0)  # more than rounding
    zero = np.where(wide, apart, 0.0) / np.where(wide, spread, 1.0)
    count = np.maximum(there.T @ there, 1.0)
    mean = (zero.T @ there) / count  # of the first column where the second is there
    variance = ((zero**2).T @ there) / count - mean**2
    covariance = (zero.T @ zero) / count - mean * mean.T
    varies = (variance > _LITTLE) & (variance.T > _LITTLE)
    scale = np.sqrt(np.where(varies, variance * variance.T, 1.0))
    return np.asarray(np.where(varies, np.clip(covariance / scale, -1.0, 1.0), np.nan))


def affordable(comparison: Comparison, columns: int, most: int) -> int:
    """How many permutations there is time for, 20 at least: a product of columns costs N d^2."""
    cost = len(comparison.pooled) * columns**2
    return int(np.clip(_COST / max(cost, 1), min(20, most), most))
