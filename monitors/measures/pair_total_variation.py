"""Whether classes of two columns come together as often."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from halflife.schemas.table import FloatArray

from .comparison import Comparison
from .pairs_measure import Pair, PairsMeasure


class PairTotalVariation(PairsMeasure):
    r"""Total variation distance of two columns together, the mean over the pairs.

    :math:`\frac12 \sum_{kl} |p_{kl} - q_{kl}|` over the classes of `PairTables`.

    Reference: Levin, Peres, Markov Chains and Mixing Times (2017), proposition 4.2.

    Example:
        >>> from halflife.schemas.table import Block, Column, Kind, Table
        >>> table = Table(tuple(Column(name=n, kind=Kind.CATEGORY) for n in "xy"))
        >>> real, synthetic = (Block.from_rows(table, [{"x": a, "y": b} for a, b in said])
        ...     for said in (["au", "bv"], ["au", "bu"]))
        >>> PairTotalVariation().measure(Comparison.of(real, synthetic, seed=0)).value
        0.5
    """

    name: ClassVar[str] = "pair_total_variation"
    title: ClassVar[str] = "Total variation distance of pairs"
    says: ClassVar[str] = "The share of rows that would have to change their pair of classes"

    def _dependence(
        self, comparison: Comparison
    ) -> tuple[dict[Pair, FloatArray], dict[Pair, dict[str, Any]], dict[str, Any]]:
        n, m = comparison.sizes.values()
        found = comparison.pair_tables
        distances = {
            pair: np.asarray(np.abs(real / n - synthetic / m).sum(axis=(1, 2)) / 2.0)
            for pair, (real, synthetic) in found.tables.items()
        }
        return distances, {}, found.told
