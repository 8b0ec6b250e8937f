"""When the fidelity of the batch in circulation is due to be measured."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from halflife.schemas.table import FloatArray

FAR: Final = 1 << 62
"""A number of records that no stream reaches."""


class Ticks:
    """A tick is due ``every`` records after the last one, and ``interval`` seconds of event time.

    It is due at the first record at which both are past, so where it falls follows from the
    records alone, not from how they were cut into blocks.

    Args:
        every: Records from one tick to the next, at least.
        interval: Seconds of event time from one tick to the next, at least.

    Example:
        >>> ticks = Ticks(every=10, interval=60.0)
        >>> ticks.begin(records=0, seconds=0.0)
        >>> ticks.is_due(records=10, seconds=59.0), ticks.is_due(records=10, seconds=60.0)
        (False, True)
    """

    def __init__(self, *, every: int, interval: float) -> None:
        self.every = every
        self.interval = interval
        self.next = FAR
        self.last_seconds = 0.0

    def begin(self, *, records: int, seconds: float) -> None:
        """A tick is now, or a batch has come into circulation: count from here."""
        self.next = records + self.every
        self.last_seconds = seconds

    def is_due(self, *, records: int, seconds: float) -> bool:
        """Whether a tick is due at a number of records and the latest event time so far."""
        return records >= self.next and seconds >= self.last_seconds + self.interval

    def room(self, times: FloatArray, *, records: int, seconds: float) -> int:
        """How many of the next rows, of these event times, may be taken up to the next tick."""
        by_count = max(1, self.next - records)
        late = self.last_seconds + self.interval
        if seconds >= late:
            return by_count
        reached = np.flatnonzero(times >= late)
        return max(by_count, int(reached[0]) + 1) if len(reached) else FAR

    def state(self) -> dict[str, Any]:
        """Where it stands, as plain data."""
        return {"next": self.next, "last_seconds": self.last_seconds}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self.next, self.last_seconds = int(state["next"]), float(state["last_seconds"])
