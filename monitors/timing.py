"""How the records of a stream follow each other: pace, jitter, lateness and gaps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, Column, Table

from .alarm import DriftAlarm
from .arrays import key_of
from .detector_group import update_together
from .errors import NotFitted, ReferenceTooShort, StateMismatch
from .gap_limit import gap_limit
from .pace_drift import PaceDrift
from .wording import duration

FloatArray = NDArray[np.float64]

_NAMES: Final = ("interval", "lateness")
_TABLES: Final = tuple(Table((Column(name=name, unit="s"),)) for name in _NAMES)
_SHARES: Final = (0.75, 0.15)  # of the promise; what is left is that of gaps
_GOLDEN: Final = (5**0.5 - 1) / 2
_TOLD: Final = 1.5  # times a gap that was told: shorter ones are not news after it


class Timing:
    """Event times that come at another pace, less regularly, late, or after a gap.

    Of each record, in the order of the log: ``lateness = max(0, m_i - t_i)``, m_i the latest time
    of the records before it, and the interval ``t_i - m_i``, or of a late record
    ``max(0, t_i - t_(i-1))``. Each is watched by a `PaceDrift` (more, less, otherwise spread,
    stray values), and each interval by the longest that the reference allows (`gap_limit`); a gap
    that was told is known. No clock is read: a stream that stands still is told of when it goes on.

    The interval has 3/4 of the promise, as most often no record is late and no alarm comes of
    lateness, which has 15 %. The rest are gaps: their limit is one of ``3 false_alarms``, which is
    exceeded at most a third as often as it says, since it is read at the upper end of its interval.

    Intervals and lateness often are constant, so each is blurred by one part in 100 of the
    median interval, ``frac(i / golden ratio)`` of it for record i: what is new then has a rank.

    The interval is cut off at what 95 % of the reference stay below, or three times its median, so
    that the pace is not that of nights and weekends.

    Args:
        false_alarms: Records between false alarms, at least; a promise of its own, beside that of
            `Drift`.

    Attributes:
        kind: Of its alarms.
        gap: The direction of an alarm that tells of one pause; others tell of a lasting change.

    Raises:
        ValueError: For false alarms more often than once in a record.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> times = np.cumsum(60 * rng.uniform(4, 6, 600))
        >>> timing = Timing(false_alarms=10_000)
        >>> timing.fit(times[:500])
        >>> slow = times[-1] + np.cumsum(60 * rng.uniform(10, 14, 50))
        >>> alarm = timing.update(np.append(times[500:], slow))[0]
        >>> alarm.kind, alarm.columns, 100 <= alarm.record < 110
        ('timing', ('interval',), True)
        >>> alarm.text
        'records come every 12 min instead of 5.1 min'

    References:
        As `PaceDrift` and `gap_limit`.
    """

    kind: ClassVar[str] = "timing"
    gap: ClassVar[str] = "other"
    least: ClassVar[int] = 30

    def __init__(self, *, false_alarms: float = 10_000.0) -> None:
        if not false_alarms > 1:
            raise ValueError(f"false_alarms must be more than 1 record, not {false_alarms!r}")
        self.false_alarms = float(false_alarms)
        self._detectors = [
            PaceDrift(table, false_alarms=self.false_alarms / share)
            for table, share in zip(_TABLES, _SHARES, strict=True)
        ]
        self._fitted = False
        self._cap = self._limit = math.inf
        self._pace = self._last = self._latest = self._longest = self._blur = 0.0
        self._count = 0

    def fit(self, times: FloatArray) -> None:
        """Learn from the event times of a reference, in seconds, in the order of the log.

        Raises:
            ReferenceTooShort: With the number of records that are needed.
        """
        if len(times) < self.least:
            raise ReferenceTooShort("timing", len(times), self.least)
        self._last = self._latest = float(times[0])
        intervals, lateness = self._follow(times[1:])
        middle, high = np.quantile(intervals, [0.5, 0.95])
        self._cap = float(max(3 * middle, high))
        self._blur = 0.01 * float(middle)
        self._count = 0
        self._limit = gap_limit(intervals, every=3 * self.false_alarms)
        self._longest = float(intervals.max())
        self._pace = float(np.minimum(intervals, self._cap).mean())
        for detector, block in zip(self._detectors, self._blocks(intervals, lateness), strict=True):
            detector.fit(block)
        self._fitted = True

    def update(self, times: FloatArray) -> list[DriftAlarm]:
        """Take the event times of the next records; the alarms among them, in order.

        Raises:
            NotFitted: Before `fit` or `restore`.
        """
        self._need_fit()
        if not len(times):
            return []
        first = self._detectors[0].seen
        intervals, lateness = self._follow(times)
        alarms = []
        for i in np.flatnonzero(intervals > self._limit).tolist():
            if intervals[i] > self._limit:
                alarms.append(self._gap(first + i, float(intervals[i])))
                self._limit = _TOLD * float(intervals[i])
        groups = [detector.alone for detector in self._detectors]
        blocks = self._blocks(intervals, lateness)
        alarms += [self._told(alarm) for alarm in update_together(groups, blocks)]
        return sorted(alarms, key=lambda alarm: alarm.record)

    @property
    def seen(self) -> int:
        """Records taken since the fit."""
        self._need_fit()
        return self._detectors[0].seen

    @property
    def statistic(self) -> float:
        """The greatest log of evidence now, in nats."""
        self._need_fit()
        return max(detector.statistic for detector in self._detectors)

    @property
    def threshold(self) -> float:
        """Where it fires, in nats."""
        return self._detectors[0].threshold

    @property
    def longest_pause(self) -> float:
        """The longest pause that is no news, seconds of event time; infinity if none is known."""
        self._need_fit()
        return self._limit

    def state(self) -> dict[str, Any]:
        """Reference and running state, as plain data."""
        self._need_fit()
        return {
            "key": self._key,
            "detectors": [detector.state() for detector in self._detectors],
            "cap": self._cap,
            "limit": self._limit if math.isfinite(self._limit) else None,
            "longest": self._longest,
            "pace": self._pace,
            "blur": self._blur,
            "count": self._count,
            "last": self._last,
            "latest": self._latest,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where the monitor that gave this state was, bit for bit.

        Raises:
            StateMismatch: For a state of another promise.
        """
        if state.get("key") != self._key:
            raise StateMismatch(
                f"timing: the state has key {state.get('key')!r}, and false_alarms = "
                f"{self.false_alarms:g} has {self._key!r}; fit it again"
            )
        for detector, each in zip(self._detectors, state["detectors"], strict=True):
            detector.restore(each)
        self._cap, self._longest, self._pace = state["cap"], state["longest"], state["pace"]
        self._limit = math.inf if state["limit"] is None else state["limit"]
        self._last, self._latest = state["last"], state["latest"]
        self._blur, self._count = state["blur"], state["count"]
        self._fitted = True

    @property
    def _key(self) -> str:
        return key_of("timing", 3, self.false_alarms)

    def _need_fit(self) -> None:
        if not self._fitted:
            raise NotFitted("timing: call fit, or restore, before this")

    def _follow(self, times: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Intervals and lateness of the next records, shape (n,) each, in seconds."""
        before = np.concatenate([[self._last], times])
        latest = np.maximum.accumulate(np.concatenate([[self._latest], times]))
        self._last, self._latest = float(before[-1]), float(latest[-1])
        lateness = np.maximum(0.0, latest[:-1] - times)
        since = np.where(lateness > 0, before[:-1], latest[:-1])
        return np.maximum(0.0, times - since), lateness

    def _blocks(self, intervals: FloatArray, lateness: FloatArray) -> tuple[Block, Block]:
        """What the detectors are given."""
        none = np.empty((len(intervals), 0), dtype=object)
        places = np.arange(self._count, self._count + len(intervals))
        blur = self._blur * (places * _GOLDEN % 1.0)[:, None]
        self._count += len(intervals)
        interval, late = np.minimum(intervals, self._cap)[:, None], lateness[:, None]
        return Block(_TABLES[0], interval + blur, none), Block(_TABLES[1], late + blur, none)

    def _gap(self, record: int, seconds: float) -> DriftAlarm:
        return DriftAlarm(
            record=record,
            change_point=record,
            kind=self.kind,
            columns=("interval",),
            statistic=math.log(seconds),
            threshold=math.log(self._limit),
            direction=self.gap,
            size=seconds - self._pace,
            text=(
                f"no record for {duration(seconds)}; the longest pause in the reference was "
                f"{duration(self._longest)}"
            ),
        )

    def _told(self, alarm: DriftAlarm) -> DriftAlarm:
        """An alarm of a detector in the words of time."""
        return replace(alarm, kind=self.kind, text=self._text(alarm))

    def _text(self, alarm: DriftAlarm) -> str:
        late = alarm.columns[0] == "lateness"
        if alarm.direction in ("up", "down") and alarm.size is not None:
            if late:
                more = "later" if alarm.direction == "up" else "less late"
                return f"records come {more} after others, by about {duration(alarm.size)}"
            now = max(0.0, self._pace + alarm.size)
            return f"records come every {duration(now)} instead of {duration(self._pace)}"
        if late:
            return "the lateness of records scatters otherwise than in the reference"
        return "records come less or more regularly than in the reference"
