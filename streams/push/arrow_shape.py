"""What an Arrow IPC stream would take to read, by its metadata alone."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from .turned_away import TurnedAway

_HEADER: Final = 2  # fields of the flatbuffer tables, by their place in Arrow's Message.fbs
_BATCH_LENGTH, _BATCH_BUFFERS, _BATCH_COMPRESSION = 0, 2, 3
_DICTIONARY_DATA: Final = 1
_BUFFER_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class ArrowShape:
    """Sizes of a stream, before anything of it is unpacked.

    Args:
        rows: Of its record batches, as they claim.
        unpacked: Bytes of buffers that are packed, as they claim.
    """

    rows: int
    unpacked: int


def arrow_shape(body: bytes) -> ArrowShape:
    """What a stream claims to hold. Arrow's library unpacks buffers as it reads them, of any size.

    Raises:
        TurnedAway: 400 for what is no Arrow IPC stream.

    Example:
        >>> sink = pa.BufferOutputStream()
        >>> table = pa.table({"x": [1.0, 2.0]})
        >>> with pa.ipc.new_stream(sink, table.schema) as writer:
        ...     writer.write_table(table)
        >>> arrow_shape(sink.getvalue().to_pybytes())
        ArrowShape(rows=2, unpacked=0)
    """
    rows = unpacked = 0
    try:
        for message in _messages(pa.ipc.MessageReader.open_stream(body)):
            if message.type not in {"record batch", "dictionary"}:
                continue
            table = _Table.root(message.metadata.to_pybytes()).table(_HEADER)
            if message.type == "dictionary":
                table = table.table(_DICTIONARY_DATA)
            else:
                rows += max(0, table.number(_BATCH_LENGTH))
            if table.has(_BATCH_COMPRESSION):
                unpacked += _claimed(table, message.body)
    except (pa.ArrowException, OSError, ValueError, struct.error, OverflowError) as error:
        text = f"The body is no Arrow IPC stream: {error}."
        raise TurnedAway(400, "broken-arrow", text) from None
    return ArrowShape(rows, unpacked)


def _messages(reader: Any) -> Iterator[Any]:
    while True:
        try:
            yield reader.read_next_message()
        except StopIteration:
            return


def _claimed(batch: _Table, body: Any) -> int:
    """Bytes that the packed buffers of a batch say they unpack to."""
    data = memoryview(body) if body is not None else memoryview(b"")
    total = 0
    for at in batch.structs(_BATCH_BUFFERS, _BUFFER_BYTES):
        offset, length = struct.unpack_from("<qq", batch.data, at)
        if length >= 8 and 0 <= offset <= len(data) - 8:
            (size,) = struct.unpack_from("<q", data, offset)
            total += max(size, 0)  # -1 says that it is not packed after all
    return total


@dataclass(frozen=True, slots=True)
class _Table:
    """One table of a flatbuffer; ``struct.error`` for what points outside."""

    data: bytes
    at: int

    @classmethod
    def root(cls, data: bytes) -> _Table:
        return cls(data, *struct.unpack_from("<I", data, 0))

    def _field(self, number: int) -> int:
        """Where a field is; 0 if it is not there."""
        (back,) = struct.unpack_from("<i", self.data, self.at)
        vtable = self.at - back
        if vtable < 0:
            raise ValueError("a table points outside")
        (size,) = struct.unpack_from("<H", self.data, vtable)
        place = 4 + 2 * number
        if place + 2 > size:
            return 0
        (offset,) = struct.unpack_from("<H", self.data, vtable + place)
        return self.at + int(offset) if offset else 0

    def has(self, number: int) -> bool:
        return self._field(number) != 0

    def number(self, number: int) -> int:
        at = self._field(number)
        return int(struct.unpack_from("<q", self.data, at)[0]) if at else 0

    def table(self, number: int) -> _Table:
        at = self._field(number)
        if not at:
            raise ValueError("a table is not there")
        return _Table(self.data, at + int(struct.unpack_from("<I", self.data, at)[0]))

    def structs(self, number: int, size: int) -> range:
        """Where the structs of a vector begin."""
        at = self._field(number)
        if not at:
            return range(0)
        at += int(struct.unpack_from("<I", self.data, at)[0])
        (count,) = struct.unpack_from("<I", self.data, at)
        if at + 4 + count * size > len(self.data):
            raise ValueError("a list points outside")
        return range(at + 4, at + 4 + count * size, size)
