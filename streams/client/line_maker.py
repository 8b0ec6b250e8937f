"""From the arguments of ``Lab.record`` to a line of JSON."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from .cells import Cell, cell_of, shown
from .line import Line
from .refused import Refused
from .unsendable import Unsendable

LONGEST: Final = 1 << 20
"""Bytes of one record that the service takes."""
_KEPT: Final = 1 << 16
_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
)


class LineMaker:
    """Makes records, each with an identity and a time of its own, in the thread that asks.

    The identity is that of the maker and the number of the record: it does not depend on a clock,
    and a second sending has the same.

    Args:
        instrument: That makes the records.
        clock: Seconds since 1970, UTC.
        entropy: Makes so many random bytes: the identity of the maker.

    Example:
        >>> maker = LineMaker("robot", clock=lambda: 0.0, entropy=bytes)
        >>> maker.make(("opv", {"mat 1": .2}), {"y": .5}, recipe="a").json.decode()
        '{"stream":"opv","record_id":"00000000000000000000-1","time":"1970-01-01T00:00:00.000000Z",\
"instrument":"robot","recipe":"a","values":{"mat 1":0.2,"y":0.5}}'
        >>> maker.make(("opv",), {"y": float("inf")}).refused.text
        'a finite number is due, not inf'
    """

    def __init__(
        self,
        instrument: str,
        *,
        clock: Callable[[], float],
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._instrument = instrument
        self._clock = clock
        self._name = entropy(10).hex()
        self._numbers = itertools.count(1)  # its steps are atomic: threads share it without a lock

    def make(
        self,
        arguments: tuple[object, ...],
        columns: Mapping[str, object],
        *,
        recipe: object = None,
        time: object = None,
        record_id: object = None,
    ) -> Line:
        """The line of a record; for what cannot be one, what is kept instead. Never raises."""
        number = next(self._numbers)
        now = datetime.fromtimestamp(self._clock(), UTC)
        try:
            stream, values = _named(arguments, columns)
            record: dict[str, Any] = {
                "stream": stream,
                "record_id": f"{self._name}-{number}" if record_id is None else _id_of(record_id),
                "time": _text(now if time is None else _time_of(time)),
                "instrument": self._instrument,
            }
            if recipe is not None:
                record["recipe"] = _word(recipe, "recipe")
            record["values"] = values
            return Line(_bytes_of(record))
        except Unsendable as error:
            why = error
        except Exception as error:  # noqa: BLE001  # whatever a value does when it is read
            why = Unsendable("unreadable", "", f"{type(error).__name__}: {shown(error, 200)}")
        asked = {
            "record_id": record_id if record_id is not None else f"{self._name}-{number}",
            "time": time if time is not None else _text(now),
            "instrument": self._instrument,
            "recipe": recipe,
            "arguments": arguments,
            "columns": columns,
        }
        kept = _kept(asked)
        return Line(kept, Refused(kept.decode(), why.reason, why.path, why.text, _text(now)))


def _named(
    arguments: tuple[object, ...], columns: Mapping[str, object]
) -> tuple[str, dict[str, Cell]]:
    """The stream and the cells out of what stands in the parentheses."""
    if not arguments or not isinstance(arguments[0], str):
        raise Unsendable("missing-field", "stream", 'the name of a stream comes first: "opv"')
    if len(arguments) > 2:
        raise Unsendable(
            "wrong-type", "values", "after the stream come values with names: mat_1=.2, or a dict"
        )
    given = arguments[1] if len(arguments) == 2 else None
    values = {}
    for name, value in _pairs(given):
        values[str(name)] = cell_of(value, f"values.{name}")
    for name, value in columns.items():
        if name in values:
            raise Unsendable("wrong-type", f"values.{name}", "given twice")
        values[name] = cell_of(value, f"values.{name}")
    return str.__str__(arguments[0]), values


def _pairs(given: object) -> Iterable[tuple[object, object]]:
    if given is None:
        return ()
    items = getattr(given, "items", None)  # a dict, or a row of pandas
    if items is None:
        raise Unsendable(
            "wrong-type", "values", f"a dict of columns is due, not {type(given).__name__}"
        )
    return items()  # type: ignore[no-any-return]  # whatever has items


def _id_of(record_id: object) -> str:
    found = str(record_id) if type(record_id).__name__ == "UUID" else _word(record_id, "record_id")
    if not found:
        raise Unsendable("missing-field", "record_id", "the identity is empty")
    return found


def _word(value: object, path: str) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return str(int(value))
    raise Unsendable("wrong-type", path, f"a text is due, not {type(value).__name__}")


def _time_of(time: object) -> datetime | str:
    """A time with a zone; one without is of this machine's zone, as Python has it."""
    if isinstance(time, datetime):
        aware = time if time.utcoffset() is not None else time.astimezone()
        seconds = (aware.utcoffset() or timedelta()) % timedelta(minutes=1)
        return aware.astimezone(UTC) if seconds else aware  # RFC 3339 has zones of whole minutes
    if isinstance(time, int | float) and not isinstance(time, bool):
        return datetime.fromtimestamp(time, UTC)
    found = cell_of(time, "time")
    if isinstance(found, str):
        return found if isinstance(time, str) else f"{found}Z"  # numpy's times are UTC
    raise Unsendable(
        "bad-time", "time", f"a datetime or seconds since 1970 are due, not {shown(time, 80)}"
    )


def _text(time: datetime | str) -> str:
    if isinstance(time, str):
        return time
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _bytes_of(record: dict[str, Any]) -> bytes:
    try:
        line = _ENCODER.encode(record).encode()
    except UnicodeEncodeError:
        raise Unsendable("not-utf-8", "", "half a character: a lone surrogate") from None
    if len(line) > LONGEST:
        raise Unsendable("too-large", "", f"{len(line):,} bytes; {LONGEST:,} are allowed")
    return line


def _kept(asked: dict[str, Any]) -> bytes:
    """As much of a record as can be kept; at most 64 KiB of it."""
    try:
        text = json.dumps(asked, ensure_ascii=False, default=lambda value: shown(value, 1000))
    except Exception:  # noqa: BLE001  # names that are no texts, values within themselves, ...
        plain = {n: v if isinstance(v, str) else shown(v, 4000) for n, v in asked.items()}
        text = json.dumps(plain)
    return text.encode("utf-8", "backslashreplace")[:_KEPT].decode("utf-8", "ignore").encode()
