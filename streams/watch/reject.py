"""A record that cannot be used, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from halflife.schemas.errors import MessageError


class RawMessage(Protocol):
    """A message as the Kafka clients give it."""

    @property
    def offset(self) -> int: ...  # noqa: D102 - the names are Kafka's own words
    @property
    def timestamp(self) -> int: ...  # noqa: D102
    @property
    def key(self) -> bytes | None: ...  # noqa: D102
    @property
    def value(self) -> bytes | None: ...  # noqa: D102
    @property
    def headers(self) -> tuple[tuple[str, bytes], ...]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Reject:
    """One record on its way to the dead letters.

    Args:
        address: Where it stood in its partition.
        error: Reason, field path and text.
        message: The message that it came in.
        value: Its bytes: those of the message, or of its one row if the message held many.
    """

    address: int
    error: MessageError
    message: RawMessage
    value: bytes

    @property
    def headers(self) -> tuple[tuple[str, bytes], ...]:
        """Headers of the message; without its content type, if ``value`` is one row of it."""
        if self.value == (self.message.value or b""):
            return tuple(self.message.headers)
        return tuple(pair for pair in self.message.headers if pair[0].lower() != "content-type")
