"""Records that come as an Arrow IPC stream, and go to Kafka as one, or as some."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from halflife.schemas.errors import MessageError
from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.window import ROWS_A_MESSAGE
from halflife.streams.connectors.arrow_shape import arrow_shape
from halflife.streams.watch.arrow import ARROW_TYPE, ArrowReader, unknown_stream

from .documents import check_count
from .intake import Refused
from .judge import Due, Judged
from .limits import Limits
from .turned_away import TurnedAway
from .unpack import too_large

_HEADERS: Final = (("content-type", ARROW_TYPE),)
_ENVELOPE: Final = 4  # record_id, time, instrument, recipe
_LARGEST: Final = 1 << 20  # bytes of a message, from which on it is cut


class _Message:
    """What the reader sees of a batch, before it is in Kafka."""

    offset = 0
    headers = _HEADERS

    def __init__(self, key: str, value: bytes, timestamp: int) -> None:
        self.key: bytes | None = key.encode("utf-8", "replace")
        self.value: bytes | None = value
        self.timestamp = timestamp


class ArrowRecords:
    """Checks Arrow bodies as the monitor does.

    Args:
        plans: The streams of the lab, by name.
        limits: Of a request.
    """

    def __init__(self, plans: Mapping[str, StreamPlan], limits: Limits) -> None:
        self._tables = {name: plan.table for name, plan in plans.items()}
        self._reader = ArrowReader(self._tables)
        self._limits = limits

    def judge(self, body: bytes, stream: str | None, *, now: float) -> Judged:
        """What becomes of each row.

        Args:
            body: An Arrow IPC stream.
            stream: That all its rows belong to.
            now: When it came, in seconds since 1970.

        Raises:
            TurnedAway: 400 for a body that no row can be read of, 413 for too many rows.
        """
        try:
            self._check(body, stream)
        except MessageError as error:
            raise TurnedAway(400, error.reason, f"The body cannot be used: {error}.") from None
        message = _Message(stream or "", body, int(1000 * now))
        name, rows, rejects = self._reader.read(message)
        if rows is None:
            whole_error = rejects[0].error
            text = f"The body cannot be used: {whole_error}."
            raise TurnedAway(400, whole_error.reason, text)
        judged = Judged()
        for reject in rejects:
            row = reject.address % ROWS_A_MESSAGE
            path = reject.error.path.partition(".")[2]
            named = MessageError(reject.error.reason, path, reject.error.text)
            judged.refused.append(Refused(row, named, reject.value))
        if len(rows):
            places = (rows.addresses % ROWS_A_MESSAGE).tolist()
            whole = body if not rejects and len(body) <= _LARGEST else None
            judged.messages[name] = (
                [Due(whole, _HEADERS)] if whole is not None else _cut(_table(body), places)
            )
            judged.accepted = len(rows)
            judged.saw(float(rows.times.max()))
        return judged

    def _check(self, body: bytes, stream: str | None) -> None:
        """Nothing, if reading the body takes no more than it may.

        Raises:
            MessageError: For a stream that is not known, and columns that no stream has.
            TurnedAway: For too much.
        """
        if stream is None:
            raise MessageError("missing-field", "stream", "say which, as in /v1/records?stream=opv")
        if stream not in self._tables:
            raise unknown_stream("stream", stream[:100], self._tables)
        try:
            shape = arrow_shape(body)
        except ValueError as error:
            raise TurnedAway(400, "broken-arrow", f"The body is {error}.") from None
        check_count(shape.rows, self._limits)
        if shape.unpacked > self._limits.body:
            raise too_large(self._limits.body)
        with _opened(body) as reader:
            most = len(self._tables[stream].names) + _ENVELOPE
            if len(reader.schema) > most:
                said = f"{len(reader.schema):,} columns; the stream has {most - _ENVELOPE} and 4"
                raise MessageError("unknown-column", "", said)
            for field in reader.schema:
                _check_kind(field)
            if any(pa.types.is_dictionary(field.type) for field in reader.schema):
                self._check_texts(reader)

    def _check_texts(self, reader: Any) -> None:
        """Nothing, if the texts of dictionaries, written out for each row, are not too long."""
        try:
            for batch in reader:
                batch.validate(full=True)
                for column in batch.columns:
                    if pa.types.is_dictionary(column.type):
                        lengths = pc.binary_length(column.dictionary).take(column.indices)
                        if (pc.sum(lengths.cast(pa.int64())).as_py() or 0) > self._limits.body:
                            raise too_large(self._limits.body)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise MessageError("broken-arrow", "", f"no Arrow IPC stream: {error}") from None


def _opened(body: bytes) -> Any:
    try:
        return pa.ipc.open_stream(body)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise MessageError("broken-arrow", "", f"no Arrow IPC stream: {error}") from None


def _check_kind(field: Any) -> None:
    """Nothing, if a column is of a kind that some column of a stream can be."""
    kind = field.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
        allowed = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    else:
        allowed = any(
            fits(kind)
            for fits in (
                pa.types.is_string,
                pa.types.is_large_string,
                pa.types.is_integer,
                pa.types.is_floating,
                pa.types.is_timestamp,
                pa.types.is_null,
            )
        )
    if not allowed:
        said = "a column of texts, numbers or times with a zone is due"
        raise MessageError("wrong-type", field.name[:100], said)


def _table(body: bytes) -> Any:
    with pa.ipc.open_stream(body) as reader:
        return reader.read_all()


def _cut(table: Any, places: list[int]) -> list[Due]:
    """Some rows of a table as messages that are not too large."""
    todo, made = [np.array(places, np.int64)], []
    while todo:
        rows = todo.pop()
        sink = pa.BufferOutputStream()
        part = table.take(pa.array(rows)).combine_chunks()
        with pa.ipc.new_stream(sink, part.schema) as writer:
            writer.write_table(part)
        value = sink.getvalue().to_pybytes()
        if len(value) > _LARGEST and len(rows) > 1:
            half = len(rows) // 2
            todo += [rows[half:], rows[:half]]
        else:
            made.append(Due(value, _HEADERS))
    return made
