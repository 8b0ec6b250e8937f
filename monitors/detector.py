"""What every drift detector does: learn a reference, take blocks, give alarms, keep its state."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from halflife.schemas.table import Block, Table

from .alarm import DriftAlarm
from .arrays import key_of
from .components import Components
from .cusum_mixture import Crossing, CusumMixture
from .cusum_race import SEGMENT, CusumRace
from .errors import NotFitted, ReferenceTooShort, StateMismatch
from .readings import Readings

_ROWS: Final = 16 * SEGMENT  # taken at once: what they say stays in the cache
_FORMAT: Final = 2  # of states: changes with what they hold and in which order


@dataclass(frozen=True, slots=True)
class Finding:
    """What an alarm says beside where it fired; see `DriftAlarm`."""

    columns: tuple[str, ...]
    direction: str
    size: float | None
    text: str


class Detector(ABC):
    """One kind of drift of one stream.

    Missing cells move nothing. A detector that fires starts again after its alarm. What it says
    does not depend on how records are cut into blocks, nor on being stopped and restored between
    them, to the last bit.

    Args:
        table: Of the stream.
        false_alarms: Records between false alarms, at least, that this detector may cost.

    Attributes:
        kind: The kind of its alarms.
        information: Whether its alarms are no faults.
        least: Records that its reference must have.
        columns: What it watches; it has nothing to do where that is empty.
    """

    kind: ClassVar[str]
    information: ClassVar[bool] = False
    least: ClassVar[int] = 30

    def __init__(self, table: Table, *, false_alarms: float) -> None:
        if not false_alarms > 1:
            raise ValueError(f"false_alarms must be more than 1 record, not {false_alarms!r}")
        self.table, self.false_alarms = table, false_alarms
        self.columns = self.watched(table)
        self._mixture: CusumMixture | None = None

    @classmethod
    @abstractmethod
    def watched(cls, table: Table) -> tuple[str, ...]:
        """The columns of a table that this kind of drift is told of."""

    @property
    def seen(self) -> int:
        """Records taken since the fit."""
        return self._running.seen

    @property
    def statistic(self) -> float:
        """Log of the mixture of e-values now, in nats."""
        return self._running.statistic

    @property
    def threshold(self) -> float:
        """The statistic at which it fires, ``log false_alarms``, in nats."""
        return math.log(self.false_alarms)

    def fit(self, reference: Block) -> None:
        """Learn what is normal, and start.

        Raises:
            ReferenceTooShort: With the number of records that are needed.
        """
        if len(reference) < self.least:
            raise ReferenceTooShort(f"drift of kind {self.kind!r}", len(reference), self.least)
        self._mixture = CusumMixture(self._learn(reference), threshold=self.threshold)

    def update(self, block: Block) -> list[DriftAlarm]:
        """Take the next records; the alarms among them, in order.

        Raises:
            NotFitted: Before `fit` or `restore`.
        """
        return update_together([self], block)

    def hear(self, block: Block) -> tuple[CusumMixture, Readings]:
        """Its CUSUMs, and what the next records say to them; `update_together` runs these."""
        return self._running, self._read(block)

    def tell(self, crossings: Sequence[Crossing]) -> list[DriftAlarm]:
        """The alarms that crossings of its mixture are."""
        return [self._alarm(crossing) for crossing in crossings]

    def state(self) -> dict[str, Any]:
        """Reference and running state, as plain data."""
        return {
            "key": self._key,
            "learned": self._learned(),
            "running": self._running.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where the detector that gave this state was.

        Raises:
            StateMismatch: For a state of another table or other parameters.
        """
        if state.get("key") != self._key:
            raise StateMismatch(
                f"drift of kind {self.kind!r}: the state has key {state.get('key')!r}, and this "
                f"table with false_alarms = {self.false_alarms:g} has {self._key!r}; fit it again"
            )
        mixture = CusumMixture(self._relearn(state["learned"]), threshold=self.threshold)
        mixture.restore(state["running"])
        self._mixture = mixture

    @property
    def _key(self) -> str:
        return key_of(_FORMAT, self.kind, self.table.digest, float(self.false_alarms))

    @property
    def _running(self) -> CusumMixture:
        if self._mixture is None:
            raise NotFitted(f"drift of kind {self.kind!r}: call fit, or restore, before this")
        return self._mixture

    def _alarm(self, crossing: Crossing) -> DriftAlarm:
        finding = self._tell(crossing)
        return DriftAlarm(
            record=crossing.record,
            change_point=crossing.change_point,
            kind=self.kind,
            columns=finding.columns,
            statistic=crossing.statistic,
            threshold=self.threshold,
            direction=finding.direction,
            size=finding.size,
            text=finding.text,
        )

    @abstractmethod
    def _learn(self, reference: Block) -> Components:
        """Learn a reference; the CUSUMs that watch for change."""

    @abstractmethod
    def _read(self, block: Block) -> Readings:
        """What records say to these CUSUMs."""

    @abstractmethod
    def _tell(self, crossing: Crossing) -> Finding:
        """What an alarm means."""

    @abstractmethod
    def _learned(self) -> dict[str, Any]:
        """What was learned, as plain data."""

    @abstractmethod
    def _relearn(self, learned: Mapping[str, Any]) -> Components:
        """Know again what was learned."""


def update_together(detectors: Sequence[Detector], block: Block) -> list[DriftAlarm]:
    """Take the next records of a stream to detectors of it; their alarms, in order of records.

    Each says what it would say alone, but all their CUSUMs run side by side, which is faster.

    Args:
        detectors: That have seen the same records so far.
        block: The next records.

    Raises:
        NotFitted: Before they were fitted or restored.
        ValueError: For detectors that have not seen as many records.
    """
    alarms: list[DriftAlarm] = []
    start = 0
    while detectors and start < len(block):
        stop = start + _ROWS - detectors[0].seen % SEGMENT
        part = block[start : stop if len(block) - stop > _ROWS // 4 else len(block)]
        mixtures, readings = zip(*(detector.hear(part) for detector in detectors), strict=True)
        found = CusumRace(mixtures, readings).run()
        for detector, crossings in zip(detectors, found, strict=True):
            alarms += detector.tell(crossings)
        start += len(part)
    return sorted(alarms, key=lambda alarm: alarm.record)
