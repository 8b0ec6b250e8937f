"""Quantities that are written as text with their unit: durations, and records per false alarm."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

SECONDS: Final = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION: Final = r"^([0-9]+(?:\.[0-9]+)?) ?(s|min|h|d)$"
_FALSE_ALARMS: Final = r"^1 per ([0-9]+) records$"
_FEWEST_RECORDS: Final = 10


def parse_duration(text: Any) -> float:
    """Seconds of a duration such as ``"5 min"``.

    Args:
        text: A number and one of ``s``, ``min``, ``h``, ``d``.

    Raises:
        PydanticCustomError: For anything else, a duration of zero among them.

    Example:
        >>> parse_duration("5 min"), parse_duration("1.5h")
        (300.0, 5400.0)
    """
    match = re.fullmatch(_DURATION, text) if isinstance(text, str) else None
    seconds = float(match[1]) * SECONDS[match[2]] if match else 0.0
    if seconds <= 0 or seconds == float("inf"):
        raise PydanticCustomError("duration", "is no duration")
    return seconds


def write_duration(seconds: float) -> str:
    """The text of a duration in the largest unit that keeps it whole.

    Example:
        >>> write_duration(5400), write_duration(7200), write_duration(0.25)
        ('90 min', '2 h', '0.25 s')
    """
    for unit in ("d", "h", "min"):
        if seconds % SECONDS[unit] == 0:
            return f"{seconds / SECONDS[unit]:.0f} {unit}"
    return f"{seconds!r} s".replace(".0 s", " s")


def parse_false_alarms(text: Any) -> float:
    """Average run length, in records, of a promise such as ``"1 per 10000 records"``.

    Raises:
        PydanticCustomError: For another form (a bare number does not say of what), and for fewer
            than 10 records, which no detector can keep.

    Example:
        >>> parse_false_alarms("1 per 10000 records")
        10000.0
    """
    match = re.fullmatch(_FALSE_ALARMS, text) if isinstance(text, str) else None
    if match is None or float(match[1]) == float("inf"):
        raise PydanticCustomError("false_alarms", "is no rate of false alarms")
    records = float(match[1])
    if records < _FEWEST_RECORDS:
        raise PydanticCustomError("false_alarms", "is too often: no detector keeps such a promise")
    return records


def write_false_alarms(records: float) -> str:
    """The text of an average run length, in records.

    Example:
        >>> write_false_alarms(10000)
        '1 per 10000 records'
    """
    return f"1 per {records:.0f} records"


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    PlainSerializer(write_duration),
    WithJsonSchema(
        {"type": "string", "pattern": _DURATION, "examples": ["30 s", "5 min", "2 h", "1 d"]}
    ),
]
"""Seconds, written ``"5 min"``."""

RecordsPerFalseAlarm = Annotated[
    float,
    BeforeValidator(parse_false_alarms),
    PlainSerializer(write_false_alarms),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": _FALSE_ALARMS,
            "examples": ["1 per 10000 records"],
        }
    ),
]
"""Average run length in records, written ``"1 per 10000 records"``."""
