"""How the records of a stream follow each other, by their event times alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from halflife.monitors import DriftAlarm, ReferenceTooShort, Timing
from halflife.monitors.rewindable import Rewindable
from halflife.schemas.alert import Alert
from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.table import FloatArray

from .alert_book import AlertBook, drift_evidence
from .memory import Memory
from .moment import Moment
from .rows import Rows
from .ticks import FAR

QUIET: Final = 50
"""Records after a gap until it is over, if no other comes."""


class Pace:
    """Watches the timing of a stream against that of its reference.

    After a lasting change the next records, as many as a reference has, are the new normal. What
    it says is a reason to look at the instrument and none to make a new batch.

    Args:
        plan: Of the stream.
    """

    _alarms: list[DriftAlarm]
    _tape: Rewindable[Timing, FloatArray] | None

    def __init__(self, plan: StreamPlan) -> None:
        self.plan = plan
        self.needed = max(plan.reference, Timing.least)
        self.start = 0
        self.learn_at = self.needed
        self.over_at = FAR
        self._begin(None)

    def look(self, rows: Rows) -> Rows:
        """Those of the next rows that may be taken before something is to be said; at least one."""
        self._alarms, self._looked = [], len(rows)
        if self._tape is not None:
            alarms = self._tape.update(rows.times)
            self._alarms = [alarm for alarm in alarms if alarm.record == alarms[0].record]
            if alarms:
                self._looked = alarms[0].record - (self._tape.monitor.seen - len(rows)) + 1
                self._tape.back(len(rows) - self._looked)
        return rows[: self._looked]

    def take(self, rows: Rows, before: Moment, alerts: AlertBook) -> list[Alert]:
        """Alerts that rows lead to which were looked at; fewer may be taken than were."""
        if len(rows) < self._looked:
            if self._tape is not None:
                self._tape.back(self._looked - len(rows))
            return []
        said: list[Alert] = []
        for alarm in self._alarms:
            record = self.start + alarm.record
            start = self.start + alarm.change_point
            text = alarm.text if start == record else f"{alarm.text}, since about record {start}"
            evidence = drift_evidence(alarm, record=record, change_point=start)
            said += alerts.go_on("timing", text, rows.moment(len(rows) - 1, after=before), evidence)
            if alarm.direction == Timing.gap:
                self.over_at = record + 1 + QUIET
            else:
                self.learn_at, self.over_at = record + 1 + self.needed, FAR
                self._begin(None)
                break
        return said

    @property
    def monitor(self) -> Timing | None:
        """That watches, if one does."""
        return None if self._tape is None else self._tape.monitor

    @property
    def due(self) -> int:
        """Number of records at which something is to be learnt, or said."""
        return min(self.learn_at, self.over_at)

    def proceed(self, memory: Memory, moment: Moment, alerts: AlertBook) -> list[Alert]:
        """Learn and end what is due at a record; the alerts that end."""
        records = moment.record + 1
        said: list[Alert] = []
        if records >= self.over_at:
            self.over_at = FAR
            said += alerts.resolve("timing", f"no other gap in {QUIET} records", moment)
        if records >= self.learn_at:
            self.learn_at, self.start = FAR, records
            text = f"the timing of the last {self.needed} records is the normal one now"
            said += alerts.resolve("timing", text, moment)
            monitor = Timing(false_alarms=self.plan.false_alarms)
            try:
                monitor.fit(memory.latest(self.needed).times)
            except ReferenceTooShort:  # rows are gone from the log
                self.learn_at = records + self.needed
            else:
                self._begin(monitor)
        return said

    def statistics(self) -> dict[str, tuple[float, float]]:
        """Its statistic now and its threshold, in nats, if it watches."""
        if self.monitor is None:
            return {}
        return {Timing.kind: (self.monitor.statistic, self.monitor.threshold)}

    def state(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "monitor": self.monitor and self.monitor.state(),
            "start": self.start,
            "learn_at": self.learn_at,
            "over_at": self.over_at,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self.start, self.learn_at = state["start"], state["learn_at"]
        self.over_at = state["over_at"]
        if state["monitor"] is not None:
            monitor = Timing(false_alarms=self.plan.false_alarms)
            monitor.restore(state["monitor"])
            self._begin(monitor)

    def _begin(self, monitor: Timing | None) -> None:
        # It looks at rows before it is known how many are taken: the latest can be taken back.
        self._tape = None if monitor is None else Rewindable(monitor, np.concatenate)
        self._alarms = []
        self._looked = 0
