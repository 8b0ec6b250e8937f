"""Times as instruments write them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from halflife.schemas.errors import MessageError

_UNITS: Final = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
_ALLOWED: Final = "a text such as 2026-11-22T10:00:00Z, or seconds since 1970"


def zone_of(name: str | None) -> tzinfo | None:
    """A time zone by its name.

    Raises:
        ValueError: For a name that no zone has.
    """
    if name is None:
        return None
    try:
        return UTC if name.upper() in {"UTC", "Z"} else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone such as Europe/Berlin or UTC") from None


def source_time(value: Any, zone: tzinfo | None, path: str = "time") -> datetime:
    """A time with a zone.

    Numbers are seconds since 1970, or, where that would be after the year 5000, milliseconds,
    microseconds or nanoseconds.

    Args:
        value: As the source has it.
        zone: Of times without one; None if there is none to assume.
        path: Where it stood, for errors.

    Raises:
        MessageError: For what is no time, and for a time without zone where none is assumed.

    Example:
        >>> source_time(1_795_000_000_000, None).isoformat()
        '2026-11-18T11:06:40+00:00'
        >>> source_time("2026-11-22 10:00", zone_of("Europe/Berlin")).isoformat()
        '2026-11-22T10:00:00+01:00'
    """
    try:
        found = _parsed(value)
    except (ValueError, OverflowError, OSError):
        raise MessageError("bad-time", path, f"{value!r} is no time: {_ALLOWED}") from None
    if found.tzinfo is not None:
        return found
    if zone is None:
        raise MessageError(
            "time-without-zone",
            path,
            f"{value!r} has no time zone; time_zone in the lab file says which is meant",
        )
    return found.replace(tzinfo=zone)


def _parsed(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        text = value.strip()
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            value = float(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("neither text nor number")  # noqa: TRY004  # caught above
    seconds = float(value)
    if not math.isfinite(seconds):
        raise ValueError("not finite")
    for limit, per_second in _UNITS:
        if abs(seconds) >= limit:
            seconds /= per_second
            break
    return datetime.fromtimestamp(seconds, UTC)
