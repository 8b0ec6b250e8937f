"""CloudEvents 1.0, in both modes, as records."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import unquote

import orjson

from halflife.schemas.errors import MessageError
from halflife.schemas.message import parse_json

from .documents import document, elements
from .gaps import Gaps
from .intake import Intake
from .limits import Limits
from .nesting import check_nesting
from .turned_away import TurnedAway

_PREFIX: Final = "ce-"
_DUE: Final = ("id", "source", "type")
_FIELDS: Final = (("subject", "stream"), ("id", "record_id"), ("time", "time"),
                  ("source", "instrument"))  # fmt: skip


def structured_events(body: bytes, *, many: bool, gaps: Gaps, limits: Limits) -> Intake:
    """The records of ``application/cloudevents+json``, or of ``-batch+json``.

    Args:
        body: One event, or an array of them.
        many: Whether it is the latter.
        gaps: Fills what neither event nor record says.
        limits: Of the request.

    Raises:
        TurnedAway: If there is nothing that can be checked.
    """
    events = elements(body, limits)
    if many != body.lstrip().startswith(b"["):
        due = "an array of events is due" if many else "one event is due"
        raise TurnedAway(400, "wrong-type", f"For this content type {due}.")
    intake = Intake()
    for i, event in enumerate(events):
        try:
            _add(intake, i, _record(event, _data(event, limits), gaps, i))
        except MessageError as error:
            intake.refuse(i, error, orjson.dumps(event), is_record=False)
    return intake


def is_binary_event(headers: Mapping[str, str]) -> bool:
    """Whether a request is an event whose attributes are its headers."""
    return "ce-specversion" in headers


def binary_event(
    body: bytes, headers: Iterable[tuple[str, str]], *, gaps: Gaps, limits: Limits
) -> Intake:
    """The record of an event whose attributes are headers.

    Raises:
        TurnedAway: 400 for a body that is no JSON.
    """
    data = document(body, limits)
    event: dict[str, Any] = {
        name.lower().removeprefix(_PREFIX): _told(value)
        for name, value in headers
        if name.lower().startswith(_PREFIX)
    }
    intake = Intake()
    try:
        _add(intake, 0, _record(event, data, gaps, 0))
    except MessageError as error:
        intake.refuse(0, error, orjson.dumps({**event, "data": data}), is_record=False)
    return intake


def _data(event: Any, limits: Limits) -> Any:
    """What an event is about.

    Raises:
        MessageError: If it is not there, or no JSON.
    """
    if type(event) is not dict:
        raise MessageError("not-an-object", "", "an event is a JSON object")
    kind = event.get("datacontenttype", "application/json")
    name = kind.partition(";")[0].strip().lower() if isinstance(kind, str) else ""
    if name != "application/json" and not name.endswith("+json"):
        raise MessageError("wrong-type", "datacontenttype", "application/json is due")
    if "data_base64" not in event:
        if "data" not in event:
            raise MessageError("missing-field", "data", "the event has no data")
        return event["data"]
    text = event["data_base64"]
    try:
        plain = base64.b64decode(text, validate=True) if isinstance(text, str) else None
    except (binascii.Error, ValueError):
        plain = None
    if plain is None:
        raise MessageError("wrong-type", "data_base64", "a text in base64 is due")
    check_nesting(plain, depth=limits.depth, containers=limits.containers)
    return parse_json(plain)


def _add(intake: Intake, index: int, record: dict[str, Any]) -> None:
    intake.add(index, orjson.dumps(record), record)


def _record(event: Mapping[str, Any], data: Any, gaps: Gaps, index: int) -> dict[str, Any]:
    """The record of an event: what its data do not say, its attributes do.

    Raises:
        MessageError: If it is no event, or its data can be no record.
    """
    if event.get("specversion") != "1.0":
        raise MessageError("wrong-type", "specversion", "1.0 is due")
    for name in _DUE:
        if not (isinstance(event.get(name), str) and event[name]):
            raise MessageError("missing-field", name, "an event must have this, as a text")
    if type(data) is not dict:
        said = "the data of an event are a record, or its values: a JSON object"
        raise MessageError("wrong-type", "data", said)
    record = dict(data) if isinstance(data.get("values"), dict) else {"values": data}
    for attribute, field in _FIELDS:
        if field not in record and event.get(attribute) is not None:
            record[field] = event[attribute]
    gaps.fill(record, index)
    return record


def _told(header: str) -> str:
    """The text that a header stands for; its bytes may be no UTF-8."""
    return unquote(header).encode("utf-8", "replace").decode()
