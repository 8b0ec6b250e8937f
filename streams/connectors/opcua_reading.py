"""One change of a variable of an OPC UA server."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

_OVERFLOW: Final = 0x0480
"""Bits of a status that belongs to a value (0x0400) and says that others before it were dropped."""
_WAITING: Final = 0x80320000
_SEVERITY: Final = 30


@dataclass(frozen=True, slots=True)
class Reading:
    """One change of a variable.

    Args:
        name: Of the variable.
        value: As the server sent it.
        time: Of its source, or of the server where the source gave none.
        status: The status code.

    Example:
        >>> when = datetime.fromisoformat("2026-11-22T10:00:00+00:00")
        >>> reading = Reading("t", 1.5, when, 0x40000480)
        >>> reading.is_good, reading.is_uncertain, reading.overflow
        (False, True, True)
    """

    name: str
    value: Any
    time: datetime
    status: int = 0

    @property
    def is_good(self) -> bool:
        """Whether the server says that the value can be used."""
        return self.status >> _SEVERITY == 0

    @property
    def is_uncertain(self) -> bool:
        """Whether the server says that the value may be wrong."""
        return self.status >> _SEVERITY == 1

    @property
    def is_waiting(self) -> bool:
        """Whether there is no value yet."""
        return self.status & 0xFFFF0000 == _WAITING

    @property
    def overflow(self) -> bool:
        """Whether values before this one were dropped, because the server's queue was full."""
        return self.status & _OVERFLOW == _OVERFLOW
