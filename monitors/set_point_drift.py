"""Drift of measured columns given the set-points: the instrument, whatever the planner does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from halflife.schemas.table import Block, Role, Table

from .components import Components
from .cusum_mixture import Crossing
from .decorrelation import Decorrelation
from .detector import Detector, Finding
from .errors import ReferenceTooShort
from .readings import Readings
from .set_point_model import SetPointModel
from .shift_bank import ShiftBank
from .wording import amount


class SetPointDrift(Detector):
    """Measured columns that answer otherwise to the same set-points.

    Residuals of a `SetPointModel` of the set-points and the categories of context, and, of two
    measured columns or more, what each of these residuals says beyond the others, go into the
    CUSUMs of `ColumnDrift`. Records outside the region that the reference knows cannot be judged:
    they are passed over and counted.

    Args:
        table: Of the stream.
        false_alarms: Records between false alarms, at least.

    Attributes:
        outside: Records since the fit that could not be judged.

    Raises:
        ValueError: For false alarms more often than once in a record.

    Example:
        >>> import pandas as pd
        >>> from halflife.schemas.table import Column
        >>> table = Table((Column(name="dose", role=Role.SET_POINT), Column(name="rate")))
        >>> rng = np.random.default_rng(0)
        >>> dose = rng.uniform(0, 6, 900)
        >>> frame = pd.DataFrame({"dose": dose, "rate": np.sin(dose) + .1 * rng.normal(size=900)})
        >>> frame.loc[700:, "rate"] += .2
        >>> detector = SetPointDrift(table, false_alarms=1000)
        >>> detector.fit(Block.from_frame(table, frame[:500]))
        >>> alarm = detector.update(Block.from_frame(table, frame[500:]))[0]
        >>> alarm.record > 200, alarm.text[:50]
        (True, 'the same set-points now give higher rate (by about')

    References:
        Hawkins, "Regression adjustment for variables in multivariate quality control", Journal of
        Quality Technology 25 (1993); for the regression see `SetPointModel`.
    """

    kind: ClassVar[str] = "given-set-points"
    least: ClassVar[int] = 50
    _model: SetPointModel
    _bank: ShiftBank
    _decorrelation: Decorrelation
    _joint: ShiftBank

    def __init__(self, table: Table, *, false_alarms: float) -> None:
        super().__init__(table, false_alarms=false_alarms)
        self.outside = 0

    @classmethod
    def watched(cls, table: Table) -> tuple[str, ...]:
        """Measured and derived numbers of a table with set-points."""
        if not table.set_points:
            return ()
        roles = (Role.MEASURED, Role.DERIVED)
        return tuple(c.name for c in table.columns if c.is_number and c.role in roles)

    @property
    def _conditions(self) -> tuple[str, ...]:
        """Set-points, and categories of context; a number of context may just count up."""
        context = [c.name for c in self.table.columns if c.role is Role.CONTEXT and not c.is_number]
        return (*self.table.set_points, *context)

    @property
    def _components(self) -> Components:
        return self._bank.components.beside(self._joint.components)

    def _learn(self, reference: Block) -> Components:
        numbers = [name for name in self.table.set_points if name in self.table.numeric]
        whole = int((~np.isnan(reference.matrix(numbers)).any(axis=1)).sum())
        if whole < self.least:
            what = f"drift of kind {self.kind!r}, with all set-points in a record,"
            raise ReferenceTooShort(what, whole, self.least)
        self.outside = 0
        self._model, held_out = SetPointModel.fit(reference, self._conditions, self.columns)
        self._bank = ShiftBank.fit(held_out)
        self._decorrelation, beyond = Decorrelation.fit(held_out, self._bank.ranks)
        self._joint = ShiftBank.fit(beyond)
        return self._components

    def _read(self, block: Block) -> Readings:
        residuals, outside = self._model.residuals(block)
        self.outside += int(outside.sum())
        codes = self._bank.ranks.codes(residuals)
        readings = self._bank.read(residuals, codes)
        return readings.beside(self._joint.read(self._decorrelation.residuals_of(codes)))

    def _tell(self, crossing: Crossing) -> Finding:
        first = len(self._bank.components.owners)
        joint = crossing.leader >= first
        bank = self._joint if joint else self._bank
        leader = crossing.leader - first if joint else crossing.leader
        place, shift = bank.column(leader), bank.shift(leader)
        column = self.table.column(self.columns[place])
        partner = self._decorrelation.partner(place) if joint else None
        names = [column.name] if partner is None else [column.name, self.columns[partner]]
        beside = "" if partner is None else f" beside {names[1]}"
        size = None
        if shift.direction == "spread":
            how = "more" if shift.variance > 1 else "less"
            text = f"the same set-points now give {how} scatter of {column.name}{beside}"
        else:
            higher = "higher" if shift.direction == "up" else "lower"
            text = f"the same set-points now give {higher} {column.name}{beside}"
            if not joint:
                unit = float(self._model.arrays["scale_means"][place])
                size = bank.size(leader, crossing.mean) * unit
                text += f" (by about {amount(size, column)})"
        return Finding(tuple(names), shift.direction, size, text)

    def _learned(self) -> dict[str, Any]:
        return {
            "model": self._model.state(),
            "bank": self._bank.state(),
            "decorrelation": self._decorrelation.state(),
            "joint": self._joint.state(),
            "outside": self.outside,
        }

    def _relearn(self, learned: Mapping[str, Any]) -> Components:
        self._model = SetPointModel.of_state(learned["model"])
        self._bank = ShiftBank.of_state(learned["bank"])
        ranks = self._bank.ranks
        self._decorrelation = Decorrelation.of_state(learned["decorrelation"], ranks)
        self._joint = ShiftBank.of_state(learned["joint"])
        self.outside = int(learned["outside"])
        return self._components
