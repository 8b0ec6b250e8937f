"""From messages to columns: one pass over a block, and only what fails goes row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from operator import itemgetter
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from halflife.schemas.errors import MessageError
from halflife.schemas.message import parse_json
from halflife.schemas.record import ExperimentRecord
from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.table import Block, Table
from halflife.schemas.window import ROWS_A_MESSAGE, address

from .arrow import ARROW_TYPE, ArrowReader, unknown_stream
from .cells import check_cells, in_range
from .clock import future_error, is_future, seconds_of, utc
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
    """Records of one stream that have the right envelope; their cells are still unchecked."""

    messages: list[RawMessage] = field(default_factory=list)
    times: list[datetime] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    cells: list[dict[str, Any]] = field(default_factory=list)


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
        self.plans = dict(plans)
        self.largest = largest
        self.check_clock = check_clock
        self._tables = {name: plan.table for name, plan in plans.items()}
        self._arrow = ArrowReader(self._tables, check_clock=check_clock)

    def decode(self, messages: Sequence[RawMessage]) -> Decoded:
        """The rows and the rejects of some messages of one partition, in their order."""
        found: dict[str, list[Rows]] = {}
        rejects: list[Reject] = []
        candidates: dict[str, _Candidates] = {name: _Candidates() for name in self._tables}
        for message in messages:
            if message.headers and _is_arrow(message):
                # Rows must stay in the order of the log, whatever form their neighbours have.
                self._settle(candidates, found, rejects)
                stream, rows, bad = self._arrow.read(message)
                rejects += bad
                if rows is not None and len(rows):
                    found.setdefault(stream, []).append(rows)
                continue
            try:
                self._file(message, candidates)
            except MessageError as error:
                rejects.append(
                    Reject(address(message.offset), error, message, message.value or b"")
                )
        self._settle(candidates, found, rejects)
        rejects.sort(key=lambda reject: reject.address)
        return Decoded({s: Rows.concatenate(parts) for s, parts in found.items()}, rejects)

    def _file(self, message: RawMessage, candidates: dict[str, _Candidates]) -> None:
        """File a message under its stream, or say what is wrong with everything but its cells."""
        value = message.value
        if value is None or len(value) > self.largest:
            raise _size_error(value, self.largest)
        try:
            # All that ``ExperimentRecord`` asks for, in a twentieth of its time.
            record = orjson.loads(value)
            kept = candidates[record["stream"]]
            name = record["record_id"]
            instrument = record["instrument"]
            cells = record["values"]
            time = utc(record["time"])
            plain = (
                (len(record) == 5 or (len(record) == 6 and _is_recipe(record["recipe"])))
                and type(name) is str
                and 0 < len(name) <= 200
                and type(instrument) is str
                and len(instrument) <= 200
                and type(cells) is dict
            )
        except (AttributeError, KeyError, TypeError, ValueError):
            plain = False
        if not plain:
            record, time = self._checked(value)
            kept = candidates[record["stream"]]
            name, cells = record["record_id"], record["values"]
        kept.messages.append(message)
        kept.times.append(time)
        kept.ids.append(name)
        kept.cells.append(cells)

    def _checked(self, value: bytes) -> tuple[dict[str, Any], datetime]:
        """The fields of a record and its time, or why its envelope cannot be used."""
        fields = parse_json(value)
        stream = fields.get("stream") if isinstance(fields, dict) else None
        if isinstance(stream, str) and stream not in self._tables:
            raise unknown_stream("stream", stream, self._tables)
        ExperimentRecord.checked(fields)
        try:
            return fields, utc(fields["time"])
        except ValueError as error:
            raise MessageError("bad-time", "time", f"{error}, not {fields['time']!r}") from None

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
            rows, bad = _check_block(self._tables[stream], kept, check_clock=self.check_clock)
            rejects += bad
            if len(rows):
                found.setdefault(stream, []).append(rows)
            candidates[stream] = _Candidates()


def _is_arrow(message: RawMessage) -> bool:
    return any(
        key.lower() == "content-type" and value.split(b";")[0].strip() == ARROW_TYPE
        for key, value in message.headers
    )


def _is_recipe(recipe: object) -> bool:
    return recipe is None or (type(recipe) is str and len(recipe) <= 200)


def _size_error(value: bytes | None, largest: int) -> MessageError:
    if value is None:
        return MessageError("empty", "", "a message without a value")
    return MessageError(
        "too-large", "", f"{len(value):,} bytes; {largest:,} are allowed for one record"
    )


def _check_block(
    table: Table, kept: _Candidates, *, check_clock: bool
) -> tuple[Rows, list[Reject]]:
    """The rows whose time and cells are right, and the rejects."""
    times = seconds_of(kept.times)
    errors: dict[int, MessageError] = {}
    if check_clock:
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
    rows = Rows(block, offsets * ROWS_A_MESSAGE, times, kept.ids)
    if not errors:
        return rows, []
    fine = np.ones(len(rows), dtype=np.bool_)
    fine[list(errors)] = False
    bad = [
        Reject(address(message.offset), error, message, message.value or b"")
        for message, error in ((kept.messages[i], error) for i, error in errors.items())
    ]
    return rows[fine], bad


def _whole(table: Table, cells: list[dict[str, Any]]) -> Block | None:
    """All rows at once, if every one has plain numbers and texts in known columns; else None."""
    if set(map(len, cells)) != {len(table.names)}:
        return None
    numbers = _cells_of(cells, table.numeric, _NUMBERS, np.float64)
    texts = _cells_of(cells, table.categories, _TEXTS, object)
    if numbers is None or texts is None:
        return None
    return Block(table, numbers, texts)


def _cells_of(
    cells: list[dict[str, Any]], names: tuple[str, ...], allowed: frozenset[type], dtype: Any
) -> NDArray[Any] | None:
    """Some columns of all rows, shape (n, len(names)); None for another column or type."""
    if not names:
        return np.empty((len(cells), 0), dtype=dtype)
    try:
        picked = map(itemgetter(*names), cells)
        flat = list(picked if len(names) == 1 else chain.from_iterable(picked))
    except KeyError:
        return None
    if not set(map(type, flat)) <= allowed:
        return None
    return np.array(flat, dtype=dtype).reshape(len(cells), len(names))
