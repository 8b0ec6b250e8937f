"""Times that cannot be: records from the future."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from halflife.schemas.errors import MessageError

CLOCK_TOLERANCE: Final = 300.0
"""Seconds that an instrument's clock may be ahead of the broker's."""


def is_future(seconds: float, stamp: int) -> bool:
    """Whether an event time, in seconds, is ahead of the broker's time stamp, in milliseconds."""
    return seconds > stamp / 1000 + CLOCK_TOLERANCE


def future_error(seconds: float, stamp: int) -> MessageError:
    """What is said of a record that claims to come from the future."""
    return MessageError(
        "time-in-future",
        "time",
        f"{datetime.fromtimestamp(seconds, UTC).isoformat()} is {seconds - stamp / 1000:.0f} s "
        f"ahead of the broker's clock; {CLOCK_TOLERANCE:.0f} s are allowed: "
        "check the instrument's clock and time zone",
    )
