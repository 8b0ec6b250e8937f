"""Arrow messages: one record batch, many records, for instruments that are fast."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import orjson
import pyarrow as pa

from halflife.schemas.errors import MessageError
from halflife.schemas.table import Block, Table
from halflife.schemas.window import ROWS_A_MESSAGE, address

from .cells import check_cells, in_range
from .clock import CLOCK_TOLERANCE, future_error
from .reject import RawMessage, Reject
from .rows import Rows

ARROW_TYPE: Final = b"application/vnd.apache.arrow.stream"
_ENVELOPE: Final = ("record_id", "time", "instrument", "recipe")


class ArrowReader:
    """Reads messages whose value is an Arrow IPC stream and whose key is the stream.

    Columns ``record_id`` (text), ``time`` (timestamp with a zone) and ``instrument`` (text) are
    due, ``recipe`` may be there, and all others are columns of the stream's table.

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
        if table is None:
            known = ", ".join(sorted(self.tables))
            unknown = MessageError("unknown-stream", "key", f"{stream!r} is none of {known}")
            return stream, None, [_whole(message, unknown)]
        try:
            batch = _batch(message.value or b"")
            return stream, *self._rows(table, batch, message)
        except MessageError as error:
            return stream, None, [_whole(message, error)]

    def _rows(
        self, table: Table, batch: pa.Table, message: RawMessage
    ) -> tuple[Rows, list[Reject]]:
        _check_columns(table, batch)
        ids = batch.column("record_id").to_pylist()
        times = _seconds(batch.column("time"))
        block = Block(table, _numbers(table, batch), _texts(table, batch))
        good = in_range(block) & np.isfinite(times)
        good &= np.array([type(i) is str and 0 < len(i) <= 200 for i in ids], dtype=bool)
        if self.check_clock:
            good &= times <= message.timestamp / 1000 + CLOCK_TOLERANCE
        places = address(message.offset) + np.arange(len(block), dtype=np.int64)
        bad = [
            _reject(table, batch, int(i), float(times[i]), message) for i in np.flatnonzero(~good)
        ]
        whole = Rows(block, places, times, ids)
        return (whole if good.all() else whole[good]), bad


def _whole(message: RawMessage, error: MessageError) -> Reject:
    return Reject(address(message.offset), error, message, message.value or b"")


def _reject(table: Table, batch: pa.Table, row: int, time: float, message: RawMessage) -> Reject:
    """One bad row as the JSON record that it would have been, so that it can be sent again."""
    cells = batch.slice(row, 1).to_pylist()[0]
    values = {name: cells.get(name) for name in batch.column_names if name not in _ENVELOPE}
    record = {name: cells.get(name) for name in _ENVELOPE if name in cells}
    stream = (message.key or b"").decode()
    value = orjson.dumps({"stream": stream, **record, "values": values}, default=str)
    error = _first_error(table, cells["record_id"], values, time, message.timestamp)
    named = MessageError(error.reason, f"row {row}.{error.path}", error.text)
    return Reject(address(message.offset, row), named, message, value)


def _first_error(
    table: Table, name: object, values: dict[str, Any], time: float, stamp: int
) -> MessageError:
    try:
        check_cells(table, values)
    except MessageError as error:
        return error
    if not np.isfinite(time):
        return MessageError("bad-time", "time", "a time is due, and this one is missing")
    if not isinstance(name, str) or not 0 < len(name) <= 200:
        return MessageError("wrong-type", "record_id", "1 to 200 characters are due")
    return future_error(time, stamp)


def _batch(value: bytes) -> pa.Table:
    try:
        with pa.ipc.open_stream(value) as reader:
            batch = reader.read_all()
    except (pa.ArrowException, OSError) as error:
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
    kind = batch.schema.field("time").type
    if not pa.types.is_timestamp(kind) or kind.tz is None:
        raise MessageError("time-without-zone", "time", f"a timestamp with zone is due, not {kind}")
    for name in ("record_id", "instrument"):
        if not _is_text(batch.schema.field(name).type):
            raise MessageError("wrong-type", name, "a column of texts is due")


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _seconds(column: Any) -> np.ndarray:
    micros = column.cast(pa.timestamp("us", tz="UTC"), safe=False).cast(pa.int64())
    return np.asarray(micros.to_numpy(zero_copy_only=False), dtype=np.float64) / 1e6


def _numbers(table: Table, batch: pa.Table) -> np.ndarray:
    numbers = np.full((batch.num_rows, len(table.numeric)), np.nan)
    for j, name in enumerate(table.numeric):
        if name not in batch.column_names:
            continue
        column = batch.column(name)
        kind = column.type
        if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind)):
            raise MessageError("wrong-type", name, f"a column of numbers is due, not {kind}")
        numbers[:, j] = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return numbers


def _texts(table: Table, batch: pa.Table) -> np.ndarray:
    texts = np.full((batch.num_rows, len(table.categories)), None, dtype=object)
    for j, name in enumerate(table.categories):
        if name not in batch.column_names:
            continue
        column = batch.column(name)
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if not _is_text(column.type) and not pa.types.is_null(column.type):
            raise MessageError("wrong-type", name, f"a column of texts is due, not {column.type}")
        texts[:, j] = column.to_pylist()
    return texts
