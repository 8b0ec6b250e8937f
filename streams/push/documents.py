"""JSON bodies taken apart: one object, an array of them, or one on each line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from halflife.schemas.errors import MessageError
from halflife.schemas.message import parse_json
from halflife.streams.watch.decoder import LARGEST_MESSAGE

from .limits import Limits
from .nesting import check_nesting
from .turned_away import TurnedAway

Part = tuple[Any, bytes, MessageError | None]
"""What was parsed; its bytes, where it was on a line of its own; what was wrong with the line."""


def document(body: bytes, limits: Limits) -> Any:
    """The JSON of a body.

    Raises:
        TurnedAway: 400 for what is no JSON, or too deep.
    """
    try:
        check_nesting(body, depth=limits.depth, containers=limits.containers)
        return parse_json(body)
    except MessageError as error:
        raise TurnedAway(400, error.reason, f"The body cannot be read: {error}.") from None


def elements(body: bytes, limits: Limits) -> list[Any]:
    """The elements of a JSON array, or the one that is there instead.

    Raises:
        TurnedAway: 400 for what is no JSON, too deep, or of no element; 413 for too many.
    """
    found = document(body, limits)
    parts = found if isinstance(found, list) else [found]
    check_count(len(parts), limits)
    return parts


def lines(body: bytes, limits: Limits) -> Iterator[Part]:
    """What stands on each line of NDJSON; lines without anything are left out.

    Raises:
        TurnedAway: 400 for no line with something on it, 413 for too many.
    """
    found = [line for line in body.split(b"\n") if line.strip()]
    check_count(len(found), limits)
    for line in found:
        yield _parsed(line.strip(), limits)


def _parsed(line: bytes, limits: Limits) -> Part:
    if len(line) > LARGEST_MESSAGE:
        said = f"{len(line):,} bytes; {LARGEST_MESSAGE:,} are allowed for one record"
        return None, line, MessageError("too-large", "", said)
    try:
        check_nesting(line, depth=limits.depth, containers=limits.containers)
        return parse_json(line), line, None
    except MessageError as error:
        return None, line, error


def check_count(count: int, limits: Limits) -> None:
    """Nothing, if a request may have that many records.

    Raises:
        TurnedAway: 400 for none, 413 for too many.
    """
    if not count:
        raise TurnedAway(400, "empty", "There is no record in the body.")
    if count > limits.records:
        text = f"{count:,} records; {limits.records:,} are allowed in one request."
        raise TurnedAway(413, "too-many-records", text)
