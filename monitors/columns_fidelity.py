"""Marginal fidelity: each column by itself."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from halflife.schemas.table import FloatArray

from .part_score import PartScore
from .ranked_column import RankedColumn
from .samples import Samples, Weights


class ColumnsFidelity:
    r"""How alike the distributions of each column are.

    For numbers the Kolmogorov-Smirnov distance :math:`D_c = \max_x |F(x) - G(x)|`, at every value
    that occurs, so that grids and ties are exact; for categories the total variation distance
    :math:`D_c = \frac12 \sum_x |f(x) - g(x)|`. Missing cells are a value of their own. Over the
    columns, :math:`D = \sqrt{\mathrm{mean}_c D_c^2}`: one column that is lost among many shows.
    The score is :math:`1 - (D - D_0) / (1 - D_0)`, with :math:`D_0` the mean over permutations
    that exchange real and synthetic rows: 1 is what another real sample scores on average, 0 is
    two samples without a value in common.

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

    def __init__(self, *, permutations: int = 200, bootstraps: int = 100) -> None:
        self.permutations = permutations
        self.bootstraps = bootstraps

    def score(self, samples: Samples) -> PartScore:
        """The score, with the fidelity of each column as details."""
        observed = column_distances(samples, samples.as_they_are())
        chance = column_distances(samples, samples.permutations(self.permutations))
        drawn = column_distances(samples, samples.bootstraps(self.bootstraps))
        expected = _whole(chance).mean()
        by_chance = chance.mean(axis=0)
        columns = np.clip(_beyond(observed[0], by_chance), 0.0, 1.0)
        return PartScore(
            raw=float(_beyond(_whole(observed)[0], expected)),
            lower_band=float(np.quantile(_beyond(_whole(chance), expected), 0.05)),
            replicates=_beyond(_whole(drawn), expected),
            details=dict(zip(samples.table.names, columns.tolist(), strict=True)),
        )


def column_distances(samples: Samples, weights: Weights) -> FloatArray:
    """Kolmogorov-Smirnov or total variation distance of each column, shape (r, columns)."""
    distances = []
    for name in samples.table.names:
        column = RankedColumn.of(samples.pooled, name)
        apart = column.shares(weights[0]) - column.shares(weights[1])
        if name in samples.table.numeric:
            distances.append(np.abs(np.cumsum(apart, axis=1)).max(axis=1))
        else:
            distances.append(np.abs(apart).sum(axis=1) / 2.0)
    return np.column_stack(distances)


def _whole(distances: FloatArray) -> FloatArray:
    """Root mean square over the columns, shape (r,)."""
    return np.asarray(np.sqrt((distances**2).mean(axis=1)))


def _beyond(distance: FloatArray, expected: FloatArray) -> FloatArray:
    """1 where the distance is what chance makes it, 0 where nothing is in common."""
    return np.asarray(1.0 - (distance - expected) / np.maximum(1.0 - expected, 1e-9))
