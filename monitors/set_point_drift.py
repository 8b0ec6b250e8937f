"""Drift of measured columns given the set-points: the instrument, whatever the planner does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray, Role, Table

from .components import Components
from .coupled_bank import CoupledBank
from .cusum_mixture import Crossing
from .detector import Detector
from .finding import Finding
from .local_doubt import LocalDoubt
from .readings import CodedReadings
from .set_point_model import SetPointModel
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
        >>> import numpy as np, pandas as pd
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
    weight: ClassVar[float] = 2.0
    least: ClassVar[int] = 50
    _model: SetPointModel
    _bank: CoupledBank
    _doubt: LocalDoubt

    def __init__(self, table: Table, *, false_alarms: float) -> None:
        super().__init__(table, false_alarms=false_alarms)
        self.outside = 0
        self._taken = 0

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

    def learn(self, reference: Block) -> Components:
        """Learn what is normal."""
        self.outside = 0
        self._model, held_out = SetPointModel.fit(
            reference, self._conditions, self.columns, least=self.least
        )
        self._bank = CoupledBank.fit(held_out, reference.matrix(self.columns))
        features, outside = self._model.features(reference)
        self._doubt = LocalDoubt.fit(features[~outside], float(self._model.arrays["ridge"][0]))
        self._taken = 0
        return self._bank.components

    def read(self, block: Block) -> CodedReadings:
        """What records say."""
        features, outside = self._model.features(block)
        self.outside += int(outside.sum())
        errors = self._doubt.of(features, ~outside, self._taken)
        self._taken += len(block)
        readings = self._bank.read(self._model.beyond(block, features, outside))
        return readings.doubting(self._bank.doubts(errors))

    def residuals(self, block: Block) -> FloatArray:
        """Of each watched column what its set-points do not explain, shape (n, columns).

        In spreads that are normal at those set-points; NaN where the answer is missing or the
        reference does not know the set-points. Nothing changes by looking.
        """
        return self._model.residuals(block)[0]

    def unknown(self, block: Block) -> NDArray[np.bool_]:
        """Which records have set-points that the reference does not know, shape (n,)."""
        return self._model.located(block)[2]

    def tell(self, crossing: Crossing) -> Finding:
        """What an alarm means."""
        suspect = self._bank.suspect(crossing)
        column, direction = self.table.column(self.columns[suspect.column]), suspect.shift.direction
        unit = float(self._model.arrays["scale_means"][suspect.column])
        size = suspect.size * unit if suspect.is_shift else None
        how = {"up": "higher", "down": "lower", "tail": "now and then a stray"}.get(
            direction, f"{'more' if suspect.shift.variance > 1 else 'less'} scatter of"
        )
        text = f"the same set-points now give {how} {column.name}"
        names: tuple[str, ...] = (column.name,)
        if suspect.partner is not None:
            names = (column.name, self.columns[suspect.partner])
            text += f" beside {names[1]}"
        if size is not None:
            text += f" (by about {amount(size, column)})"
        return Finding(names, direction, size, text)

    def rest(self) -> None:
        """Forget what was read since the reference."""
        self._bank.rest()
        self._doubt.rest()
        self.outside = self._taken = 0

    def learned(self) -> dict[str, Any]:
        """What was learned, as plain data."""
        return {
            "model": self._model.state(),
            "bank": self._bank.state(),
            "doubt": self._doubt.state(),
            "outside": self.outside,
            "taken": self._taken,
        }

    def relearn(self, learned: Mapping[str, Any]) -> Components:
        """Know again what was learned."""
        self._model = SetPointModel.of_state(learned["model"])
        self._bank = CoupledBank.of_state(learned["bank"])
        self._doubt = LocalDoubt.of_state(learned["doubt"])
        self.outside, self._taken = int(learned["outside"]), int(learned["taken"])
        return self._bank.components
