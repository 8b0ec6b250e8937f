"""From messages to columns: one pass over a block, and only what fails goes row by row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from operator import itemgetter
from typing import Any, Final

import numpy as np
import orjson

from halflife.schemas.errors import MessageError
from halflife.schemas.record import ExperimentRecord
from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.table import Block, Table
from halflife.schemas.window import address

from .arrow import ARROW_TYPE, ArrowReader
from .cells import check_cells, in_range
from .clock import future_error, is_future
from .reject import RawMessage, Reject
from .rows import Rows

LARGEST_MESSAGE: Final = 1 << 20
_KEYS: Final = frozenset({"stream", "record_id", "time", "instrument", "values"})
_KEYS_WITH_RECIPE: Final = _KEYS | {"recipe"}
_PLAIN: Final = frozenset({int, float, type(None)})


@dataclass(frozen=True)
class Decoded:
    """What a block of messages held: rows by stream, and what cannot be used, both in order."""

    rows: dict[str, Rows]
    rejects: list[Reject]


@dataclass
class _Candidates:
    """Records of one stream that have the right envelope; their cells are still unchecked."""

    places: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    cells: list[dict[str, Any]] = field(default_factory=list)
    messages: list[RawMessage] = field(default_factory=list)


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
        candidates: dict[str, _Candidates] = {}
        for message in messages:
            if _is_arrow(message):
                # Rows must stay in the order of the log, whatever form their neighbours have.
                self._settle(candidates, found, rejects)
                stream, rows, bad = self._arrow.read(message)
                rejects += bad
                if rows is not None and len(rows):
                    found.setdefault(stream, []).append(rows)
                continue
            try:
                self._envelope(message, candidates)
            except MessageError as error:
                rejects.append(
                    Reject(address(message.offset), error, message, message.value or b"")
                )
        self._settle(candidates, found, rejects)
        rejects.sort(key=lambda reject: reject.address)
        return Decoded({s: Rows.concatenate(parts) for s, parts in found.items()}, rejects)

    def _envelope(self, message: RawMessage, candidates: dict[str, _Candidates]) -> None:
        """File a message under its stream, or say what is wrong with everything but its cells."""
        value = message.value
        if value is None or len(value) > self.largest:
            raise _size_error(value, self.largest)
        try:
            record = orjson.loads(value)
            stream = record["stream"]
            name = record["record_id"]
            cells = record["values"]
            time = datetime.fromisoformat(record["time"])
            keys = record.keys()
            plain = (
                (keys == _KEYS or (keys == _KEYS_WITH_RECIPE and _is_recipe(record["recipe"])))
                and type(name) is str
                and 0 < len(name) <= 200
                and type(record["instrument"]) is str
                and len(record["instrument"]) <= 200
                and type(cells) is dict
                and time.tzinfo is not None
                and stream in self._tables
            )
        except (KeyError, TypeError, ValueError):
            plain = False
        if not plain:
            checked = ExperimentRecord.from_bytes(value)
            stream, name, cells, time = (
                checked.stream, checked.record_id, checked.values, checked.time,
            )  # fmt: skip
            if stream not in self._tables:
                known = ", ".join(sorted(self._tables))
                raise MessageError(
                    "unknown-stream", "stream", f"{stream!r} is none of the lab's: {known}"
                )
        seconds = time.timestamp()
        if self.check_clock and is_future(seconds, message.timestamp):
            raise future_error(seconds, message.timestamp)
        kept = candidates.get(stream)
        if kept is None:
            kept = candidates[stream] = _Candidates()
        kept.places.append(address(message.offset))
        kept.times.append(seconds)
        kept.ids.append(name)
        kept.cells.append(cells)
        kept.messages.append(message)

    def _settle(
        self,
        candidates: dict[str, _Candidates],
        found: dict[str, list[Rows]],
        rejects: list[Reject],
    ) -> None:
        """Check the cells of what was filed, and file the good rows."""
        for stream, kept in candidates.items():
            rows, bad = _check_block(self._tables[stream], kept)
            rejects += bad
            if len(rows):
                found.setdefault(stream, []).append(rows)
        candidates.clear()


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


def _check_block(table: Table, kept: _Candidates) -> tuple[Rows, list[Reject]]:
    """The rows whose cells are right, and the rejects."""
    good: np.ndarray | None = None
    errors: dict[int, MessageError] = {}
    block = _whole(table, kept.cells)
    if block is not None:
        good = in_range(block)
    if block is None or good is None or not good.all():
        suspects: Iterator[int] = (
            iter(range(len(kept.cells))) if good is None else iter(np.flatnonzero(~good).tolist())
        )
        for i in suspects:
            try:
                check_cells(table, kept.cells[i])
            except MessageError as error:
                errors[i] = error
    ids: list[str] = kept.ids
    places, times = np.array(kept.places, np.int64), np.array(kept.times)
    fine = [i for i in range(len(ids)) if i not in errors] if errors else None
    if block is None:
        chosen = kept.cells if fine is None else [kept.cells[i] for i in fine]
        block = Block.from_rows(table, chosen)
    elif fine is not None:
        block = block[fine]
    if fine is not None:
        places, times, ids = places[fine], times[fine], [ids[i] for i in fine]
    bad = [
        Reject(kept.places[i], error, kept.messages[i], kept.messages[i].value or b"")
        for i, error in errors.items()
    ]
    return Rows(block, places, times, ids), bad


def _whole(table: Table, cells: list[dict[str, Any]]) -> Block | None:
    """All rows at once, if every one has plain numbers and texts in known columns; else None."""
    names = table.names
    numbers = np.empty((len(cells), len(table.numeric)))
    texts = np.empty((len(cells), len(table.categories)), dtype=object)
    try:
        for known, into, allowed in (
            (table.numeric, numbers, _PLAIN),
            (table.categories, texts, frozenset({str, type(None)})),
        ):
            if not known:
                continue
            one = len(known) == 1
            picked = list(map(itemgetter(*known), cells))
            flat = picked if one else chain.from_iterable(picked)
            if not set(map(type, flat)) <= allowed:
                return None
            into[:] = np.array(picked, dtype=into.dtype).reshape(into.shape)
    except (KeyError, OverflowError):
        return None
    if any(len(row) != len(names) for row in cells):
        return None
    return Block(table, numbers, texts)
