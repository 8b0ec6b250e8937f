"""Dependence between columns, two by two."""

from __future__ import annotations

from itertools import combinations
from typing import ClassVar, Final

import numpy as np

from halflife.schemas.table import Block, FloatArray

from .part_score import PartScore
from .ranked_column import RankedColumn
from .samples import Samples, Weights

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
    columns. The 1/4 is for tables whose columns depend on each other too weakly to be lost.

    Args:
        permutations: Draws for the band.
        bootstraps: Draws for the error.

    Reference: Lehmann and Romano (2005), section 15.2; Cramer, Mathematical Methods of Statistics
    (1946), chapter 21.

    Example:
        >>> from halflife.schemas.table import Column, Table
        >>> table = Table((Column(name="x"), Column(name="y")))
        >>> line = Block.from_rows(table, [{"x": i, "y": i} for i in range(40)])
        >>> back = Block.from_rows(table, [{"x": i, "y": -i} for i in range(40)])
        >>> PairsFidelity().score(Samples.of(line, back, seed=0)).value
        0.0
    """

    name: ClassVar[str] = "pairs"

    def __init__(self, *, permutations: int = 200, bootstraps: int = 100) -> None:
        self.permutations = permutations
        self.bootstraps = bootstraps

    def score(self, samples: Samples) -> PartScore:
        """The score; without meaning for a single column."""
        if len(samples.table.names) < 2:
            return PartScore(None, 0.0, np.zeros(2))
        dependence = _Dependence(samples.pooled)
        weights = samples.as_they_are()
        observed = _difference(dependence, weights)[0]
        strength = np.sqrt((dependence.of(weights[0]) ** 2).mean())
        chance = _difference(dependence, samples.permutations(self.permutations))
        drawn = _difference(dependence, samples.bootstraps(self.bootstraps))
        expected = chance.mean()
        scale = max(strength - expected, _WEAK)
        return PartScore(
            raw=float(1.0 - (observed - expected) / scale),
            lower_band=float(np.quantile(1.0 - (chance - expected) / scale, 0.05)),
            replicates=np.asarray(1.0 - (drawn - expected) / scale),
        )


def _difference(dependence: _Dependence, weights: Weights) -> FloatArray:
    """Root mean square over the pairs of the difference in dependence, shape (r,)."""
    parts = []
    for start in range(0, len(weights[0]), _AT_ONCE):  # bounds the memory of a large table
        rows = slice(start, start + _AT_ONCE)
        apart = dependence.of(weights[0][rows]) - dependence.of(weights[1][rows])
        parts.append(np.sqrt((apart**2).mean(axis=1)))
    return np.concatenate(parts)


class _Dependence:
    """The dependence of every two columns of a block, under many weightings of its rows."""

    def __init__(self, block: Block) -> None:
        self._numbers = [RankedColumn.of(block, name) for name in block.table.numeric]
        self._levels = [_indicators(block, name) for name in block.table.categories]

    def of(self, weights: FloatArray) -> FloatArray:
        """All pairs, shape (r, pairs), of weights of shape (r, N)."""
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
                counts = (weights @ level)[:, :, None]  # (r, k, 1)
                between = _ratio(sums**2, counts).sum(axis=1)
                pairs += list(np.sqrt(_ratio(between, squares)).T)
        pairs += [_cramer(weights, a, b) for a, b in combinations(self._levels, 2)]
        return np.column_stack(pairs)


def _indicators(block: Block, name: str) -> FloatArray:
    """One column of 0 and 1 for each level, shape (N, k); the rarest beyond ten share one."""
    column = RankedColumn.of(block, name)
    counts = column.counts(np.ones((1, len(block))))[0]
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
