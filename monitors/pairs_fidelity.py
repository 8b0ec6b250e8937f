"""Dependence between columns, two by two."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import ClassVar, Final

import numpy as np

from halflife.schemas.table import FloatArray, Table

from .part_score import PartScore
from .ranked_column import RankedColumn
from .samples import Counts, Samples, chance_band

_WEAK: Final = 0.25
_MOST_LEVELS: Final = 10
_AT_ONCE: Final = 25


class PairsFidelity:
    r"""How alike the dependence of every two columns is.

    The dependence of two numbers is Spearman's :math:`\rho`, of a category and a number the
    correlation ratio :math:`\eta` of its ranks, of two categories Cramer's :math:`V`; a missing
    number has the middle rank, a missing category is one more level, the rarest levels beyond ten
    are one. With :math:`\Delta` the root mean square over the pairs of the difference between
    real and synthetic, :math:`\Delta_0` its mean over permutations that exchange their rows, and
    :math:`S` the root mean square of the real dependence itself, the score is
    :math:`1 - (\Delta - \Delta_0) / \max(S - \Delta_0, 1/4)`: 0 is a batch of independent
    columns. The 1/4 is for tables whose columns depend on each other too weakly to be lost. The
    band is exact up to ``rows`` a side, because it is the place of :math:`\Delta` among the
    exchanges.

    Args:
        permutations: Draws for the band.
        bootstraps: Draws for the error.
        rows: At most so many of each side are resampled. What comes out is that of all rows: the
            difference of exchanged means of n and m rows has the spread
            :math:`\sqrt{1 / n + 1 / m}` of a single one, and that of one side drawn anew
            :math:`\sqrt{1 / n}` or :math:`\sqrt{1 / m}`.

    Reference: Lehmann and Romano (2005), section 15.2; Cramer, Mathematical Methods of Statistics
    (1946), chapter 21.

    Example:
        >>> from halflife.schemas.table import Block, Column, Table
        >>> table = Table((Column(name="x"), Column(name="y")))
        >>> line = Block.from_rows(table, [{"x": i, "y": i} for i in range(40)])
        >>> back = Block.from_rows(table, [{"x": i, "y": -i} for i in range(40)])
        >>> PairsFidelity().score(Samples.of(line, back, seed=0)).value
        0.0
    """

    name: ClassVar[str] = "pairs"

    def __init__(self, *, permutations: int = 99, bootstraps: int = 100, rows: int = 200) -> None:
        self.permutations = permutations
        self.bootstraps = bootstraps
        self.rows = rows

    def score(self, samples: Samples) -> PartScore:
        """The score; without meaning for a single column."""
        if len(samples.table.names) < 2:
            return PartScore(None, 0.0, np.zeros(2))
        dependence = _Dependence(samples.table, samples.ranked)
        sides = [dependence.of(weights) for weights in samples.as_they_are()]
        observed = _size(sides[0] - sides[1])[0]
        strength = _size(sides[0])[0]
        chance, drawn, stronger = self._resampled(samples, dependence, sides)
        expected = chance.mean()
        scale = max(strength - expected, _WEAK)
        raw = float(1.0 - (observed - expected) / scale)
        return PartScore(
            raw=raw,
            lower_band=chance_band(1.0 - (chance - expected) / scale),
            # To first order: the strength of the real dependence is an estimate as well.
            replicates=np.asarray(raw - drawn / scale + (1.0 - raw) * stronger / scale),
        )

    def _resampled(
        self, samples: Samples, dependence: _Dependence, sides: list[FloatArray]
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Differences of exchanged samples; how difference and strength of drawn ones deviate."""
        thin = samples.thinned(self.rows)
        kept = sides
        if len(thin.pooled) < len(samples.pooled):
            dependence = _Dependence(thin.table, thin.ranked)
            kept = [dependence.of(weights) for weights in thin.as_they_are()]
        drawn = [
            self._each(dependence, weights)
            for weights in thin.together(permutations=self.permutations, bootstraps=self.bootstraps)
        ]
        chance = _size(drawn[0][: self.permutations] - drawn[1][: self.permutations])
        # Each side by its own noise: they differ in rows, and where they differ in dependence also
        # in what a row tells of it.
        real, synthetic = (
            whole + (found[self.permutations :] - few) * np.sqrt(len(rows) / len(all_rows))
            for whole, few, found, rows, all_rows in zip(
                sides,
                kept,
                drawn,
                (thin.real, thin.synthetic),
                (samples.real, samples.synthetic),
                strict=True,
            )
        )
        differences, strengths = _size(real - synthetic), _size(real)
        return (
            chance * (samples.noise / thin.noise),
            differences - differences.mean(),
            strengths - strengths.mean(),
        )

    @staticmethod
    def _each(dependence: _Dependence, weights: Counts) -> FloatArray:
        """The pairs of each resample, shape (r, pairs)."""
        starts = range(1, len(weights), _AT_ONCE)  # bounds the memory of a large table
        return np.vstack([dependence.of(weights[start : start + _AT_ONCE]) for start in starts])


