"""Drift of what tells of pace: a column whose spread depends on that of the records before."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np

from halflife.schemas.table import Block

from .column_drift import ColumnDrift
from .components import Components
from .coupled_bank import CoupledBank
from .crossing import Crossing
from .finding import Finding
from .inflation import inflation
from .shift_bank import SHIFTS, ShiftBank

_CLEAR: Final = 5.0  # standard errors of the mean since the change


class PaceDrift(ColumnDrift):
    """`ColumnDrift` of a single column that pays for dependence of its squares too.

    Where a schedule is kept, a record that is late makes the interval before it longer and the one
    after it shorter. Their levels then even out, which costs a monitor of levels nothing, but what
    departs from the schedule does so twice: the log-ratios of a change in spread are those of
    ``z^2``, whose long-run variance is larger than their variance. For these, ``V`` is the larger
    of both.

    Example:
        >>> from halflife.schemas.table import Column, Table
        >>> table = Table((Column(name="interval", unit="s"),))
        >>> late = np.random.default_rng(0).normal(size=60_001)
        >>> cells = 300 + np.diff(late)[:, None]
        >>> schedule = Block(table, cells, np.empty((60_000, 0), dtype=object))
        >>> for each in (ColumnDrift, PaceDrift):
        ...     detector = each(table, false_alarms=30_000)
        ...     detector.fit(schedule[:2000])
        ...     print(len(detector.update(schedule[2000:])))
        7
        0

    Reference: as `ColumnDrift`.
    """

    def learn(self, reference: Block) -> Components:
        """Learn what is normal."""
        bank = CoupledBank.fit(reference.matrix(self.columns))
        ranks = bank.plain.ranks
        codes = ranks.codes(reference.matrix(self.columns))
        known = codes[0] != ranks.missing
        squares = inflation(ranks.scores[0][codes[0]] ** 2, known)
        of_shifts = [1.0 if each.variance == 1.0 else squares for each in SHIFTS]
        plain = ShiftBank(
            ranks,
            inflations=np.maximum(bank.plain.inflations, np.array(of_shifts)[:, None]),
            centres=bank.plain.centres,
            scales=bank.plain.scales,
        )
        self._bank = CoupledBank(plain, bank.decorrelation, bank.joint)
        return self._bank.components

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
