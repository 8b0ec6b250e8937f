"""Messages that are JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from halflife.schemas.errors import MessageError
from halflife.schemas.message import parse_json
from halflife.streams.connectors.arrival import Arrival

from .form import Form
from .message import Message


class JsonForm(Form):
    """Objects, or lists of them; ``NaN``, as Python writes it, is a missing cell.

    Example:
        >>> import asyncio
        >>> message = Message(topic="t", partition=0, offset=1, value=b'{"x": NaN}', record_id="1")
        >>> asyncio.run(JsonForm().read(message))[0].values
        {'x': None}
    """

    async def read(self, message: Message) -> Sequence[Arrival]:
        """One record, or several."""
        return self.rows(message, json_value(message.value or b""))


def json_value(value: bytes) -> Any:
    """The JSON in some bytes.

    Raises:
        MessageError: If there is none.
    """
    if not value.strip():
        raise MessageError("empty", "", "a message of no bytes")
    try:
        return parse_json(value)
    except MessageError as error:
        if error.reason != "not-finite":
            raise
    try:
        return json.loads(value, parse_constant=_constant)
    except (ValueError, RecursionError) as error:
        raise MessageError("broken-json", "", str(error)) from None


def _constant(name: str) -> float | None:
    """Python's own words for numbers that JSON does not have."""
    return None if name == "NaN" else float(name.replace("Infinity", "inf"))
