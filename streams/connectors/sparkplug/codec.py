"""Messages of Sparkplug B as bytes, by the numbers that its specification gives to fields.

The published schema of these messages is not copied: what stands here are field numbers and types,
as of version 3.0.0, chapter 6.4.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from halflife.schemas.errors import MessageError

from .metric import Metric

BOOLEAN: Final = 11
_PACKAGE: Final = "sparkplug_b"
_MOST_METRICS: Final = 100_000
_UNIT_NAMES: Final = ("engUnit", "engineeringUnit", "Engineering Unit", "engineeringUnits", "unit")

_SCHEMA: Final[dict[str, tuple[tuple[int, str, str], ...]]] = {
    "Payload": (
        (1, "timestamp", "uint64"),
        (2, "metrics", "Metric*"),
        (3, "seq", "uint64"),
        (4, "uuid", "string"),
        (5, "body", "bytes"),
    ),
    "Metric": (
        (1, "name", "string"),
        (2, "alias", "uint64"),
        (3, "timestamp", "uint64"),
        (4, "datatype", "uint32"),
        (5, "is_historical", "bool"),
        (6, "is_transient", "bool"),
        (7, "is_null", "bool"),
        (9, "properties", "PropertySet"),
        (10, "int_value", "uint32|"),
        (11, "long_value", "uint64|"),
        (12, "float_value", "float|"),
        (13, "double_value", "double|"),
        (14, "boolean_value", "bool|"),
        (15, "string_value", "string|"),
        (16, "bytes_value", "bytes|"),
    ),
    "PropertySet": ((1, "keys", "string*"), (2, "values", "PropertyValue*")),
    "PropertyValue": (
        (1, "type", "uint32"),
        (2, "is_null", "bool"),
        (3, "int_value", "uint32|"),
        (4, "long_value", "uint64|"),
        (5, "float_value", "float|"),
        (6, "double_value", "double|"),
        (7, "boolean_value", "bool|"),
        (8, "string_value", "string|"),
    ),
}
"""Number, name and type of the fields of each message: ``*`` many, ``|`` one of several."""

_SIGNED: Final = {1: 8, 2: 16, 3: 32, 4: 64}
_TIME: Final = 13
_ARRAYS: Final = {22: "b", 23: "h", 24: "i", 25: "q", 26: "B", 27: "H", 28: "I", 29: "Q", 30: "f",
                  31: "d"}  # fmt: skip
_PLAIN: Final = {5, 6, 7, 8, 9, 10, 11, 12, 14, 15}


@dataclass(frozen=True, slots=True)
class Payload:
    """A message.

    Args:
        time: Milliseconds since 1970; None if it has none.
        seq: Number of the message, 0 to 255; None if it has none.
        metrics: In its order.
    """

    time: int | None
    seq: int | None
    metrics: tuple[Metric, ...]


@cache
def message_class() -> Callable[..., Any]:
    """The class of whole messages, for who wants to write some."""
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{_PACKAGE}.proto", package=_PACKAGE, syntax="proto2"
    )
    for name, fields in _SCHEMA.items():
        message = file.message_type.add(name=name)
        if any(kind.endswith("|") for _, _, kind in fields):
            message.oneof_decl.add(name="value")
        for number, field, kind in fields:
            _add_field(message, number, field, kind)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    made: Callable[..., Any] = message_factory.GetMessageClass(
        pool.FindMessageTypeByName(f"{_PACKAGE}.Payload")
    )
    return made


def _add_field(message: Any, number: int, name: str, kind: str) -> None:
    many, choice, plain = kind.endswith("*"), kind.endswith("|"), kind.rstrip("*|")
    field = message.field.add(name=name, number=number)
    kinds = descriptor_pb2.FieldDescriptorProto
    field.label = kinds.LABEL_REPEATED if many else kinds.LABEL_OPTIONAL
    if plain in _SCHEMA:
        field.type, field.type_name = kinds.TYPE_MESSAGE, f".{_PACKAGE}.{plain}"
    else:
        field.type = getattr(kinds, f"TYPE_{plain.upper()}")
    if choice:
        field.oneof_index = 0


def decode(raw: bytes, limit: int) -> Payload:
    """A message out of bytes.

    Args:
        raw: The bytes.
        limit: Most bytes that are looked at.

    Raises:
        MessageError: ``too-large``, ``broken-protobuf``.

    Example:
        >>> decode(bytes.fromhex("12 0d 10 64 20 0a 69 00 00 00 00 00 80 36 40 18 01"), 100)
        Payload(time=None, seq=1, metrics=(Metric(name=None, alias=100, time=None, type=10,
        value=22.5, historical=False, unit=None),))
    """
    if len(raw) > limit:
        raise MessageError(
            "too-large", "", f"{len(raw):,} bytes; max_payload allows {limit:,} for one message"
        )
    message = message_class()()
    try:
        message.ParseFromString(raw)
    except (DecodeError, ValueError) as error:  # the slow implementation finds text that is none
        raise MessageError("broken-protobuf", "", f"no message of Sparkplug B: {error}") from None
    if _text(message.uuid).endswith("_COMPRESSED"):
        raise MessageError("broken-protobuf", "uuid", "compressed messages are not read")
    if len(message.metrics) > _MOST_METRICS:
        said = f"{len(message.metrics):,} metrics; {_MOST_METRICS:,} are allowed in one message"
        raise MessageError("too-large", "metrics", said)
    return Payload(
        message.timestamp if message.HasField("timestamp") else None,
        message.seq if message.HasField("seq") else None,
        tuple(map(_metric, message.metrics)),
    )


def rebirth_command(now: float) -> bytes:
    """What asks an edge node for its birth.

    Args:
        now: Seconds since 1970.
    """
    message = message_class()(timestamp=int(1000 * now))
    message.metrics.add(name="Node Control/Rebirth", datatype=BOOLEAN, boolean_value=True)
    raw: bytes = message.SerializeToString()
    return raw


def value_of(kind: int, field: str, value: Any) -> Any:
    """A value by its data type; None for one that no column can hold.

    Args:
        kind: Number of the data type; 0 for one that is not known.
        field: In which field of the message it stood.
        value: As it stood there.

    Example:
        >>> value_of(1, "int_value", 255), value_of(13, "long_value", 0)
        (-1, '1970-01-01T00:00:00+00:00')
    """
    if kind in _SIGNED and field in {"int_value", "long_value"}:
        width = _SIGNED[kind]
        low = value & (1 << width) - 1
        return low - (1 << width) if low >> (width - 1) else low
    if kind == _TIME and field == "long_value":
        try:
            return datetime.fromtimestamp(value / 1000, UTC).isoformat()
        except (OverflowError, OSError, ValueError):
            return None
    if field == "bytes_value":
        return _array(_ARRAYS[kind], value) if kind in _ARRAYS else None
    return value if kind in _PLAIN or kind == 0 else None


def _array(code: str, raw: bytes) -> list[Any] | None:
    size = struct.calcsize("<" + code)
    if len(raw) % size:
        return None
    return list(struct.unpack(f"<{len(raw) // size}{code}", raw))


def _metric(found: Any) -> Metric:
    field = found.WhichOneof("value")
    value = None
    if field is not None and not found.is_null:
        # Without a type the birth says it; then the field goes along, to be read by it.
        raw = getattr(found, field)
        raw = _text(raw) if field == "string_value" else raw
        value = value_of(found.datatype, field, raw) if found.datatype else (field, raw)
    return Metric(
        name=_text(found.name) or None,
        alias=found.alias if found.HasField("alias") else None,
        time=found.timestamp if found.HasField("timestamp") else None,
        type=found.datatype,
        value=value,
        historical=found.is_historical,
        unit=_unit(found.properties) if found.HasField("properties") else None,
    )


def _unit(properties: Any) -> str | None:
    given = dict(zip(properties.keys, properties.values, strict=False))
    for name in _UNIT_NAMES:
        if name in given and (text := _text(given[name].string_value).strip()):
            return text
    return None


def _text(found: str | bytes) -> str:
    """A text; the library gives bytes where it is no UTF-8."""
    if isinstance(found, bytes):
        raise MessageError("broken-protobuf", "", f"no text in UTF-8: {found[:40]!r}")
    return found
