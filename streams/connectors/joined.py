"""Values that came one by one, and belong together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Joined:
    """One record out of several values.

    Args:
        values: By name; None for one that is too old to count.
        time: Of the trigger, or of the latest value; seconds since 1970.
        units: Of values whose source said one.
        missing: Names that a record must have, and this one has not.

    Example:
        >>> Joined({"t": 21.5}, 1.5).moment.isoformat()
        '1970-01-01T00:00:01.500000+00:00'
    """

    values: Mapping[str, Any]
    time: float
    units: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    @property
    def moment(self) -> datetime:
        """``time`` as a date; microseconds are kept."""
        return datetime.fromtimestamp(self.time, UTC)
