"""Drift of categories: levels that become more or less frequent, and new ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from halflife.schemas.table import Block, Role, Table

from .components import Components
from .cusum_mixture import Crossing
from .detector import Detector
from .finding import Finding
from .level_bank import LevelBank
from .readings import CodedReadings


class CategoryDrift(Detector):
    """A measured category with other shares of its levels than in the reference.

    Bernoulli CUSUMs of `BernoulliBank` on every level, and on all that the reference never had.
    In a table with set-points measured categories are not watched: they may follow the planner.

    Args:
        table: Of the stream.
        false_alarms: Records between false alarms, at least.

    Raises:
        ValueError: For false alarms more often than once in a record.

    Example:
        >>> from halflife.schemas.table import Column, Kind
        >>> table = Table((Column(name="phase", kind=Kind.CATEGORY),))
        >>> detector = CategoryDrift(table, false_alarms=1000)
        >>> detector.fit(Block.from_rows(table, [{"phase": "alpha"}, {"phase": "beta"}] * 250))
        >>> alarms = detector.update(Block.from_rows(table, [{"phase": "gamma"}] * 9))
        >>> alarms[0].text
        'phase has a new or rare level in 100 % of the records (0 % before)'

    References:
        Reynolds and Stoumbos, "A CUSUM chart for monitoring a proportion when inspecting
        continuously", Journal of Quality Technology 31 (1999).
    """

    kind: ClassVar[str] = "category"
    weight: ClassVar[float] = 0.3
    _bank: LevelBank

    @classmethod
    def watched(cls, table: Table) -> tuple[str, ...]:
        """Measured and derived categories of a table without set-points."""
        if table.set_points:
            return ()
        roles = (Role.MEASURED, Role.DERIVED)
        return tuple(c.name for c in table.columns if not c.is_number and c.role in roles)

    def learn(self, reference: Block) -> Components:
        """Learn what is normal."""
        self._bank = LevelBank.fit(reference, self.columns)
        return self._bank.components

    def read(self, block: Block) -> CodedReadings:
        """What records say."""
        return self._bank.read(block)

    def tell(self, crossing: Crossing) -> Finding:
        """What an alarm means."""
        bank = self._bank.bank
        return Finding(
            columns=(self._bank.event(crossing.leader)[0],),
            direction=bank.direction(crossing.leader),
            size=crossing.mean - bank.share(bank.event(crossing.leader)),
            text=self._bank.text(crossing.leader, crossing.mean),
        )

    def learned(self) -> dict[str, Any]:
        """What was learned, as plain data."""
        return {"bank": self._bank.state()}

    def relearn(self, learned: Mapping[str, Any]) -> Components:
        """Know again what was learned."""
        self._bank = LevelBank.of_state(learned["bank"])
        return self._bank.components
