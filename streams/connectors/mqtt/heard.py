"""One message as a broker sent it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heard:
    """A message that was published.

    Args:
        topic: Where; in full.
        payload: As it came.
        qos: With which the broker sent it: 0 or 1.
        retain: Whether it is an old one that the broker keeps for newcomers.
        dup: Whether the broker sent it before and was not told that it arrived.
        mid: Its number, the same each time it is sent again; 0 with QoS 0.
        time: When it arrived; seconds since 1970.
    """

    topic: str
    payload: bytes
    qos: int
    retain: bool
    dup: bool
    mid: int
    time: float

    @property
    def digest(self) -> bytes:
        """Of topic and payload: 8 bytes."""
        topic = self.topic.encode()
        name = len(topic).to_bytes(4, "big") + topic
        return hashlib.blake2b(name + self.payload, digest_size=8).digest()