def _size(pairs: FloatArray) -> FloatArray:
    """Root mean square over the pairs, shape (r,)."""
    return np.asarray(np.sqrt((pairs**2).mean(axis=1)))


class _Dependence:
    """The dependence of every two columns of a block, under many weightings of its rows."""

    def __init__(self, table: Table, ranked: Mapping[str, RankedColumn]) -> None:
        self._numbers = [ranked[name] for name in table.numeric]
        self._levels = [_indicators(ranked[name]) for name in table.categories]

    def of(self, counts: Counts) -> FloatArray:
        """All pairs, shape (r, pairs), of rows counted so often, shape (r, N)."""
        weights = counts.astype(np.float64)
        pairs: list[FloatArray] = []
        if self._numbers:
            ranks = np.stack([column.midranks(weights) for column in self._numbers], axis=2)
            total = weights.sum(axis=1)[:, None, None]
            ranks -= (weights[:, None, :] @ ranks) / total
            weighted = ranks * weights[:, :, None]
            moments = np.swapaxes(weighted, 1, 2) @ ranks  # (r, d, d)
            squares = np.diagonal(moments, axis1=1, axis2=2)  # (r, d)
            norm = np.sqrt(squares[:, :, None] * squares[:, None, :])
            spearman = _ratio(moments, norm)
            i, j = np.triu_indices(len(self._numbers), 1)
            pairs += list(spearman[:, i, j].T)
            for level in self._levels:
                sums = level.T @ weighted  # (r, k, d)
                sizes = (weights @ level)[:, :, None]  # (r, k, 1)
                between = _ratio(sums**2, sizes).sum(axis=1)
                pairs += list(np.sqrt(_ratio(between, squares)).T)
        pairs += [_cramer(weights, a, b) for a, b in combinations(self._levels, 2)]
        return np.column_stack(pairs)


def _indicators(column: RankedColumn) -> FloatArray:
    """One column of 0 and 1 for each level, shape (N, k); the rarest beyond ten share one."""
    counts = column.counts(np.ones((1, len(column.codes))))[0]
    place = np.empty(column.levels, dtype=np.intp)
    place[np.argsort(-counts, kind="stable")] = np.arange(column.levels)
    levels = min(column.levels, _MOST_LEVELS)
    return np.eye(levels)[np.minimum(place[column.codes], levels - 1)]


def _cramer(weights: FloatArray, a: FloatArray, b: FloatArray) -> FloatArray:
    """Cramer's V of two sets of indicators, shape (r,)."""
    shares = (a.T * weights[:, None, :]) @ b / weights.sum(axis=1)[:, None, None]
    product = shares.sum(axis=2, keepdims=True) * shares.sum(axis=1, keepdims=True)
    square = _ratio((shares - product) ** 2, product).sum(axis=(1, 2))
    return np.asarray(np.sqrt(square / max(min(a.shape[1], b.shape[1]) - 1, 1)))


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    """The quotient, 0 where there is nothing to divide by: a constant depends on nothing."""
    below = np.broadcast_to(below, above.shape)
    return np.divide(above, below, out=np.zeros(above.shape), where=below > 1e-12)
