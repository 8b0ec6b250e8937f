"""From messages to columns: one pass over a block, and only what fails goes row by row."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, repeat
from operator import itemgetter
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from halflife.schemas.errors import MessageError
from halflife.schemas.message import parse_json
from halflife.schemas.record import ExperimentRecord
from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.table import Block, FloatArray, Table
from halflife.schemas.window import ROWS_A_MESSAGE, address

from .arrow import ARROW_TYPE, ArrowReader, unknown_stream
from .cells import check_cells, in_range
from .clock import future_error, is_future, seconds_of, usual_seconds, utc
from .reject import RawMessage, Reject
from .rows import Rows

LARGEST_MESSAGE: Final = 1 << 20
_NUMBERS: Final[frozenset[type]] = frozenset({int, float, type(None)})
_TEXTS: Final[frozenset[type]] = frozenset({str, type(None)})


@dataclass(frozen=True)
class Decoded:
    """What a block of messages held: rows by stream, and what cannot be used, both in order."""

    rows: dict[str, Rows]
    rejects: list[Reject]


@dataclass
class _Candidates:
    """Records of one stream with the right envelope; their times and cells are still unchecked."""

    messages: list[RawMessage] = field(default_factory=list)
    times: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    cells: list[dict[str, Any]] = field(default_factory=list)
    recipes: dict[int, str | None] = field(default_factory=dict)


class Decoder:
    """Turns messages of the topic of records into rows of the streams of a lab.

    What becomes of a record depends on its own bytes, its broker's time stamp and the lab file,
    never on its neighbours, so that blocks may be cut anywhere.

    Args:
        plans: The streams of the lab, by name.
        largest: Bytes that one JSON record may have.
        check_clock: Whether a time ahead of the broker's time stamp is refused; a replay of files
            has no such stamp.
    """

    def __init__(
        self,
        plans: Mapping[str, StreamPlan],
        *,
        largest: int = LARGEST_MESSAGE,
        check_clock: bool = True,
    ) -> None:
        self.largest = largest
        self.check_clock = check_clock
        self._tables = {name: plan.table for name, plan in plans.items()}
        self._arrow = ArrowReader(self._tables, check_clock=check_clock)

    def decode(
        self,
        messages: Sequence[RawMessage],
        parsed: Iterable[dict[str, Any] | None] | None = None,
    ) -> Decoded:
        """The rows and the rejects of some messages of one partition, in their order.

        Args:
            messages: As they stand in Kafka, or will.
            parsed: For each of them, what its JSON says, if that is known.
        """
        found: dict[str, list[Rows]] = {}
        rejects: list[Reject] = []
        candidates: dict[str, _Candidates] = {name: _Candidates() for name in self._tables}
        loads, largest = orjson.loads, self.largest
        known = repeat(None) if parsed is None else parsed
        for message, told in zip(messages, known, strict=False):  # the one may be endless
            if message.headers and _is_arrow(message):
                # Rows must stay in the order of the log, whatever form their neighbours have.
                self._settle(candidates, found, rejects)
                stream, rows, bad = self._arrow.read(message)
                rejects += bad
                if rows is not None and len(rows):
                    found.setdefault(stream, []).append(rows)
                continue
            value = message.value
            try:
                # All that ``ExperimentRecord`` asks for but the time, in a twentieth of its time.
                if value and len(value) <= largest:
                    record = loads(value) if told is None else told
                else:
                    record = {}
                kept = candidates[record["stream"]]
                name, time = record["record_id"], record["time"]
                instrument, cells = record["instrument"], record["values"]
                plain = (
                    (len(record) == 5 or (len(record) == 6 and _is_recipe(record["recipe"])))
                    and type(name) is str
                    and 0 < len(name) <= 200
                    and type(instrument) is str
                    and len(instrument) <= 200
                    and type(cells) is dict
                )
            except (KeyError, TypeError, ValueError):
                plain = False
            if not plain:
                try:
                    record = self._checked(value)
                except MessageError as error:
                    rejects.append(_reject(message, error))
                    continue
                kept = candidates[record["stream"]]
                name, time, cells = record["record_id"], record["time"], record["values"]
            if len(record) == 6:  # the only field that a record may lack or have
                kept.recipes[len(kept.ids)] = record["recipe"]
            kept.messages.append(message)
            kept.times.append(time)
            kept.ids.append(name)
            kept.cells.append(cells)
        self._settle(candidates, found, rejects)
        rejects.sort(key=lambda reject: reject.address)
        return Decoded({s: Rows.concatenate(parts) for s, parts in found.items()}, rejects)

    def _checked(self, value: bytes | None) -> dict[str, Any]:
        """The fields of a record, or why its envelope cannot be used."""
        if value is None or len(value) > self.largest:
            raise _size_error(value, self.largest)
        fields = parse_json(value)
        stream = fields.get("stream") if isinstance(fields, dict) else None
        if isinstance(stream, str) and stream not in self._tables:
            raise unknown_stream("stream", stream, self._tables)
        ExperimentRecord.checked(fields)
        try:
            utc(fields["time"])
        except ValueError as error:
            raise MessageError("bad-time", "time", f"{error}, not {fields['time']!r}") from None
        return fields  # type: ignore[no-any-return]  # an object, as the model found

    def _settle(
        self,
        candidates: dict[str, _Candidates],
        found: dict[str, list[Rows]],
        rejects: list[Reject],
    ) -> None:
        """Check the clock and the cells of what was filed, and file the good rows."""
        for stream, kept in candidates.items():
            if not kept.messages:
                continue
            rows, bad = self._check_block(self._tables[stream], kept)
            rejects += bad
            if len(rows):
                found.setdefault(stream, []).append(rows)
            candidates[stream] = _Candidates()

    def _check_block(self, table: Table, kept: _Candidates) -> tuple[Rows, list[Reject]]:
        """The rows whose time and cells are right, and the rejects."""
        errors: dict[int, MessageError] = {}
        times = self._seconds(kept, errors)
        if self.check_clock:
            stamps = np.array([message.timestamp for message in kept.messages], np.float64)
            for i in np.flatnonzero(is_future(times, stamps)).tolist():
                errors[i] = future_error(float(times[i]), kept.messages[i].timestamp)
        block = _whole(table, kept.cells)
        suspects = range(len(times)) if block is None else np.flatnonzero(~in_range(block)).tolist()
        for i in suspects:
            if i not in errors:
                try:
                    check_cells(table, kept.cells[i])
                except MessageError as error:
                    errors[i] = error
        offsets = np.array([message.offset for message in kept.messages], np.int64)
        if block is None:
            # Cells that are wrong are left out here, and their rows with them below.
            cells = [{} if i in errors else row for i, row in enumerate(kept.cells)]
            block = Block.from_rows(table, cells)
        recipes = _recipes(kept)
        rows = Rows(block, offsets * ROWS_A_MESSAGE, times, kept.ids, recipes)
        if not errors:
            return rows, []
        fine = np.ones(len(rows), dtype=np.bool_)
        fine[list(errors)] = False
        return rows[fine], [_reject(kept.messages[i], error) for i, error in errors.items()]

    def _seconds(self, kept: _Candidates, errors: dict[int, MessageError]) -> FloatArray:
        """Event times, shape (n,); where there is none, an error, and NaN in its place."""
        usual = usual_seconds(kept.times)
        if usual is not None:
            return usual
        seconds = np.full(len(kept.times), np.nan)
        for i, message in enumerate(kept.messages):
            try:
                seconds[i] = seconds_of([self._time(kept.times[i], message)])[0]
            except MessageError as error:
                errors[i] = error
        return seconds

    def _time(self, text: str, message: RawMessage) -> datetime:
        """The time of a record, or why its envelope cannot be used."""
        try:
            return utc(text)
        except (TypeError, ValueError):
            return utc(self._checked(message.value)["time"])


def _is_arrow(message: RawMessage) -> bool:
    return any(
        key.lower() == "content-type" and value.split(b";")[0].strip() == ARROW_TYPE
        for key, value in message.headers
    )


def _is_recipe(recipe: object) -> bool:
    return recipe is None or (type(recipe) is str and len(recipe) <= 200)


def _recipes(kept: _Candidates) -> NDArray[np.object_] | None:
    """The recipe of each record, shape (n,); None if no record names one."""
    if all(recipe is None for recipe in kept.recipes.values()):
        return None
    recipes = np.full(len(kept.ids), None, dtype=object)
    recipes[list(kept.recipes)] = list(kept.recipes.values())
    return recipes


def _reject(message: RawMessage, error: MessageError) -> Reject:
    return Reject(address(message.offset), error, message, message.value or b"")


def _size_error(value: bytes | None, largest: int) -> MessageError:
    if value is None:
        return MessageError("empty", "", "a message without a value")
    return MessageError(
        "too-large", "", f"{len(value):,} bytes; {largest:,} are allowed for one record"
    )


def _whole(table: Table, cells: list[dict[str, Any]]) -> Block | None:
    """All rows at once, if every one has plain numbers and texts in known columns; else None."""
    if set(map(len, cells)) != {len(table.names)}:
        return None
    rows = len(cells)
    try:
        numbers = _floats(_flat(cells, table.numeric))
        texts = _flat(cells, table.categories)
    except KeyError:
        return None
    if numbers is None or not _TEXTS.issuperset(map(type, texts)):
        return None
    return Block(
        table,
        numbers.reshape(rows, len(table.numeric)),
        np.array(texts, dtype=object).reshape(rows, len(table.categories)),
    )


def _flat(cells: list[dict[str, Any]], names: tuple[str, ...]) -> list[Any]:
    """Some columns of all rows, one row behind the other.

    Raises:
        KeyError: If a row does not have them all.
    """
    if not names:
        return []
    picked = map(itemgetter(*names), cells)
    return list(picked if len(names) == 1 else chain.from_iterable(picked))


def _floats(cells: list[Any]) -> FloatArray | None:
    """Cells as floats, None as NaN; None if one is neither that nor a number."""
    numbers = np.empty(len(cells), dtype=np.float64)
    try:
        # A quarter of the time that numpy takes after a look at each type.
        struct.pack_into(f"{len(cells)}d", numbers.data, 0, *cells)
    except struct.error:  # a missing cell, or something else that is no number
        return np.array(cells, np.float64) if _NUMBERS.issuperset(map(type, cells)) else None
    # It takes True for 1.0 and False for 0.0.
    doubtful = np.flatnonzero((numbers == 0.0) | (numbers == 1.0)).tolist()
    return None if any(type(cells[i]) is bool for i in doubtful) else numbers
