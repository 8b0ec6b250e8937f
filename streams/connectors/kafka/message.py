"""A message of somebody else's topic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a topic holds at one offset.

    Args:
        topic: Its topic.
        partition: Its partition there.
        offset: Its offset there.
        value: Its bytes; None for a tombstone.
        record_id: What no other message of the topic will ever have, and this one always.
        key: Its key.
        headers: Its headers, in their order.
        time: Its time stamp, with a zone; None if it has none.

    Example:
        >>> Message(topic="lab", partition=0, offset=7, value=b"{}", record_id="lab/0/7").address
        'kafka://lab/0/7'
    """

    topic: str
    partition: int
    offset: int
    value: bytes | None
    record_id: str
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes | None]] = ()
    time: datetime | None = None

    @property
    def address(self) -> str:
        """Where it stands, for people."""
        return f"kafka://{self.topic}/{self.partition}/{self.offset}"

    def header(self, name: str) -> str:
        """A header as text, whatever the case of its name; empty if it is not there."""
        for key, value in self.headers:
            if key.lower() == name:
                return (value or b"").decode("utf-8", "replace")
        return ""
