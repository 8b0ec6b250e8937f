"""How near each kind of drift was to its alarm, along the records."""

from __future__ import annotations

import math
from typing import Any, Final

from .stream_watch import StreamWatch

_POINTS: Final = 240


class Trace:
    """The statistics of the drift monitor at a bounded number of records.

    Args:
        records: How many there will be.
        points: At most about so many are noted.

    Example:
        >>> Trace(2400).every
        10
    """

    def __init__(self, records: int, points: int = _POINTS) -> None:
        self.every = max(1, math.ceil(records / points))
        self._records: list[int] = []
        self._statistics: list[dict[str, tuple[float, float]]] = []

    def note(self, taken: int, watch: StreamWatch) -> None:
        """What the monitor says after so many rows; nothing while it has no reference."""
        last = taken - 1
        due = not self._records or last >= self._records[-1] + self.every
        if due and last >= 0:
            self._records.append(last)
            self._statistics.append(watch.drift.statistics())

    def result(self) -> dict[str, Any]:
        """Records, and for each kind its statistic and threshold in nats; None if unwatched."""
        kinds = list(dict.fromkeys(kind for each in self._statistics for kind in each))
        nothing = (None, None)
        return {
            "records": self._records,
            "kinds": {
                kind: {
                    name: [each.get(kind, nothing)[i] for each in self._statistics]
                    for i, name in enumerate(("statistic", "threshold"))
                }
                for kind in kinds
            },
        }
