"""What the CUSUMs of a mixture are."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Int64Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Components:
    """What ``K`` CUSUMs are, each told by one of ``E`` amounts.

    Args:
        owners: Shape (K,), for each the row of ``Readings.amounts`` that it tells.
        errors: Shape (K,), standard error of its increments' mean, in nats.
        gains: Shape (K,), what its alarms are rarer by than its exponential says, in nats.
        weights: Shape (K,), its part of the false alarms beside the others; 0 where it cannot move.
    """

    owners: Int64Array
    errors: FloatArray
    gains: FloatArray
    weights: FloatArray

    @property
    def amounts(self) -> int:
        """``E``."""
        return int(self.owners.max(initial=-1)) + 1

    def weighing(self, weight: float) -> Components:
        """The same with weights that add up to ``weight``, as far as any can move."""
        total = float(self.weights.sum())
        return replace(self, weights=self.weights * (weight / total if total else 0.0))

    def beside(self, other: Components) -> Components:
        """These and, after them, others with amounts of their own."""
        return Components(
            owners=np.concatenate([self.owners, other.owners + self.amounts]),
            errors=np.concatenate([self.errors, other.errors]),
            gains=np.concatenate([self.gains, other.gains]),
            weights=np.concatenate([self.weights, other.weights]),
        )
