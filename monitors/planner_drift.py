"""What the planner does otherwise than in the reference: information, no fault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from halflife.schemas.table import Block, Role, Table

from .components import Components
from .cusum_mixture import Crossing
from .detector import Detector
from .finding import Finding, shifted
from .level_bank import LevelBank
from .readings import CodedReadings
from .shift_bank import ShiftBank
from .suspect import Suspect


class PlannerDrift(Detector):
    """Set-points and context that are distributed otherwise than in the reference.

    The CUSUMs of `ColumnDrift` on their numbers and those of `CategoryDrift` on their categories.

    Args:
        table: Of the stream.
        false_alarms: Records between false alarms, at least.

    Raises:
        ValueError: For false alarms more often than once in a record.

    Example:
        >>> import numpy as np, pandas as pd
        >>> from halflife.schemas.table import Column
        >>> table = Table((Column(name="dose", role=Role.SET_POINT, unit="mg"),))
        >>> frame = pd.DataFrame({"dose": np.random.default_rng(0).uniform(0, 10, 600)})
        >>> detector = PlannerDrift(table, false_alarms=1000)
        >>> detector.fit(Block.from_frame(table, frame[:500]))
        >>> alarm = detector.update(Block.from_frame(table, frame[500:] / 2))[0]
        >>> alarm.is_fault, alarm.direction, alarm.text[:36]
        (False, 'down', 'the planner moved: dose is lower, by')

    References:
        As `ColumnDrift` and `CategoryDrift`.
    """

    kind: ClassVar[str] = "planner"
    information: ClassVar[bool] = True
    _shifts: ShiftBank
    _levels: LevelBank

    @classmethod
    def watched(cls, table: Table) -> tuple[str, ...]:
        """Set-points and context, numbers first."""
        roles = (Role.SET_POINT, Role.CONTEXT)
        columns = [c for c in table.columns if c.role in roles]
        return tuple(c.name for c in sorted(columns, key=lambda column: not column.is_number))

    @property
    def _numbers(self) -> tuple[str, ...]:
        return tuple(name for name in self.columns if name in self.table.numeric)

    @property
    def _components(self) -> Components:
        shifts, levels = self._shifts.components, self._levels.components
        return shifts.weighing(1.0).beside(levels.weighing(0.3))

    def learn(self, reference: Block) -> Components:
        """Learn what is normal."""
        self._shifts = ShiftBank.fit(reference.matrix(self._numbers))
        categories = [name for name in self.columns if name in self.table.categories]
        self._levels = LevelBank.fit(reference, categories)
        return self._components

    def read(self, block: Block) -> CodedReadings:
        """What records say."""
        return self._shifts.read(block.matrix(self._numbers)).beside(self._levels.read(block))

    def tell(self, crossing: Crossing) -> Finding:
        """What an alarm means."""
        leader = crossing.leader - len(self._shifts.components.owners)
        if leader >= 0:
            bank = self._levels.bank
            return Finding(
                columns=(self._levels.event(leader)[0],),
                direction=bank.direction(leader),
                size=crossing.mean - bank.share(bank.event(leader)),
                text=f"the planner moved: {self._levels.text(leader, crossing.mean)}",
            )
        column, shift = self._shifts.column(crossing.leader), self._shifts.shift(crossing.leader)
        size = self._shifts.size(crossing.leader, crossing.mean)
        found = shifted(
            Suspect(column, shift, None, size),
            self.table.column(self._numbers[column]),
            self._shifts.ranks.extremes(column),
        )
        return replace(found, text=f"the planner moved: {found.text}", kind=None)

    def learned(self) -> dict[str, Any]:
        """What was learned, as plain data."""
        return {"shifts": self._shifts.state(), "levels": self._levels.state()}

    def relearn(self, learned: Mapping[str, Any]) -> Components:
        """Know again what was learned."""
        self._shifts = ShiftBank.of_state(learned["shifts"])
        self._levels = LevelBank.of_state(learned["levels"])
        return self._components
