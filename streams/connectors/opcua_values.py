"""Values of OPC UA as plain data."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final

_TEXTS: Final = (datetime, bytes, uuid.UUID)


class StructureError(ValueError):
    """A value that has parts of its own."""


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
