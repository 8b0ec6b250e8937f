"""Drift of measured columns that no set-point explains: by themselves and beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from halflife.schemas.table import Block, Role, Table

from .components import Components
from .coupled_bank import CoupledBank
from .cusum_mixture import Crossing
from .detector import Detector
from .finding import Finding, shifted
from .readings import CodedReadings
from .wording import amount


class ColumnDrift(Detector):
    """A numeric column that is higher, lower, scatters otherwise, or has stray values.

    ``l_k(z) = log p_k(z) / N(z; 0, 1)`` of the normal score z of a value's mid-rank in the
    reference, p_k being normal with means of .2 to 2.4 and variances of .6 to 3, and a mixture for
    the tails, in a `CusumMixture`; and the same of what each column says beyond the others. Alarms
    of the latter are of kind ``joint``, those of tails of kind ``tail``.

    A planner that moves its set-points moves these columns too, and that is no fault: a table with
    set-points has them watched by `SetPointDrift` instead.

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
        `CusumMixture`, for columns beside each other `CoupledBank`.
    """

    kind: ClassVar[str] = "column"
    weight: ClassVar[float] = 2.0
    _bank: CoupledBank

    @classmethod
    def watched(cls, table: Table) -> tuple[str, ...]:
        """Measured and derived numbers of a table without set-points."""
        if table.set_points:
            return ()
        roles = (Role.MEASURED, Role.DERIVED)
        return tuple(c.name for c in table.columns if c.is_number and c.role in roles)

    def learn(self, reference: Block) -> Components:
        """Learn what is normal."""
        self._bank = CoupledBank.fit(reference.matrix(self.columns))
        return self._bank.components

    def read(self, block: Block) -> CodedReadings:
        """What records say."""
        return self._bank.read(block.matrix(self.columns))

    def tell(self, crossing: Crossing) -> Finding:
        """What an alarm means."""
        suspect = self._bank.suspect(crossing)
        column = self.table.column(self.columns[suspect.column])
        if suspect.partner is None:
            return shifted(suspect, column, self._bank.plain.ranks.extremes(suspect.column))
        direction, partner = suspect.shift.direction, self.columns[suspect.partner]
        how = {
            "up": f"it is higher than they say, by about {amount(suspect.size, column)}",
            "down": f"it is lower than they say, by about {amount(suspect.size, column)}",
            "tail": "now and then it is far from what they say",
        }.get(
            direction,
            f"it scatters {'more' if suspect.shift.variance > 1 else 'less'} about what they say",
        )
        others = f"{partner} and the other columns" if len(self.columns) > 2 else partner
        return Finding(
            columns=(column.name, partner),
            direction=direction,
            size=suspect.size if suspect.is_shift else None,
            text=f"{column.name} no longer goes with {others} as before: {how}",
            kind="tail" if direction == "tail" else "joint",
        )

    def rest(self) -> None:
        """Forget what was read since the reference."""
        self._bank.rest()

    def learned(self) -> dict[str, Any]:
        """What was learned, as plain data."""
        return self._bank.state()

    def relearn(self, learned: Mapping[str, Any]) -> Components:
        """Know again what was learned."""
        self._bank = CoupledBank.of_state(dict(learned))
        return self._bank.components
