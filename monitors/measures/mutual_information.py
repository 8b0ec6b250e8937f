"""Whether one column tells as much about another."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from halflife.schemas.table import FloatArray

from .comparison import Comparison
from .pairs_measure import Pair, PairsMeasure


class MutualInformation(PairsMeasure):
    r"""Difference of the normalised mutual information, the mean over the pairs.

    :math:`I = \sum_{kl} p_{kl} \ln \frac{p_{kl}}{p_k p_l}` over the classes of `PairTables`,
    divided by the mean entropy of the two columns: 0 where they are independent, 1 where each is
    a function of the other. Any kind of dependence, numbers and categories alike. A column that is
    constant tells nothing: 0.

    Reference: Cover and Thomas, Elements of Information Theory (2006), section 2.3; Strehl and
    Ghosh, J. Mach. Learn. Res. 3 (2002) 583.

    Example:
        >>> from halflife.schemas.table import Block, Column, Kind, Table
        >>> table = Table(tuple(Column(name=n, kind=Kind.CATEGORY) for n in "xy"))
        >>> real, synthetic = (Block.from_rows(table, [{"x": a, "y": b} for a, b in said])
        ...     for said in (["au", "bv", "au", "bv"], ["au", "bv", "av", "bu"]))
        >>> found = MutualInformation().measure(Comparison.of(real, synthetic, seed=0))
        >>> print(round(found.value, 6))
        1.0
    """

    name: ClassVar[str] = "mutual_information"
    title: ClassVar[str] = "Mutual information"
    says: ClassVar[str] = "The difference of how much one column tells about another"

    def _dependence(
        self, comparison: Comparison
    ) -> tuple[dict[Pair, FloatArray], dict[Pair, dict[str, Any]], dict[str, Any]]:
        found = comparison.pair_tables
        distances, more = {}, {}
        for pair, (real, synthetic) in found.tables.items():
            own, other = normalised_information(real), normalised_information(synthetic)
            distances[pair] = np.abs(own - other)
            more[pair] = {"real": own[0], "synthetic": other[0]}
        return distances, more, found.told


def normalised_information(counts: FloatArray) -> FloatArray:
    """Mutual information by the mean of both entropies, shape (r,), of tables (r, k, l).

    Example:
        >>> normalised_information(np.array([[[5.0, 0.0], [0.0, 5.0]], [[5.0, 5.0], [5.0, 5.0]]]))
        array([1., 0.])
    """
    joint = counts / np.maximum(counts.sum(axis=(1, 2), keepdims=True), 1.0)
    rows, columns = _entropy(joint.sum(axis=2)), _entropy(joint.sum(axis=1))
    information = rows + columns - _entropy(joint.reshape(len(joint), -1))
    mean = (rows + columns) / 2.0
    found = np.divide(information, mean, out=np.zeros_like(mean), where=mean > 1e-12)
    return np.clip(found, 0.0, 1.0)


def _entropy(shares: FloatArray) -> FloatArray:
    """In nats, shape (r,), of shares (r, k)."""
    from scipy.special import entr

    return np.asarray(entr(shares).sum(axis=1))
