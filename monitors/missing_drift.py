"""Drift of missingness: cells that go missing more, or less, often."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, Table

from .bernoulli_bank import BernoulliBank
from .components import Components
from .cusum_mixture import Crossing
from .detector import Detector
from .finding import Finding
from .inflation import inflation
from .readings import CodedReadings
from .wording import share


class MissingDrift(Detector):
    """A column that is missing in more, or fewer, records than in the reference.

    Bernoulli CUSUMs of `BernoulliBank`, on every column of the table.

    Args:
        table: Of the stream.
        false_alarms: Records between false alarms, at least.

    Raises:
        ValueError: For false alarms more often than once in a record.

    Example:
        >>> from halflife.schemas.table import Column
        >>> table = Table((Column(name="pressure"),))
        >>> detector = MissingDrift(table, false_alarms=1000)
        >>> detector.fit(Block.from_rows(table, [{"pressure": 1.0}] * 500))
        >>> alarms = detector.update(Block.from_rows(table, [{}] * 9))
        >>> alarms[0].record, alarms[0].text
        (1, 'pressure is missing in 100 % of the records (0 % before)')

    References:
        Reynolds and Stoumbos, "A CUSUM chart for monitoring a proportion when inspecting
        continuously", Journal of Quality Technology 31 (1999).
    """

    kind: ClassVar[str] = "missing"
    weight: ClassVar[float] = 0.05
    ratios: ClassVar[tuple[float, ...]] = (3.0, 20.0, 1.0 / 3.0)
    _bank: BernoulliBank

    @classmethod
    def watched(cls, table: Table) -> tuple[str, ...]:
        """All columns."""
        return table.names

    def learn(self, reference: Block) -> Components:
        """Learn what is normal."""
        events = self._events(reference)
        everywhere = np.ones(len(reference), dtype=bool)
        self._bank = BernoulliBank(
            events.sum(axis=1).astype(np.float64),
            np.full(len(events), float(len(reference))),
            np.array([inflation(event.astype(np.float64), everywhere) for event in events]),
            ratios=self.ratios,
        )
        return self._bank.components

    def _events(self, block: Block) -> NDArray[np.bool_]:
        """Whether each cell is missing, shape (columns, n)."""
        numbers = np.isnan(block.numbers.T)
        if not self.table.categories:
            return numbers
        events = np.empty((len(self.columns), len(block)), dtype=bool)
        events[[self.columns.index(name) for name in self.table.numeric]] = numbers
        for name in self.table.categories:
            events[self.columns.index(name)] = [cell is None for cell in block.text(name)]
        return events

    def read(self, block: Block) -> CodedReadings:
        """What records say."""
        events = self._events(block)
        return self._bank.read(events, np.ones_like(events))

    def tell(self, crossing: Crossing) -> Finding:
        """What an alarm means."""
        event = self._bank.event(crossing.leader)
        name, before = self.columns[event], self._bank.share(event)
        return Finding(
            columns=(name,),
            direction=self._bank.direction(crossing.leader),
            size=crossing.mean - before,
            text=(
                f"{name} is missing in {share(crossing.mean)} of the records "
                f"({share(before)} before)"
            ),
        )

    def learned(self) -> dict[str, Any]:
        """What was learned, as plain data."""
        return {"bank": self._bank.state()}

    def relearn(self, learned: Mapping[str, Any]) -> Components:
        """Know again what was learned."""
        self._bank = BernoulliBank.of_state(learned["bank"], ratios=self.ratios)
        return self._bank.components
