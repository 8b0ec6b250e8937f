"""What is looked at in a stream from time to time, for pictures: evidence of drift, births."""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np

from halflife.monitors import Drift, RecipeDrift
from halflife.schemas.table import Block
from halflife.streams.watch.stream_watch import StreamWatch

from .stream_history import column_of, pace_of
from .trail import Trail

_SAMPLES: Final = 720
_ROWS: Final = 1000
_KINDS: Final = 12
"""Kinds of drift that are drawn, at most: there are eight."""


class Normal(NamedTuple):
    """What was normal, and until when.

    Attributes:
        monitor: That learnt it.
        until: Records of the stream when it was still in use.
        epoch: Of the stream.
    """

    monitor: Drift | RecipeDrift
    until: int
    epoch: int


class StreamSamples:
    """Evidence of drift along the records, and what a batch was born from; all in bounded room.

    Attributes:
        records: Of the stream when it was looked at last.
        normal: The latest monitor of drift, which knows what is normal, or was before a change.
        before: That of the epoch before; None if there was none since this worker began.
        birth: Records that the batch in circulation was made from, or some of them; None if they
            were gone when it was seen first, as after a restart.
    """

    def __init__(self) -> None:
        self.records = -1
        self.normal: Normal | None = None
        self.before: Normal | None = None
        self.birth: Block | None = None
        self._born: str | None = None
        self._kinds: list[str] = []
        self._trail = Trail(width=2 + 2 * _KINDS, capacity=_SAMPLES)

    def look(self, watch: StreamWatch) -> None:
        """Take down how a stream stands, if it has new records."""
        if watch.records == self.records:
            return
        self.records = watch.records
        self._look_at_batch(watch)
        monitor = watch.drift.monitor
        if monitor is not None:
            if self.normal is not None and self.normal.epoch != watch.epoch:
                self.before = self.normal
            self.normal = Normal(monitor, watch.records, watch.epoch)
        self._note(watch, watch.drift.statistics() | watch.pace.statistics())

    def pace(self) -> float | None:
        """Records per second of event time over the last day; None if unknown."""
        return pace_of(self._trail.rows[:, :2])

    def evidence(self, most: int) -> dict[str, Any]:
        """Of each kind its statistic and threshold along the records, at so many places."""
        rows = self._trail.last(most)
        kinds = {
            kind: {
                "statistic": column_of(rows[:, 2 + 2 * i], digits=3),
                "threshold": column_of(rows[:, 3 + 2 * i], digits=3),
            }
            for i, kind in enumerate(self._kinds)
        }
        return {"record": column_of(rows[:, 0]), "time": column_of(rows[:, 1]), "kinds": kinds}

    def _note(self, watch: StreamWatch, statistics: dict[str, tuple[float, float]]) -> None:
        row = np.full(2 + 2 * _KINDS, np.nan)
        row[:2] = watch.records, watch.watermark
        nearest = -math.inf
        for kind, pair in statistics.items():
            if kind not in self._kinds and len(self._kinds) < _KINDS:
                self._kinds.append(kind)
            if kind in self._kinds:
                place = 2 + 2 * self._kinds.index(kind)
                row[place : place + 2] = pair
                nearest = max(nearest, pair[0] / pair[1])
        self._trail.append(row, matters=nearest)

    def _look_at_batch(self, watch: StreamWatch) -> None:
        circulation = watch.circulation
        batch = None if circulation is None else circulation.batch
        if batch is None or batch.batch_id == self._born:
            return
        rows = watch.memory.latest(watch.memory.capacity)
        inside = np.array([batch.window.holds(int(place)) for place in rows.addresses], np.bool_)
        chosen = np.flatnonzero(inside)
        enough = len(chosen) >= batch.window.count // 2
        self._born = batch.batch_id
        some = chosen[:: max(1, math.ceil(len(chosen) / _ROWS))]
        self.birth = rows.block[some] if enough and len(some) else None
