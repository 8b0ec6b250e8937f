"""What records say to the CUSUMs of a mixture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Int32Array = NDArray[np.int32]
Int64Array = NDArray[np.int64]

#: Log-likelihood ratios are integers, in steps of this many nats.
STEP: Final = 2.0**-16
#: Largest log-likelihood ratio of one record, in nats, either way.
LARGEST: Final = 40.0


def to_steps(nats: NDArray[np.float64]) -> Int32Array:
    """Log-likelihood ratios as integers, rounded down, which can only delay an alarm.

    Example:
        >>> to_steps(np.array([1.0, -0.00001, 99.0])).tolist()
        [65536, -1, 2621440]
    """
    return np.floor(np.clip(nats, -LARGEST, LARGEST) / STEP).astype(np.int32)


@dataclass(frozen=True, slots=True)
class Readings:
    """What the records of a chunk say to ``K`` CUSUMs and about ``E`` amounts.

    Args:
        increments: Shape (K, n), log-likelihood ratios in steps; 0 where a cell is missing.
        amounts: Shape (E, n), integers that are averaged since the change; 0 where missing.
        present: Shape (E, n), whether there was a cell.
    """

    increments: Int32Array
    amounts: Int64Array
    present: NDArray[np.bool_]

    def beside(self, other: Readings) -> Readings:
        """These and, after them, others of the same records."""
        return Readings(
            increments=np.concatenate([self.increments, other.increments]),
            amounts=np.concatenate([self.amounts, other.amounts]),
            present=np.concatenate([self.present, other.present]),
        )
