"""The measurements of a batch since its birth, in bounded room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from halflife.schemas.table import FloatArray

from .arrays import pack, unpack

_MOST: Final = 32
_OWN: Final = 0.1
"""Share of a tick's variance that is its own where it measured the same rows as another: the
draws of its classifier and of its resamples."""


class DecayTicks:
    """Retained shares with their ages and errors, at most 32 of them.

    Each new tick makes the errors of those before it grow, so that they weigh less. When there is
    no more room, every two neighbours become one: their weighted mean, with the error of that.

    Args:
        forgetting: Weight of a tick beside the next one, in (0, 1].

    Example:
        >>> ticks = DecayTicks(forgetting=1.0)
        >>> for age in range(1, 1_001):
        ...     ticks.append(age, age / 10, 1.0, 0.1, first=age - 1, last=age)
        >>> len(ticks) <= 32, round(float(ticks.records[-1]))
        (True, 1000)
    """

    _COLUMNS: Final = ("records", "hours", "first", "last", "retained", "error")

    def __init__(self, *, forgetting: float) -> None:
        self.forgetting = forgetting
        self._rows: FloatArray = np.empty((0, len(self._COLUMNS)))

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def records(self) -> FloatArray:
        """Mean age of the rows that were measured, in records."""
        return self._rows[:, 0]

    @property
    def hours(self) -> FloatArray:
        """Mean age of the rows that were measured, in hours."""
        return self._rows[:, 1]

    @property
    def retained(self) -> FloatArray:
        """Shares of the fidelity at birth."""
        return self._rows[:, 4]

    def append(
        self,
        records: float,
        hours: float,
        retained: float,
        error: float,
        *,
        first: float,
        last: float,
    ) -> None:
        """One more tick, which measured the rows of ages ``first`` to ``last`` (exclusive)."""
        if len(self._rows) == _MOST:
            self._merge()
        self._rows[:, 5] /= np.sqrt(self.forgetting)
        tick = np.array([[records, hours, first, last, retained, error]], dtype=np.float64)
        self._rows = np.concatenate([self._rows, tick])

    def covariance(self) -> FloatArray:
        r"""Of the shares, shape (n, n): :math:`e_i e_j (\rho_{ij} (1 - u) + u \delta_{ij})`.

        :math:`\rho_{ij}` is the number of rows that two ticks have in common over the geometric
        mean of their numbers, and u = .1.
        """
        error = self._rows[:, 5]
        correlation = (1.0 - _OWN) * _overlap(self._rows) + _OWN * np.eye(len(error))
        return np.asarray(correlation * np.outer(error, error))

    def _merge(self) -> None:
        """Make one tick of every two neighbours."""
        covariance = self.covariance()
        even, odd = np.arange(0, _MOST, 2), np.arange(1, _MOST, 2)
        weight = self._rows[:, 5] ** -2.0
        weight[even], weight[odd] = (
            weight[even] / (weight[even] + weight[odd]),
            weight[odd] / (weight[even] + weight[odd]),
        )
        merged = weight[even, None] * self._rows[even] + weight[odd, None] * self._rows[odd]
        merged[:, 2] = np.minimum(self._rows[even, 2], self._rows[odd, 2])
        merged[:, 3] = np.maximum(self._rows[even, 3], self._rows[odd, 3])
        merged[:, 5] = np.sqrt(
            weight[even] ** 2 * covariance[even, even]
            + weight[odd] ** 2 * covariance[odd, odd]
            + 2.0 * weight[even] * weight[odd] * covariance[even, odd]
        )
        self._rows = merged

    def state(self) -> dict[str, Any]:
        """Plain data that ``restore`` continues from, bit for bit."""
        return pack(self._rows)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a state."""
        self._rows = unpack(state)


def _overlap(rows: FloatArray) -> FloatArray:
    """Correlation of means over the rows that each tick measured, shape (n, n)."""
    first, last = rows[:, 2], rows[:, 3]
    common = np.minimum.outer(last, last) - np.maximum.outer(first, first)
    width = last - first
    shared = np.maximum(common, 0.0) / np.sqrt(np.outer(width, width))
    np.fill_diagonal(shared, 1.0)
    return np.asarray(shared)
