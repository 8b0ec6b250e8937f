"""What an Arrow IPC stream would take to read, by its metadata alone.

A few bytes of Arrow can stand for any amount: packed buffers, lists of nothing, batches of rows
without columns. So the description of each batch is looked at before memory is made for it. It is a
flatbuffer, as the columnar format says: https://arrow.apache.org/docs/format/Columnar.html.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    import pyarrow as pa

_HEADER: Final = 2  # fields of the flatbuffer tables, by their place in Arrow's Message.fbs
_DICTIONARY_DATA: Final = 1
_LENGTH, _NODES, _BUFFERS, _COMPRESSION = range(4)


@dataclass(frozen=True, slots=True)
class ArrowShape:
    """Sizes of a stream, before anything of it is unpacked.

    Args:
        rows: Of its record batches, as they claim.
        cells: Rows, and lengths of all columns and of what lies in them, dictionaries too.
        size: Bytes of all buffers once they are unpacked, as they claim.
        unpacked: Of these, the bytes of buffers that are packed.
    """

    rows: int
    cells: int
    size: int
    unpacked: int


def arrow_shape(stream: bytes) -> ArrowShape:
    """What a stream claims to hold. Arrow's library unpacks buffers as it reads them, of any size.

    Args:
        stream: Of Arrow IPC.

    Raises:
        ValueError: For what is none.

    Example:
        >>> import pyarrow as pa
        >>> sink = pa.BufferOutputStream()
        >>> table = pa.table({"x": [1.0, 2.0]})
        >>> with pa.ipc.new_stream(sink, table.schema) as writer:
        ...     writer.write_table(table)
        >>> arrow_shape(sink.getvalue().to_pybytes())
        ArrowShape(rows=2, cells=4, size=16, unpacked=0)
    """
    import pyarrow as pa

    rows = cells = size = unpacked = 0
    try:
        for message in _messages(pa.ipc.MessageReader.open_stream(stream)):
            if message.type not in {"record batch", "dictionary"}:
                continue
            batch = _Table.root(message.metadata.to_pybytes()).table(_HEADER)
            if message.type == "dictionary":
                batch = batch.table(_DICTIONARY_DATA)
            length = max(0, batch.number(_LENGTH))
            rows += length if message.type == "record batch" else 0
            cells += length + sum(max(0, count) for count, _ in batch.pairs(_NODES))
            plain, packed = _sizes(batch, message.body)
            size, unpacked = size + plain + packed, unpacked + packed
    except (pa.ArrowException, OSError, ValueError, struct.error, OverflowError) as error:
        raise ValueError(f"no Arrow IPC stream: {error}") from None
    return ArrowShape(rows, cells, size, unpacked)


def _messages(reader: pa.ipc.MessageReader) -> Iterator[Any]:
    while True:
        try:
            yield reader.read_next_message()
        except StopIteration:
            return


def _sizes(batch: _Table, body: Any) -> tuple[int, int]:
    """Bytes of the buffers of a batch that are as they are, and of those that are packed."""
    data = memoryview(b"" if body is None else body)
    is_packed = batch.has(_COMPRESSION)
    plain = packed = 0
    for offset, length in batch.pairs(_BUFFERS):
        claimed = -1  # says that it is not packed after all
        if is_packed and length >= 8 and 0 <= offset <= len(data) - 8:
            (claimed,) = struct.unpack_from("<q", data, offset)
        if claimed < 0:
            plain += max(0, length)
        else:
            packed += claimed
    return plain, packed


@dataclass(frozen=True, slots=True)
class _Table:
    """One table of a flatbuffer; ``struct.error`` or ``ValueError`` for what points outside."""

    data: bytes
    at: int

    @classmethod
    def root(cls, data: bytes) -> Self:
        return cls(data, *struct.unpack_from("<I", data, 0))

    def _field(self, number: int) -> int:
        """Where a field is; 0 if it is not there."""
        (back,) = struct.unpack_from("<i", self.data, self.at)
        places = self.at - back
        if places < 0:
            raise ValueError("a table points outside")
        (size,) = struct.unpack_from("<H", self.data, places)
        place = 4 + 2 * number
        if place + 2 > size:
            return 0
        (offset,) = struct.unpack_from("<H", self.data, places + place)
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

    def pairs(self, number: int) -> list[tuple[int, int]]:
        """A field that is a list of pairs of long numbers."""
        at = self._field(number)
        if not at:
            return []
        at += int(struct.unpack_from("<I", self.data, at)[0])
        (count,) = struct.unpack_from("<I", self.data, at)
        if at + 4 + 16 * count > len(self.data):
            raise ValueError("a list points outside")
        flat = struct.unpack_from(f"<{2 * count}q", self.data, at + 4)
        return list(zip(flat[::2], flat[1::2], strict=True))
