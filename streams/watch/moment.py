"""A place in a stream at which something is said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from halflife.schemas.window import ROWS_A_MESSAGE


@dataclass(frozen=True, slots=True)
class Moment:
    """One record of a stream: its number, its place in the log, and the event time by then.

    Args:
        stream: Name of the stream.
        record: 0-based number of the record in its stream.
        address: Where it stands in its partition.
        seconds: Latest event time so far, seconds since 1970 in UTC.
    """

    stream: str
    record: int
    address: int
    seconds: float

    @property
    def offset(self) -> int:
        """Offset of the record's message."""
        return self.address // ROWS_A_MESSAGE

    @property
    def time(self) -> datetime:
        """The event time as messages carry it."""
        return datetime.fromtimestamp(self.seconds, UTC)
