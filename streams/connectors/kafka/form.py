"""The forms in which messages are written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Final

from halflife.schemas.errors import MessageError
from halflife.streams.connectors.arrival import Arrival

from .message import Message

MOST_ROWS: Final = 10_000


class Form(ABC):
    """Finds the records in messages of one form.

    Args:
        envelope: Whether the values are to have ``kafka``, with topic, key and headers.
    """

    def __init__(self, *, envelope: bool = False) -> None:
        self.envelope = envelope

    @abstractmethod
    async def read(self, message: Message) -> Sequence[Arrival]:
        """The records in a message that has a value.

        Raises:
            MessageError: If there are none.
            SourceAway: If it cannot be known now.
        """

    def arrival(self, message: Message, values: dict[str, Any], **more: Any) -> Arrival:
        """A record with the place, the time and the identity of its message.

        Args:
            message: Where it stood.
            values: Of the record.
            **more: Other fields of the arrival, and those that are not as the message says.
        """
        if self.envelope:
            values = {"kafka": envelope(message), **values}
        known = {
            "address": message.address,
            "record_id": message.record_id,
            "time": message.time,
            "raw": message.value,
        }
        return Arrival(values=values, **(known | more))

    def rows(self, message: Message, found: Any, **more: Any) -> list[Arrival]:
        """The records of a value that is one, or a list of some.

        Raises:
            MessageError: For a value that is neither, and a list that is too long.
        """
        if isinstance(found, dict):
            return [self.arrival(message, found, **more)]
        if not isinstance(found, list):
            said = f"an object of names and values is due, not {type(found).__name__}"
            raise MessageError("not-an-object", "", said)
        if len(found) > MOST_ROWS:
            raise MessageError("too-large", "", f"{len(found):,} records; send {MOST_ROWS:,}")
        wrong = next((i for i, one in enumerate(found) if not isinstance(one, dict)), None)
        if wrong is not None:
            said = f"an object of names and values is due, not {type(found[wrong]).__name__}"
            raise MessageError("not-an-object", str(wrong), said)
        name = more.pop("record_id", message.record_id)
        return [
            self.arrival(
                message,
                one,
                record_id=f"{name}/{i}",
                address=f"{message.address}, record {i}",
                raw=b"",
                **more,
            )
            for i, one in enumerate(found)
        ]


def envelope(message: Message) -> dict[str, Any]:
    """What is known of a message beside its value."""
    return {
        "topic": message.topic,
        "partition": message.partition,
        "offset": message.offset,
        "key": None if message.key is None else message.key.decode("utf-8", "replace"),
        "headers": {
            name: (value or b"").decode("utf-8", "replace") for name, value in message.headers
        },
    }
