"""Marginal fidelity: each column by itself."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import FloatArray

from .part_score import PartScore
from .samples import Samples, Weights, chance_band


class ColumnsFidelity:
    r"""How alike the distributions of each column are.

    For numbers the Kolmogorov-Smirnov distance :math:`D_c = \max_x |F(x) - G(x)|`, at every value
    that occurs, so that grids and ties are exact; for categories the total variation distance
    :math:`D_c = \frac12 \sum_x |f(x) - g(x)|`. Missing cells are a value of their own. Over the
    columns, :math:`D = \sqrt{\mathrm{mean}_c D_c^2}`: one column that is lost among many shows.
    The score is :math:`1 - (D - D_0) / (1 - D_0)`, with :math:`D_0` the mean over permutations
    that exchange real and synthetic rows: 1 is what another real sample scores on average, 0 is
    two samples without a value in common. The band is exact at any size, whatever atoms, grids and
    gaps the columns have: where the samples are alike, their D has no other place among those of
    the exchanges than chance gives it.

    Args:
        permutations: Draws for the band.
        bootstraps: Draws for the error.

    Reference: Massey, JASA 46 (1951) 68; Lehmann and Romano (2005), section 15.2.

    Example:
        >>> from halflife.schemas.table import Block, Column, Table
        >>> table = Table((Column(name="x"),))
        >>> low = Block.from_rows(table, [{"x": i} for i in range(40)])
        >>> high = Block.from_rows(table, [{"x": 100 + i} for i in range(40)])
        >>> ColumnsFidelity().score(Samples.of(low, high, seed=0)).value
        0.0
    """

    name: ClassVar[str] = "columns"

    def __init__(self, *, permutations: int = 99, bootstraps: int = 100) -> None:
        self.permutations = permutations
        self.bootstraps = bootstraps

    def score(self, samples: Samples) -> PartScore:
        """The score, with the fidelity of each column as details."""
        weights = samples.together(permutations=self.permutations, bootstraps=self.bootstraps)
        distances = column_distances(samples, weights)
        whole = np.sqrt((distances**2).mean(axis=1))
        chance = slice(1, 1 + self.permutations)
        expected = whole[chance].mean()
        columns = _beyond(distances[0], distances[chance].mean(axis=0))
        beyond = _beyond(whole, expected)
        return PartScore(
            raw=float(beyond[0]),
            lower_band=chance_band(beyond[chance]),
            replicates=beyond[chance.stop :],
            details=dict(
                zip(samples.table.names, np.clip(columns, 0.0, 1.0).tolist(), strict=True)
            ),
        )


def column_distances(samples: Samples, weights: Weights) -> FloatArray:
    """Kolmogorov-Smirnov or total variation distance of each column, shape (r, columns)."""
    n, m = len(samples.real), len(samples.synthetic)
    common = math.gcd(n, m)
    whole = n * m // common  # real and synthetic sums in units in which both are whole numbers
    kind = "int16" if whole < 2**15 else "int32" if whole < 2**31 else "int64"
    each: NDArray[Any] = weights[0].astype(kind)
    each *= m // common
    each -= weights[1].astype(kind) * (n // common)
    signed = np.ascontiguousarray(each.T)  # the weights of a row side by side, as rows are taken
    distances = []
    for name, column in samples.ranked.items():
        if name in samples.table.numeric:
            distances.append(column.farthest(signed) / whole)
        else:
            distances.append(column.apart(signed) / (2.0 * whole))
    return np.column_stack(distances)


def _beyond(distance: FloatArray, expected: FloatArray | np.floating) -> FloatArray:
    """The score of a distance beside the one that chance alone gives."""
    return np.asarray(1.0 - (distance - expected) / np.maximum(1.0 - expected, 1e-9))
