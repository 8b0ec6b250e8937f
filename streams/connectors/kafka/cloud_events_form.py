"""Messages that are CloudEvents."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from halflife.schemas.errors import MessageError
from halflife.streams.connectors.arrival import Arrival

from .form import Form
from .json_form import json_value
from .message import Message

STRUCTURED: Final = "application/cloudevents+json"
_BATCH: Final = "application/cloudevents-batch+json"
_DATA: Final = frozenset({"data", "data_base64"})
_LONGEST_NAME: Final = 200


class CloudEventsForm(Form):
    """Events of the Kafka binding of CloudEvents 1.0: binary, structured, and batches.

    An event is told apart by its ``source`` and ``id`` together, as the standard wants it. The
    source is the instrument. Its attributes can be mapped as ``ce.subject``.

    Args:
        attributes: Whether the values are to have ``ce``, with the attributes.
        envelope: As of `Form`.
    """

    def __init__(self, *, attributes: bool = False, envelope: bool = False) -> None:
        super().__init__(envelope=envelope)
        self._attributes = attributes

    async def read(self, message: Message) -> Sequence[Arrival]:
        """The record of the event, or of each event of a batch."""
        value = message.value or b""
        content = message.header("content-type").partition(";")[0].strip().lower()
        if content in {STRUCTURED, _BATCH}:
            found = json_value(value)
            events = found if content == _BATCH and isinstance(found, list) else [found]
            return [
                one
                for i, event in enumerate(events)
                for one in self._structured(message, event, i if content == _BATCH else None)
            ]
        attributes: dict[str, Any] = {
            name[3:].lower(): (text or b"").decode("utf-8", "replace")
            for name, text in message.headers
            if name.lower().startswith("ce_")
        }
        if "specversion" not in attributes:
            said = "neither headers ce_... nor the content-type of CloudEvents are there"
            raise MessageError("no-cloudevent", "", said)
        _check_json(content)
        return self._event(message, attributes, json_value(value))

    def _structured(self, message: Message, event: Any, number: int | None) -> list[Arrival]:
        if not isinstance(event, dict):
            said = f"an event is an object, not {type(event).__name__}"
            raise MessageError("not-an-object", "" if number is None else str(number), said)
        data = event.get("data")
        if "data_base64" in event:
            try:
                data = json_value(base64.b64decode(event["data_base64"], validate=True))
            except (binascii.Error, ValueError, TypeError):
                raise MessageError("broken-json", "data_base64", "no JSON in base64") from None
        _check_json(str(event.get("datacontenttype") or ""))
        attributes = {name: one for name, one in event.items() if name not in _DATA}
        raw = {} if number is None else {"raw": b""}
        return self._event(message, attributes, data, **raw)

    def _event(
        self, message: Message, attributes: Mapping[str, Any], data: Any, **more: Any
    ) -> list[Arrival]:
        name, source = attributes.get("id"), attributes.get("source")
        for key, text in (("id", name), ("source", source)):
            if not isinstance(text, str) or not text:
                raise MessageError("missing-field", key, f"an event has a text {key!r}")
        time = attributes.get("time")
        if time is not None:
            more["time"] = _time(time)
        if self._attributes and isinstance(data, dict):
            data = {"ce": dict(attributes), **data}
        return self.rows(
            message,
            data,
            record_id=f"{source}#{name}",
            instrument=str(source)[-_LONGEST_NAME:],
            **more,
        )


def _check_json(content: str) -> None:
    """CloudEvents may carry anything; what is read here is JSON."""
    kind = content.partition(";")[0].strip().lower()
    if kind and kind != "application/json" and not kind.endswith("+json"):
        raise MessageError("wrong-content", "datacontenttype", f"data is {kind!r}; JSON is read")


def _time(text: Any) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise MessageError("bad-time", "time", f"{str(text)[:60]!r} is no RFC 3339 time") from None
    return found
