"""Detectors of one stream that share one promise about false alarms."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from halflife.schemas.table import Block, Table

from .alarm import DriftAlarm
from .arrays import key_of
from .components import Components
from .crossing import Crossing
from .cusum_mixture import CusumMixture
from .cusum_race import SEGMENT, CusumRace
from .errors import NotFitted, ReferenceTooShort, StateMismatch
from .readings import CodedReadings

if TYPE_CHECKING:
    from .detector import Detector

_ROWS: Final = 16 * SEGMENT  # taken at once: what they say stays in the cache
_MARGIN: Final = 1.35  # by which the laws of run lengths, true of long ones, may be off
_FORMAT: Final = 8  # of states: changes with what they hold and in which order


class DetectorGroup:
    """The CUSUMs of several detectors in one `CusumMixture`.

    Evidence of several kinds adds up, and the promise holds for all of them together: each has the
    part of the rate that its ``weight`` says. After an alarm all start again.

    Args:
        table: Of the stream.
        detectors: That share the promise, of different kinds.
        false_alarms: Records between false alarms, at least, more than 1.

    Raises:
        ValueError: For false alarms more often than once in a record.
    """

    def __init__(self, table: Table, detectors: Sequence[Detector], *, false_alarms: float) -> None:
        if not false_alarms > 1:
            raise ValueError(f"false_alarms must be more than 1 record, not {false_alarms!r}")
        self.table, self.false_alarms = table, float(false_alarms)
        self.detectors = tuple(detectors)
        self._mixture: CusumMixture | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """Of the detectors."""
        return tuple(detector.kind for detector in self.detectors)

    @property
    def seen(self) -> int:
        """Records taken since the fit."""
        return self.mixture.seen

    @property
    def threshold(self) -> float:
        """The statistic at which it fires, ``log(1.35 false_alarms)``, in nats."""
        return math.log(_MARGIN * self.false_alarms)

    @property
    def statistic(self) -> float:
        """Log of the mixture of e-values now, in nats."""
        return self.mixture.statistic

    def statistics(self) -> dict[str, float]:
        """What it would be by each kind of evidence alone, in nats."""
        return {
            kind: self.mixture.part(lanes)
            for kind, lanes in zip(self.kinds, self._lanes, strict=True)
        }

    @property
    def mixture(self) -> CusumMixture:
        """The CUSUMs.

        Raises:
            NotFitted: Before `fit` or `restore`.
        """
        if self._mixture is None:
            named = ", ".join(repr(kind) for kind in self.kinds)
            raise NotFitted(f"drift of kind {named}: call fit, or restore, before this")
        return self._mixture

    def fit(self, reference: Block) -> None:
        """Learn what is normal, and start.

        Raises:
            ReferenceTooShort: With the number of records that are needed.
        """
        for detector in self.detectors:
            if len(reference) < detector.least:
                what = f"drift of kind {detector.kind!r}"
                raise ReferenceTooShort(what, len(reference), detector.least)
        self._start([detector.learn(reference) for detector in self.detectors])

    def rest(self) -> None:
        """Start again with the same reference, as it was just after `fit`."""
        for detector in self.detectors:
            detector.rest()
        self._start([detector.relearn(detector.learned()) for detector in self.detectors])

    def update(self, block: Block) -> list[DriftAlarm]:
        """Take the next records; the alarms among them, in order.

        Raises:
            NotFitted: Before `fit` or `restore`.
        """
        return update_together([self], block)

    def read(self, block: Block) -> CodedReadings:
        """What records say to the CUSUMs."""
        return functools.reduce(
            CodedReadings.beside, [detector.read(block) for detector in self.detectors]
        )

    def alarm(self, crossing: Crossing) -> DriftAlarm:
        """The alarm that a crossing of the mixture is."""
        lanes = self._lanes
        place = next(i for i, each in enumerate(lanes) if crossing.leader < each.stop)
        detector = self.detectors[place]
        own = replace(
            crossing,
            leader=crossing.leader - lanes[place].start,
            standing=crossing.standing[lanes[place]],
        )
        finding = detector.tell(own)
        return DriftAlarm(
            record=crossing.record,
            change_point=crossing.change_point,
            kind=finding.kind or detector.kind,
            columns=finding.columns,
            statistic=crossing.statistic,
            threshold=self.threshold,
            direction=finding.direction,
            size=finding.size,
            text=finding.text,
        )

    def state(self) -> dict[str, Any]:
        """Reference and running state, as plain data."""
        return {
            "key": self._key,
            "learned": {detector.kind: detector.learned() for detector in self.detectors},
            "running": self.mixture.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where the group that gave this state was.

        Raises:
            StateMismatch: For a state of another table or other parameters.
        """
        if state.get("key") != self._key:
            raise StateMismatch(
                f"drift of kind {', '.join(self.kinds)}: the state has key {state.get('key')!r}, "
                f"and this table with false_alarms = {self.false_alarms:g} has {self._key!r}; "
                "fit it again"
            )
        learned = state["learned"]
        self._start([detector.relearn(learned[detector.kind]) for detector in self.detectors])
        self.mixture.restore(state["running"])

    @property
    def _key(self) -> str:
        return key_of(_FORMAT, self.kinds, self.table.digest, self.false_alarms)

    def _start(self, each: Sequence[Components]) -> None:
        """Begin with the CUSUMs of each detector, at zero."""
        weighed = [
            components.weighing(detector.weight)
            for components, detector in zip(each, self.detectors, strict=True)
        ]
        together = functools.reduce(Components.beside, weighed)
        ends = itertools.accumulate((len(components.owners) for components in each), initial=0)
        self._lanes = [slice(first, last) for first, last in itertools.pairwise(ends)]
        self._mixture = CusumMixture(together, threshold=self.threshold)


def update_together(
    groups: Sequence[DetectorGroup], block: Block | Sequence[Block]
) -> list[DriftAlarm]:
    """Take the next records of a stream to groups of it; their alarms, in order of records.

    Each says what it would say alone, but all their CUSUMs run side by side, which is faster.

    Args:
        groups: That have seen the same records so far.
        block: The next records; or, for groups of several tables, to each what it is told of them.

    Raises:
        NotFitted: Before they were fitted or restored.
        ValueError: For groups that have not seen as many records.
    """
    alarms: list[DriftAlarm] = []
    mixtures = [group.mixture for group in groups]
    blocks = [block] * len(groups) if isinstance(block, Block) else list(block)
    start, n = 0, len(blocks[0]) if blocks else 0
    while start < n:
        stop = start + _ROWS - mixtures[0].seen % SEGMENT
        chosen = slice(start, stop if n - stop > _ROWS // 4 else n)
        readings = [group.read(each[chosen]) for group, each in zip(groups, blocks, strict=True)]
        found = CusumRace(mixtures, readings).run()
        for group, crossings in zip(groups, found, strict=True):
            alarms += [group.alarm(crossing) for crossing in crossings]
        start = chosen.stop
    return sorted(alarms, key=lambda alarm: alarm.record)
