"""A time in which a source could not be heard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Gap:
    """What happened in the source meanwhile, nobody will know.

    Args:
        first: When it was last heard, with a zone; None if it never was.
        last: When it was heard again, with a zone.
        text: Why, in a sentence, and what is missing where that is known.
    """

    first: datetime | None
    last: datetime
    text: str
