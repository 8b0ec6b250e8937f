"""What stands in the bytes of a message."""

from __future__ import annotations

from typing import Any, Final

import orjson

from halflife.schemas.errors import MessageError

_MOST_RECORDS: Final = 10_000


def read_payload(raw: bytes, how: str, limit: int) -> Any:
    """A value: what JSON has, or text.

    Numbers that come alone stay text: the column says what they are.

    Args:
        raw: The bytes.
        how: ``json``, ``scalar`` or ``auto``.
        limit: Most bytes that are looked at.

    Raises:
        MessageError: ``too-large``, ``empty``, ``broken-json``, and ``wrong-type`` for what is no
            UTF-8.

    Example:
        >>> read_payload(b'{"t": 21.5}', "auto", 100), read_payload(b" 21.5", "auto", 100)
        ({'t': 21.5}, '21.5')
    """
    if len(raw) > limit:
        raise MessageError(
            "too-large", "", f"{len(raw):,} bytes; max_payload allows {limit:,} for one message"
        )
    begin = raw.lstrip()[:1]
    if not begin:
        raise MessageError("empty", "", "the message has no payload")
    if how == "json" or (how == "auto" and begin in {b"{", b"[", b'"'}):
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise MessageError("broken-json", "", f"no JSON: {error}") from None
    try:
        return raw.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise MessageError("wrong-type", "", f"no text in UTF-8: {error}") from None


def records_in(value: Any, name: str) -> list[dict[str, Any]]:
    """The fields of each record that a payload holds.

    Args:
        value: As `read_payload` gives it: a record, a list of records, or one value.
        name: How a value is called that comes alone.

    Raises:
        MessageError: ``too-large`` for too many records at once.

    Example:
        >>> records_in([{"t": 1}, {"t": 2}], "x"), records_in("21.5", "t")
        ([{'t': 1}, {'t': 2}], [{'t': '21.5'}])
    """
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        if len(value) > _MOST_RECORDS:
            said = f"{len(value):,} records in one message; {_MOST_RECORDS:,} are allowed"
            raise MessageError("too-large", "", said)
        return value
    return [{name: value}]
