"""Values of Channel Access as plain data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from caproto import ChannelType

EPICS_EPOCH: Final = 631_152_000
"""Seconds from 1970 to 1990, where EPICS begins to count."""

LONGEST_TEXT: Final = 4096
"""Characters of a text that is an array of characters; what is longer is cut by the server."""

MOST_ELEMENTS: Final = 10_000


def plain_value(native: int, is_array: bool, data: Sequence[Any]) -> Any:
    """What a channel says: a number, a text, a list of them, or None for nothing.

    Args:
        native: Type of the channel (DBR).
        is_array: Whether the channel has room for more than one element.
        data: As the protocol library decoded it: an array of numpy, or byte strings.

    Example:
        >>> plain_value(ChannelType.CHAR, True, [104, 105, 0, 7])
        'hi'
        >>> plain_value(ChannelType.DOUBLE, False, [1.5]), plain_value(ChannelType.LONG, True, [4])
        (1.5, [4])
    """
    elements = list(getattr(data, "tolist", lambda: data)())
    if native == ChannelType.CHAR and is_array:
        return _text(bytes(elements))
    values = [_text(each) if isinstance(each, bytes) else _number(each) for each in elements]
    if is_array:
        return values
    return values[0] if values else None


def unit_text(raw: bytes) -> str | None:
    r"""A unit as a server says it; None if it says none.

    Example:
        >>> unit_text(b"degC\0\0"), unit_text(b"\0abc")
        ('degC', None)
    """
    return _text(raw).strip() or None


def stamp_of(seconds: int, nanoseconds: int) -> int | None:
    """Nanoseconds since 1970 of a time stamp; None for the one that means "never".

    Args:
        seconds: Since 1990.
        nanoseconds: Of the second.

    Example:
        >>> stamp_of(1, 5), stamp_of(0, 0)
        (631152001000000005, None)
    """
    if not seconds:
        return None
    return (EPICS_EPOCH + seconds) * 1_000_000_000 + min(nanoseconds, 999_999_999)


def elements_wanted(native: int, room: int, highest: int) -> int:
    """How many elements of a channel to ask for.

    Args:
        native: Type of the channel.
        room: How many it can have.
        highest: Place of the last element that somebody wants.
    """
    most = LONGEST_TEXT if native == ChannelType.CHAR else min(highest + 1, MOST_ELEMENTS)
    return max(1, min(room, most))


def _text(raw: bytes) -> str:
    """UTF-8 where it is, else Latin-1, which EPICS has always meant."""
    ended = raw.split(b"\0", 1)[0]
    try:
        return ended.decode("utf-8")
    except UnicodeDecodeError:
        return ended.decode("latin-1")


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
