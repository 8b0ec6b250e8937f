"""Records that are written as Halflife itself writes them."""

from __future__ import annotations

from typing import Any

import orjson

from halflife.schemas.errors import MessageError

from .documents import elements, lines
from .gaps import Gaps
from .intake import Intake
from .limits import Limits


def plain_records(body: bytes, *, by_line: bool, gaps: Gaps, limits: Limits) -> Intake:
    """The records of a JSON body.

    Args:
        body: One record, an array of them, or one on each line.
        by_line: Whether it is the last.
        gaps: Fills what was left out.
        limits: Of the request.

    Raises:
        TurnedAway: If there is nothing that can be checked.

    Example:
        >>> gaps = Gaps("2026-11-22T10:00:00Z", "k")
        >>> plain_records(b'{"stream": "a", "values": {}}', by_line=False, gaps=gaps,
        ...               limits=Limits()).values[0][-49:]
        b'time":"2026-11-22T10:00:00Z","instrument":"http"}'
    """
    intake = Intake()
    if by_line:
        for i, (record, line, error) in enumerate(lines(body, limits)):
            if error is not None:
                intake.refuse(i, error, line)
            else:
                _file(intake, i, record, line, gaps)
    else:
        for i, record in enumerate(elements(body, limits)):
            _file(intake, i, record, None, gaps)
    return intake


def _file(intake: Intake, index: int, record: Any, line: bytes | None, gaps: Gaps) -> None:
    if type(record) is not dict:
        said = f"a JSON object is due, not {type(record).__name__}"
        intake.refuse(index, MessageError("not-an-object", "", said), orjson.dumps(record))
        return
    try:
        changed = gaps.fill(record, index)
    except MessageError as error:
        intake.refuse(index, error, line or orjson.dumps(record))
        return
    value = orjson.dumps(record) if changed or line is None else line
    intake.add(index, value, record)
