"""What every drift detector does: learn a reference, read blocks, and say what an alarm means."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from halflife.schemas.table import Block, Table

from .alarm import DriftAlarm
from .components import Components
from .cusum_mixture import Crossing
from .detector_group import DetectorGroup
from .finding import Finding
from .readings import CodedReadings


class Detector(ABC):
    """One kind of drift of one stream.

    Missing cells move nothing. What it says does not depend on how records are cut into blocks, nor
    on being stopped and restored between them, to the last bit. It can run alone, as here, or with
    others in a `DetectorGroup`, at one promise for all.

    Args:
        table: Of the stream.
        false_alarms: Records between false alarms, at least, if it runs alone.

    Attributes:
        kind: The kind of its alarms, unless a finding has another.
        information: Whether its alarms are no faults.
        weight: Its part of the promise of a stream, beside those of the others.
        least: Records that its reference must have.
        columns: What it watches; it has nothing to do where that is empty.
        alone: The group of itself that it runs in, if it runs alone.
    """

    kind: ClassVar[str]
    information: ClassVar[bool] = False
    weight: ClassVar[float] = 1.0
    least: ClassVar[int] = 30

    def __init__(self, table: Table, *, false_alarms: float) -> None:
        self.table, self.false_alarms = table, false_alarms
        self.columns = self.watched(table)
        self.alone = DetectorGroup(table, [self], false_alarms=false_alarms)

    @classmethod
    @abstractmethod
    def watched(cls, table: Table) -> tuple[str, ...]:
        """The columns of a table that this kind of drift is told of."""

    # Alone

    @property
    def seen(self) -> int:
        """Records taken since the fit."""
        return self.alone.seen

    @property
    def statistic(self) -> float:
        """Log of the mixture of e-values now, in nats."""
        return self.alone.statistic

    @property
    def threshold(self) -> float:
        """The statistic at which it fires, in nats."""
        return self.alone.threshold

    def fit(self, reference: Block) -> None:
        """Learn what is normal, and start.

        Raises:
            ReferenceTooShort: With the number of records that are needed.
        """
        self.alone.fit(reference)

    def update(self, block: Block) -> list[DriftAlarm]:
        """Take the next records; the alarms among them, in order. It starts again after each.

        Raises:
            NotFitted: Before `fit` or `restore`.
        """
        return self.alone.update(block)

    def state(self) -> dict[str, Any]:
        """Reference and running state, as plain data."""
        return self.alone.state()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where the detector that gave this state was.

        Raises:
            StateMismatch: For a state of another table or other parameters.
        """
        self.alone.restore(state)

    # Within a group

    @abstractmethod
    def learn(self, reference: Block) -> Components:
        """Learn a reference of ``least`` records or more; the CUSUMs that watch for change."""

    @abstractmethod
    def read(self, block: Block) -> CodedReadings:
        """What records say to these CUSUMs."""

    @abstractmethod
    def tell(self, crossing: Crossing) -> Finding:
        """What an alarm means, ``leader`` being counted from the first of these CUSUMs."""

    def rest(self) -> None:
        """Forget what was read since the reference, where anything of it is kept."""
        return

    @abstractmethod
    def learned(self) -> dict[str, Any]:
        """What was learned, as plain data."""

    @abstractmethod
    def relearn(self, learned: Mapping[str, Any]) -> Components:
        """Know again what was learned."""
