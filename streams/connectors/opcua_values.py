"""Values of OPC UA as plain data."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final

_OVERFLOW: Final = 0x0480
"""Bits of a status that belongs to a value (0x0400) and says that others before it were dropped."""
_WAITING: Final = 0x80320000
_SEVERITY: Final = 30


_TEXTS: Final = (datetime, bytes, uuid.UUID)


class StructureError(ValueError):
    """A value that has parts of its own."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One change of a variable.

    Args:
        name: Of the variable.
        value: As the server sent it.
        time: Of its source, or of the server where the source gave none.
        status: The status code.

    Example:
        >>> reading = Reading("t", 1.5, datetime(2026, 11, 22, tzinfo=UTC), 0x40000480)
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


def plain(value: Any) -> Any:
    r"""A number, text, boolean, None, or a list of them, out of a value of OPC UA.

    Args:
        value: As asyncua gives it.

    Raises:
        StructureError: For a structure: its parts have to be named one by one.

    Example:
        >>> plain([1, 2.5]), plain(b"\x01\xff"), plain(datetime(2026, 11, 22))
        ([1, 2.5], '01ff', '2026-11-22T00:00:00+00:00')
    """
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, Enum):
        return value.name
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return _text(value) if isinstance(value, _TEXTS) else _of_protocol(value)


def zoned(time: datetime) -> datetime:
    """A time of OPC UA, which is always in UTC, with its zone."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


def _text(value: datetime | bytes | uuid.UUID) -> str:
    if isinstance(value, datetime):
        return zoned(value).isoformat()
    return value.hex() if isinstance(value, bytes) else str(value)


def _of_protocol(value: Any) -> Any:
    """A value of a type that only OPC UA has."""
    from asyncua import ua

    if isinstance(value, ua.LocalizedText):
        return value.Text
    if isinstance(value, ua.QualifiedName):
        return value.Name
    if isinstance(value, ua.NodeId):
        return value.to_string()
    if isinstance(value, ua.StatusCode):
        return value.name
    if isinstance(value, ua.Variant):
        return plain(value.Value)
    if isinstance(value, ua.XmlElement):
        return value.Value
    raise StructureError(f"a structure ({type(value).__name__})")
