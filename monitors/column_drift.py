"""Drift of single columns: shifts and spreads of their ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from halflife.schemas.table import Block, Column, Role, Table

from .components import Components
from .cusum_mixture import Crossing
from .detector import Detector, Finding
from .readings import Readings
from .shift_bank import ShiftBank
from .wording import change


def answering(table: Table) -> tuple[str, ...]:
    """Numeric columns that answer, measured or derived, where no set-point explains them.

    A planner that moves its set-points moves these columns too, and that is no fault: a table
    with set-points has them watched by `SetPointDrift` instead.

    Example:
        >>> from halflife.schemas.table import Column
        >>> answering(Table((Column(name="yield"),)))
        ('yield',)
        >>> answering(Table((Column(name="yield"), Column(name="dose", role=Role.SET_POINT))))
        ()
    """
    if table.set_points:
        return ()
    roles = (Role.MEASURED, Role.DERIVED)
    return tuple(c.name for c in table.columns if c.is_number and c.role in roles)


def shifted(bank: ShiftBank, columns: Sequence[Column], crossing: Crossing) -> Finding:
    """That one of a bank's columns is higher, lower, or scatters otherwise.

    Args:
        bank: Whose component crossed.
        columns: That the bank watches, in its order.
        crossing: Of the mixture of its components.
    """
    shift = bank.shift(crossing.leader)
    column = columns[bank.column(crossing.leader)]
    size = bank.size(crossing.leader, crossing.mean)
    what = change(shift.direction, wider=shift.variance > 1, size=size, column=column)
    return Finding(
        columns=(column.name,),
        direction=shift.direction,
        size=None if shift.direction == "spread" else size,
        text=f"{column.name} {what}",
    )


class ColumnDrift(Detector):
    """A numeric column that is higher, lower, or scatters otherwise than in the reference.

    ``l_k(z) = log N(z; m_k, v_k) / N(z; 0, 1)`` of the normal score z of a value's mid-rank in the
    reference, for shifts m of .25 to 2 and variances v of .6 to 3, in a `CusumMixture`.

    Args:
        table: Of the stream.
        false_alarms: Records between false alarms, at least.

    Raises:
        ValueError: For false alarms more often than once in a record.

    Example:
        >>> import numpy as np, pandas as pd
        >>> from halflife.schemas.table import Column
        >>> table = Table((Column(name="pressure", unit="bar"),))
        >>> normal = np.random.default_rng(0).normal(20.0, 1.0, 600)
        >>> frame = pd.DataFrame({"pressure": normal})
        >>> detector = ColumnDrift(table, false_alarms=1000)
        >>> detector.fit(Block.from_frame(table, frame[:500]))
        >>> alarms = detector.update(Block.from_frame(table, frame[500:] + 2.0))
        >>> alarms[0].columns, alarms[0].direction, alarms[0].record < 10
        (('pressure',), 'up', True)

    References:
        Page, "Continuous inspection schemes", Biometrika 41 (1954); for the mixture see
        `CusumMixture`.
    """

    kind: ClassVar[str] = "column"
    _bank: ShiftBank

    @classmethod
    def watched(cls, table: Table) -> tuple[str, ...]:
        """Measured and derived numbers of a table without set-points."""
        return answering(table)

    def _learn(self, reference: Block) -> Components:
        self._bank = ShiftBank.fit(reference.matrix(self.columns))
        return self._bank.components

    def _read(self, block: Block) -> Readings:
        return self._bank.read(block.matrix(self.columns))

    def _tell(self, crossing: Crossing) -> Finding:
        return shifted(self._bank, [self.table.column(n) for n in self.columns], crossing)

    def _learned(self) -> dict[str, Any]:
        return {"bank": self._bank.state()}

    def _relearn(self, learned: Mapping[str, Any]) -> Components:
        self._bank = ShiftBank.of_state(learned["bank"])
        return self._bank.components
