"""Drift of what tells of pace, told as pace."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np

from .column_drift import ColumnDrift
from .crossing import Crossing
from .finding import Finding
from .shift_bank import SHIFTS

_CLEAR: Final = 5.0  # standard errors of the mean since the change


class PaceDrift(ColumnDrift):
    """`ColumnDrift` of a single column in which a change of pace is called that.

    Where records come at another pace, intervals are longer and scatter otherwise at once; what
    people ask is how long they are.

    Example:
        >>> from halflife.schemas.table import Block, Column, Table
        >>> table = Table((Column(name="interval", unit="s"),))
        >>> late = np.random.default_rng(0).normal(size=60_001)
        >>> cells = 300 + np.diff(late)[:, None]
        >>> schedule = Block(table, cells, np.empty((60_000, 0), dtype=object))
        >>> detector = PaceDrift(table, false_alarms=30_000)
        >>> detector.fit(schedule[:2000])
        >>> len(detector.update(schedule[2000:]))  # a late record, and a short interval after it
        0

    Reference: as `ColumnDrift`.
    """

    def tell(self, crossing: Crossing) -> Finding:
        """What an alarm means: a mean that is clearly another is told, though spread may lead.

        Values far beyond the reference depart from it as clearly by their spread.
        """
        plain = self._bank.plain
        records = crossing.record + 1 - crossing.change_point
        size = plain.size(crossing.leader, crossing.mean)
        clear = abs(size) * math.sqrt(records) > _CLEAR * float(plain.scales[0])
        if plain.shift(crossing.leader).direction != "spread" or not clear:
            return super().tell(crossing)
        way = "up" if size > 0 else "down"
        nats = [
            standing if shift.direction == way else -1.0
            for shift, standing in zip(SHIFTS, crossing.standing, strict=True)
        ]
        return super().tell(replace(crossing, leader=int(np.argmax(nats))))
