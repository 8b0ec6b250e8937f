"""Drift of how columns go together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from halflife.schemas.table import Block, Table

from .column_drift import answering
from .components import Components
from .cusum_mixture import Crossing
from .decorrelation import Decorrelation
from .detector import Detector, Finding
from .rank_scores import RankScores
from .readings import Readings
from .shift_bank import ShiftBank


class JointDrift(Detector):
    """A column that no longer goes with the others as it did in the reference.

    The residual of each column's normal score in a regression on all the others is ranked within
    the reference's residuals, each of these as if its row were held out, and these ranks go into
    the CUSUMs of `ColumnDrift`. A row with a missing cell is passed over.

    Args:
        table: Of the stream.
        false_alarms: Records between false alarms, at least.

    Raises:
        ValueError: For false alarms more often than once in a record.

    Example:
        >>> import numpy as np, pandas as pd
        >>> from halflife.schemas.table import Column
        >>> table = Table((Column(name="flow"), Column(name="pressure")))
        >>> rng = np.random.default_rng(0)
        >>> flow = rng.normal(size=600)
        >>> frame = pd.DataFrame({"flow": flow, "pressure": flow + .3 * rng.normal(size=600)})
        >>> detector = JointDrift(table, false_alarms=1000)
        >>> detector.fit(Block.from_frame(table, frame[:500]))
        >>> frame["pressure"] *= -1
        >>> alarms = detector.update(Block.from_frame(table, frame[500:]))
        >>> alarms[0].kind, sorted(alarms[0].columns), alarms[0].record < 20
        ('joint', ['flow', 'pressure'], True)

    References:
        Hawkins, "Regression adjustment for variables in multivariate quality control", Journal of
        Quality Technology 25 (1993).
    """

    kind: ClassVar[str] = "joint"
    _decorrelation: Decorrelation
    _bank: ShiftBank

    @classmethod
    def watched(cls, table: Table) -> tuple[str, ...]:
        """Measured and derived numbers of a table without set-points, if there are two."""
        columns = answering(table)
        return columns if len(columns) > 1 else ()

    def _learn(self, reference: Block) -> Components:
        self._decorrelation, held_out = Decorrelation.fit(reference.matrix(self.columns))
        self._bank = ShiftBank.fit(held_out)
        return self._bank.components

    def _read(self, block: Block) -> Readings:
        return self._bank.read(self._decorrelation.residuals(block.matrix(self.columns)))

    def _tell(self, crossing: Crossing) -> Finding:
        place = self._bank.column(crossing.leader)
        partner = self._decorrelation.partner(place)
        names = tuple(self.columns[i] for i in (place, partner) if i is not None)
        shift = self._bank.shift(crossing.leader)
        how = {"up": "it is higher", "down": "it is lower"}.get(
            shift.direction, f"it scatters {'more' if shift.variance > 1 else 'less'}"
        )
        others = f"{names[1]} and the other columns" if len(self.columns) > 2 else names[-1]
        return Finding(
            columns=names,
            direction=shift.direction,
            size=None,  # a residual of scores has no unit
            text=f"{names[0]} no longer goes with {others} as before: {how} than they say",
        )

    def _learned(self) -> dict[str, Any]:
        return {
            "bank": self._bank.state(),
            "ranks": self._decorrelation.ranks.state(),
            "decorrelation": self._decorrelation.state(),
        }

    def _relearn(self, learned: Mapping[str, Any]) -> Components:
        ranks = RankScores.of_state(learned["ranks"])
        self._decorrelation = Decorrelation.of_state(learned["decorrelation"], ranks)
        self._bank = ShiftBank.of_state(learned["bank"])
        return self._bank.components
