"""Correlations of two samples at once, under many exchanges of their rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import FloatArray

from .pairs_measure import Pair

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


def correlations(cells: FloatArray, weights: NDArray[np.floating[Any]]) -> FloatArray:
    """Pearson correlations of every two columns over the rows in which both have a cell.

    Args:
        cells: Shape (N, d); NaN is missing. Scaled to about 1, for the sake of rounding.
        weights: 1 for the rows of the sample, shape (N,).

    Returns:
        Shape (d, d), in [-1, 1]; NaN where a column does not vary in those rows.

    Example:
        >>> cells = np.array([[0.0, 0.0], [1.0, -1.0], [2.0, -2.0], [3.0, np.nan]])
        >>> correlations(cells, np.ones(4)).round(3)
        array([[ 1., -1.],
               [-1.,  1.]])
    """
    there = (~np.isnan(cells)).astype(np.float64)
    zero = np.nan_to_num(cells)
    weighted = zero * weights[:, None]
    count = np.maximum((there * weights[:, None]).T @ there, 1.0)
    mean = (weighted.T @ there) / count  # of the first column where the second is there
    variance = ((weighted * zero).T @ there) / count - mean**2
    covariance = (weighted.T @ zero) / count - mean * mean.T
    scale = np.sqrt(np.maximum(variance, 0.0) * np.maximum(variance.T, 0.0))
    varies = (variance > 1e-12) & (variance.T > 1e-12)
    found = np.divide(covariance, scale, out=np.full(scale.shape, np.nan), where=varies)
    return np.asarray(np.clip(found, -1.0, 1.0))
