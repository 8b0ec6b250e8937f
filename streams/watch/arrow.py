"""Arrow messages: one record batch, many records, for instruments that are fast."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from halflife.schemas.errors import MessageError
from halflife.schemas.message import instant
from halflife.schemas.table import Block, FloatArray, Table
from halflife.schemas.window import ROWS_A_MESSAGE, address

from .cells import check_cells, in_range
from .clock import EARLIEST, LATEST, future_error, is_future
from .reject import RawMessage, Reject
from .rows import Rows

ARROW_TYPE: Final = b"application/vnd.apache.arrow.stream"
_ENVELOPE: Final = ("record_id", "time", "instrument", "recipe")
_TEXTS: Final = ("record_id", "instrument", "recipe")
_PER_SECOND: Final = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


class ArrowReader:
    """Reads messages whose value is an Arrow IPC stream and whose key is the stream.

    Columns ``record_id`` (text), ``time`` (timestamp with a zone) and ``instrument`` (text) are
    due, ``recipe`` (text) may be there, and all others are columns of the stream's table; texts
    may be dictionary-encoded. A null and a NaN are missing cells. Each row is accepted if, and
    only if, a JSON record of the same fields would be.

    Args:
        tables: Of the streams of the lab, by name.
        check_clock: Whether a time ahead of the broker's time stamp is refused.
    """

    def __init__(self, tables: Mapping[str, Table], *, check_clock: bool = True) -> None:
        self.tables = dict(tables)
        self.check_clock = check_clock

    def read(self, message: RawMessage) -> tuple[str, Rows | None, list[Reject]]:
        """The stream, its good rows and the rejects of one message."""
        stream = (message.key or b"").decode("utf-8", "replace")
        table = self.tables.get(stream)
        try:
            if table is None:
                raise unknown_stream("key", stream, self.tables)
            return stream, *self._rows(table, _batch(message.value), message)
        except MessageError as error:
            whole = Reject(address(message.offset), error, message, message.value or b"")
            return stream, None, [whole]

    def _rows(
        self, table: Table, batch: pa.Table, message: RawMessage
    ) -> tuple[Rows, list[Reject]]:
        _check_columns(table, batch)
        times = _seconds(batch.column("time"))
        block = Block(table, _numbers(table, batch), _texts(table, batch))
        good = in_range(block) & ~np.isnan(times) & _envelope_fits(batch)
        if self.check_clock:
            good &= ~is_future(times, np.array(float(message.timestamp)))
        places = address(message.offset) + np.arange(len(block), dtype=np.int64)
        ids = batch.column("record_id").to_pylist()
        whole = Rows(block, places, times, ids, _recipes(batch))
        if good.all():
            return whole, []
        return whole[good], _rejects(table, batch, np.flatnonzero(~good), times, message)


def unknown_stream(path: str, stream: str, tables: Mapping[str, Table]) -> MessageError:
    """What is said of a record of a stream that the lab file does not declare."""
    known = ", ".join(sorted(tables))
    return MessageError("unknown-stream", path, f"{stream!r} is none of the lab's: {known}")


def _batch(value: bytes | None) -> pa.Table:
    """The rows of a message, whole and sound, with dictionaries replaced by their texts."""
    if value is None:
        raise MessageError("empty", "", "a message without a value")
    try:
        with pa.ipc.open_stream(value) as reader:
            batch = reader.read_all()
        # Bytes from outside may hold offsets that point anywhere, and texts that are none.
        batch.validate(full=True)
        for i, field in enumerate(batch.schema):
            # So may names and zones be, which become texts only when somebody asks.
            field.name, getattr(field.type, "tz", None)
            if pa.types.is_dictionary(field.type):
                plain = batch.column(i).cast(field.type.value_type)
                batch = batch.set_column(i, field.name, plain)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise MessageError("broken-arrow", "", f"no Arrow IPC stream: {error}") from None
    if batch.num_rows >= ROWS_A_MESSAGE:
        raise MessageError("too-large", "", f"{batch.num_rows:,} rows; send {ROWS_A_MESSAGE - 1:,}")
    return batch


def _check_columns(table: Table, batch: pa.Table) -> None:
    """Nothing, if the columns of a batch are known and of the right types."""
    names = batch.column_names
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise MessageError("broken-arrow", twice[0], f"column {twice[0]!r} is there twice")
    for name in _ENVELOPE[:3]:
        if name not in names:
            raise MessageError("missing-field", name, f"the batch has no column {name!r}")
    for name in names:
        if name not in table.names and name not in _ENVELOPE:
            known = ", ".join(table.names)
            raise MessageError("unknown-column", name, f"no column of this stream: {known}")
        kind = batch.schema.field(name).type
        if name in _TEXTS or name in table.categories:
            _check_kind(name, "texts", kind, pa.types.is_string, pa.types.is_large_string)
        if name in table.numeric:
            _check_kind(name, "numbers", kind, pa.types.is_floating, pa.types.is_integer)
    kind = batch.schema.field("time").type
    if not pa.types.is_timestamp(kind):
        raise MessageError("bad-time", "time", f"a timestamp with zone is due, not {kind}")
    if kind.tz is None:
        raise MessageError("time-without-zone", "time", f"a timestamp with zone is due, not {kind}")


def _check_kind(name: str, what: str, kind: pa.DataType, *allowed: Any) -> None:
    if not any(fits(kind) for fits in (*allowed, pa.types.is_null)):
        raise MessageError("wrong-type", name, f"a column of {what} is due, not {kind}")


def _envelope_fits(batch: pa.Table) -> NDArray[np.bool_]:
    """Which rows have texts of the allowed lengths in their envelope, shape (n,)."""
    good = np.ones(batch.num_rows, dtype=np.bool_)
    for name in _TEXTS:
        if name in batch.column_names and not pa.types.is_null(batch.schema.field(name).type):
            missing = 0 if name == "recipe" else 201
            lengths = pc.fill_null(pc.utf8_length(batch.column(name)), missing).to_numpy()
            good &= (lengths <= 200) & (lengths >= (name == "record_id"))
        elif name != "recipe":
            good[:] = False
    return good


def _seconds(column: Any) -> FloatArray:
    """Seconds since 1970, shape (n,); NaN for a null and a time outside the years 1 to 9999."""
    counts = pc.fill_null(column.cast(pa.int64()), 0).to_numpy()
    per_second = _PER_SECOND[column.type.unit]
    if per_second > 1_000_000:  # cut to microseconds, as those of JSON are
        counts, per_second = counts // 1000, 1_000_000
    seconds = counts / float(per_second)
    fits = pc.is_valid(column).to_numpy() & (seconds >= EARLIEST) & (seconds < LATEST + 1)
    return np.where(fits, seconds, np.nan)


def _numbers(table: Table, batch: pa.Table) -> FloatArray:
    numbers = np.full((batch.num_rows, len(table.numeric)), np.nan)
    for j, name in enumerate(table.numeric):
        if name in batch.column_names:
            column = batch.column(name).cast(pa.float64(), safe=False)
            numbers[:, j] = column.to_numpy(zero_copy_only=False)
    return numbers


def _texts(table: Table, batch: pa.Table) -> NDArray[np.object_]:
    texts = np.full((batch.num_rows, len(table.categories)), None, dtype=object)
    for j, name in enumerate(table.categories):
        if name in batch.column_names:
            texts[:, j] = batch.column(name).to_pylist()
    return texts


def _recipes(batch: pa.Table) -> NDArray[np.object_] | None:
    """The recipe of each row, shape (n,); None if no row names one."""
    if "recipe" not in batch.column_names:
        return None
    column = batch.column("recipe")
    if column.null_count == len(column):
        return None
    recipes = np.empty(len(column), dtype=object)
    recipes[:] = column.to_pylist()
    return recipes


def _rejects(
    table: Table, batch: pa.Table, bad: NDArray[np.intp], times: FloatArray, message: RawMessage
) -> list[Reject]:
    """The bad rows, each as the JSON record that it would have been, so that it can be resent."""
    stream = (message.key or b"").decode()
    rejects = []
    rows = batch.drop_columns("time").take(pa.array(bad)).to_pylist()
    for row, seconds, cells in zip(bad.tolist(), times[bad].tolist(), rows, strict=True):
        values = {name: cells[name] for name in table.names if name in cells}
        error = _first_error(table, cells, values, seconds, message.timestamp)
        named = MessageError(error.reason, f"row {row}.{error.path}", error.text)
        record = {
            "stream": stream,
            **{name: cells[name] for name in _TEXTS if name in cells},
            "time": None if np.isnan(seconds) else instant(datetime.fromtimestamp(seconds, UTC)),
            # JSON knows no infinity, and null would make a missing cell of a wrong one.
            "values": {n: str(v) if _is_infinite(v) else v for n, v in values.items()},
        }
        value = orjson.dumps(record)
        rejects.append(Reject(address(message.offset, row), named, message, value))
    return rejects


def _is_infinite(cell: Any) -> bool:
    return isinstance(cell, float) and cell in (np.inf, -np.inf)


def _first_error(
    table: Table, cells: dict[str, Any], values: dict[str, Any], seconds: float, stamp: int
) -> MessageError:
    """Why a row is bad, found in the order in which a JSON record is looked at."""
    for name in _TEXTS:
        least = int(name == "record_id")
        text = cells.get(name)
        if text is None and name == "recipe":
            continue
        if not isinstance(text, str) or not least <= len(text) <= 200:
            return MessageError("wrong-type", name, f"{least} to 200 characters are due")
    if np.isnan(seconds):
        text = "a time in the years 1 to 9999 is due, and this one is missing or outside"
        return MessageError("bad-time", "time", text)
    if is_future(np.array(seconds), np.array(float(stamp))):
        return future_error(seconds, stamp)
    try:
        check_cells(table, values)
    except MessageError as error:
        return error
    raise AssertionError("a row without a fault among the bad ones")
