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
_USUAL_LENGTHS: Final = frozenset({19, 23, 26})  # whole seconds, milli- and microseconds


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
    # The usual forms are told by a few of their characters, in a tenth of the pattern's time.
    local = text[:-1] if text.endswith("Z") else text[:-6] if text.endswith("+00:00") else ""
    if (
        len(local) in _USUAL_LENGTHS
        and local[7] == "-"
        and local[10] == "T"
        and local[16] == ":"
        and (len(local) == 19 or local[19] == ".")
    ):
        time = datetime.fromisoformat(local)
        if time.tzinfo is None:
            return time
    if _RFC_3339.fullmatch(text) is None:
        raise ValueError("an RFC 3339 date-time with zone is due, such as 2026-11-22T10:00:00Z")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        raise ValueError("it lies outside the years 1 to 9999 in UTC") from None


def seconds_of(times: Sequence[datetime]) -> FloatArray:
    """Seconds since 1970 of times in UTC without their zone, shape (n,)."""
    return np.array([(time - _EPOCH).total_seconds() for time in times], dtype=np.float64)


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
