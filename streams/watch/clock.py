"""Times of records: how they are written, and which cannot be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.errors import MessageError
from halflife.schemas.table import FloatArray

CLOCK_TOLERANCE: Final = 300.0
"""Seconds that an instrument's clock may be ahead of the broker's."""

EARLIEST: Final = datetime(1, 1, 1, tzinfo=UTC).timestamp()
LATEST: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()

_EPOCH: Final = datetime.fromtimestamp(0, UTC).replace(tzinfo=None)
_RFC_3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_ZEROS: Final = str.maketrans("123456789", "000000000")
_USUAL_FORMS: Final = frozenset(
    f"0000-00-00T00:00:00{fraction}{zone}"
    for fraction in ("", ".000", ".000000")
    for zone in ("Z", "+00:00", "-00:00")
)


def utc(text: str) -> datetime:
    """A time in UTC, without its zone, from an RFC 3339 date-time; cut to microseconds.

    ``datetime.fromisoformat`` alone takes more (week dates, dates without dashes or time), and
    what a record's time may be is a promise to those who write records.

    Raises:
        ValueError: For any other text, and for a time outside the years 1 to 9999 in UTC.

    Example:
        >>> utc("2026-11-22T10:00:00.5+01:00")
        datetime.datetime(2026, 11, 22, 9, 0, 0, 500000)
    """
    if _RFC_3339.fullmatch(text) is None:
        raise ValueError("an RFC 3339 date-time with zone is due, such as 2026-11-22T10:00:00Z")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        raise ValueError("it lies outside the years 1 to 9999 in UTC") from None


def seconds_of(times: Sequence[datetime]) -> FloatArray:
    """Seconds since 1970 of times in UTC without their zone, shape (n,)."""
    return np.array([(time - _EPOCH).total_seconds() for time in times], dtype=np.float64)


def usual_seconds(texts: Sequence[str]) -> FloatArray | None:
    """Seconds since 1970 of times as they are mostly written, shape (n,), in a third of the time.

    They are those of ``utc`` and ``seconds_of``. None if one of the times, at least, is written
    otherwise or is none: then ask ``utc`` for each.

    Example:
        >>> usual_seconds(["1970-01-01T00:00:00.500Z", "1970-01-01T01:00:00+00:00"]).tolist()
        [0.5, 3600.0]
        >>> usual_seconds(["1970-01-01T00:00:00.500Z", "1970-01-01"]) is None
        True
    """
    try:
        forms = "\n".join(texts).translate(_ZEROS).split("\n")
        if not _USUAL_FORMS.issuperset(forms):
            return None
        times = map(datetime.fromisoformat, texts)
        seconds = np.array(list(map(datetime.timestamp, times)), dtype=np.float64)
    except (TypeError, ValueError):
        return None
    # Its zone may put a time outside the years 1 to 9999 in UTC.
    inside = (seconds >= EARLIEST) & (seconds < LATEST + 1)
    return seconds if inside.all() else None


def is_future(seconds: FloatArray, stamps: FloatArray) -> NDArray[np.bool_]:
    """Which event times, in seconds, are ahead of the broker's time stamps, in milliseconds."""
    return np.asarray(seconds > stamps / 1000 + CLOCK_TOLERANCE, dtype=np.bool_)


def future_error(seconds: float, stamp: int) -> MessageError:
    """What is said of a record that claims to come from the future."""
    return MessageError(
        "time-in-future",
        "time",
        f"{datetime.fromtimestamp(seconds, UTC).isoformat()} is {seconds - stamp / 1000:.0f} s "
        f"ahead of the broker's clock; {CLOCK_TOLERANCE:.0f} s are allowed: "
        "check the instrument's clock and time zone",
    )
