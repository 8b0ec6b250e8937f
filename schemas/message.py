"""What all messages share: frozen, extras forbidden, times with a zone, JSON in and out."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import Annotated, Any, ClassVar, Self

import orjson
from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from .errors import MessageError

StreamName = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$",
        description="The stream that the message belongs to, and its key in Kafka.",
    ),
]
Identity = Annotated[str, Field(pattern=r"^[0-9a-f]{16,64}$")]
Share = Annotated[float, Field(ge=0, le=1)]


def _text_or_time(value: object) -> object:
    if not isinstance(value, str | datetime):
        # pydantic makes a problem of a ValueError, and a crash of a TypeError.
        raise ValueError("a time is a text such as 2026-11-22T10:00:00Z")  # noqa: TRY004
    return value


EventTime = Annotated[
    AwareDatetime,
    BeforeValidator(_text_or_time, json_schema_input_type=str),
    Field(description="Event time, RFC 3339 with a zone."),
]

_REASONS = {
    "missing": "missing-field",
    "extra_forbidden": "unknown-field",
    "finite_number": "not-finite",
    "timezone_aware": "time-without-zone",
    "datetime_from_date_parsing": "bad-time",
    "datetime_parsing": "bad-time",
    "datetime_type": "bad-time",
    "timezone_offset": "bad-time",
}


class Message(BaseModel):
    """The base of every message that Halflife writes to or reads from Kafka."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, ser_json_inf_nan="null", allow_inf_nan=False
    )
    topic: ClassVar[str]

    def to_bytes(self) -> bytes:
        """The message as UTF-8 JSON: what stands in Kafka, keys in the order of the fields."""
        return orjson.dumps(self.model_dump(mode="json"))

    @classmethod
    def from_bytes(cls, value: bytes) -> Self:
        """A message out of Kafka.

        Raises:
            MessageError: With the reason, the field path and what is allowed.
        """
        return cls.checked(parse_json(value))

    @classmethod
    def checked(cls, fields: Any) -> Self:
        """A message from its parsed fields.

        Raises:
            MessageError: With the reason, the field path and what is allowed.
        """
        if not isinstance(fields, dict):
            raise MessageError(
                "not-an-object", "", f"a JSON object is due, not {type(fields).__name__}"
            )
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            raise _message_error(error) from None


def parse_json(value: bytes) -> Any:
    """The JSON in some bytes.

    Raises:
        MessageError: For bytes that are not UTF-8, and for broken JSON, with the place.
    """
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        try:
            value.decode("utf-8")
        except UnicodeDecodeError as wrong:
            raise MessageError(
                "not-utf-8", "", f"byte {wrong.start} is not UTF-8: {wrong.reason}"
            ) from None
        path = _not_finite(value)
        if path is not None:
            raise MessageError("not-finite", path, "an infinite number or NaN") from None
        raise MessageError(
            "broken-json", "", f"{error.msg} at line {error.lineno}, column {error.colno}"
        ) from None


def _not_finite(value: bytes) -> str | None:
    """Path of the first number that is not finite, in JSON that is broken by nothing else."""
    try:
        # Unlike orjson, the standard library reads NaN, Infinity and 1e999.
        todo: list[tuple[str, Any]] = [("", json.loads(value))]
    except (ValueError, RecursionError):
        return None
    while todo:
        path, found = todo.pop()
        if isinstance(found, float) and not math.isfinite(found):
            return path
        inner = (
            found.items()
            if isinstance(found, dict)
            else enumerate(found)
            if isinstance(found, list)
            else ()
        )
        todo += [(f"{path}.{key}".lstrip("."), cell) for key, cell in inner]
    return None


def instant(time: datetime) -> str:
    """A time as messages and reports write it: RFC 3339, as given."""
    return time.isoformat().replace("+00:00", "Z")


def _message_error(error: ValidationError) -> MessageError:
    """The first problem of a validation, in the words of a dead letter."""
    problems = error.errors(include_url=False)
    # A cell is tried as integer, number and text in turn: "not finite" is the telling failure.
    problem = next((p for p in problems if p["type"] == "finite_number"), problems[0])
    loc = problem["loc"]
    reason = _REASONS.get(problem["type"], "wrong-type")
    text = problem["msg"]
    if not loc:  # of the message as a whole: it names the fields itself
        return MessageError(reason, "", text.removeprefix("Value error, "))
    if loc[0] == "values" and len(loc) == 3:
        loc = loc[:2]
        text = "a finite number, a text or null is due"
    if loc == ("time",) and reason == "wrong-type":
        reason = "bad-time"
    shown = "" if reason == "missing-field" else f", not {shortly(problem.get('input'))}"
    return MessageError(reason, ".".join(map(str, loc)), f"{text}{shown}")


def shortly(value: Any) -> str:
    """How a value is shown in an error, whatever it is.

    Example:
        >>> shortly("high"), len(shortly("x" * 1000))
        ("'high'", 60)
    """
    try:
        text = repr(value)
    except RecursionError:  # JSON may be deeper than Python calls itself
        return f"a {type(value).__name__} that is too deep to be shown"
    return text if len(text) <= 60 else f"{text[:57]}..."
