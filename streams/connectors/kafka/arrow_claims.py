"""What an Arrow stream claims to be, before memory is made for it.

A few bytes of Arrow can stand for any amount: compressed buffers, lists of nothing, dictionaries
whose one long text stands in each row. So the description of each batch is looked at first. It is a
flatbuffer, as the columnar format says: https://arrow.apache.org/docs/format/Columnar.html.
"""

from __future__ import annotations

import struct
from typing import Any, Final

from halflife.schemas.errors import MessageError

_MOST_BYTES: Final = 64 << 20
_MOST_CELLS: Final = 2_000_000
_DICTIONARY: Final = 2
_RECORDS: Final = 3


def check_claims(value: bytes) -> None:
    """Nothing, if a stream is of a size that can be read.

    Args:
        value: An Arrow IPC stream.

    Raises:
        MessageError: If it claims to be larger.
        ArrowException, OSError, ValueError: If it is none.
    """
    import pyarrow as pa

    cells = size = 0
    for message in pa.ipc.MessageReader.open_stream(value):
        body = b"" if message.body is None else memoryview(message.body)
        try:
            more_cells, more = _claims(message.metadata.to_pybytes(), body)
        except (struct.error, IndexError) as error:
            raise ValueError(f"a description that points outside of itself: {error}") from None
        cells, size = cells + more_cells, size + more
        if cells > _MOST_CELLS or size > _MOST_BYTES:
            said = f"more than {_MOST_CELLS:,} cells, or {_MOST_BYTES:,} bytes of them"
            raise MessageError("too-large", "", said)


def check_types(schema: Any) -> None:
    """Nothing, if each row of a schema is as long as its bytes.

    Raises:
        MessageError: For types in which rows can share their bytes: they could be any number of
            times as long as the message.
    """
    import pyarrow as pa

    # A dictionary only for a whole column: there its size is looked at.
    todo = [f.type.value_type if pa.types.is_dictionary(f.type) else f.type for f in schema]
    while todo:
        kind = todo.pop()
        if (
            pa.types.is_list(kind)
            or pa.types.is_large_list(kind)
            or pa.types.is_fixed_size_list(kind)
        ):
            todo.append(kind.value_type)
        elif pa.types.is_struct(kind):
            todo += [kind.field(i).type for i in range(kind.num_fields)]
        elif not (
            (pa.types.is_primitive(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind))
            or (pa.types.is_string(kind) or pa.types.is_large_string(kind))
            or (pa.types.is_binary(kind) or pa.types.is_large_binary(kind))
        ):
            raise MessageError("wrong-type", "", f"values of type {kind} are not read here")


def _claims(metadata: bytes, body: Any) -> tuple[int, int]:
    """Cells and bytes of a message of a stream, as it describes itself."""
    message = _Table(metadata, *struct.unpack_from("<I", metadata, 0))
    kind = message.number(1, "<B")
    batch = message.table(2)
    if kind == _DICTIONARY and batch is not None:
        batch = batch.table(1)
    if kind not in {_DICTIONARY, _RECORDS} or batch is None:
        return 0, 0
    nodes, buffers = batch.pairs(1), batch.pairs(2)
    cells = max(batch.number(0, "<q"), 0) + sum(max(length, 0) for length, _ in nodes)
    compressed = batch.at(3) is not None
    size = 0
    for offset, length in buffers:
        claimed = -1
        if compressed and length >= 8:
            (claimed,) = struct.unpack_from("<q", body, offset)
        size += max(length, 0) if claimed < 0 else claimed
    return cells, size


class _Table:
    """One table of a flatbuffer: fields by number, at places that a table of places names."""

    def __init__(self, data: bytes, place: int) -> None:
        self._data = data
        self._place = place
        (back,) = struct.unpack_from("<i", data, place)
        self._places = place - back
        if self._places < 0:
            raise IndexError("before the beginning")
        (self._length,) = struct.unpack_from("<H", data, self._places)

    def at(self, number: int) -> int | None:
        """Place of a field; None if it is not there."""
        where = 4 + 2 * number
        if where + 2 > self._length:
            return None
        (offset,) = struct.unpack_from("<H", self._data, self._places + where)
        return self._place + offset if offset else None

    def number(self, number: int, form: str) -> int:
        """A field that is a number."""
        place = self.at(number)
        return 0 if place is None else int(struct.unpack_from(form, self._data, place)[0])

    def table(self, number: int) -> _Table | None:
        """A field that is a table."""
        place = self.at(number)
        return None if place is None else _Table(self._data, place + self._offset(place))

    def pairs(self, number: int) -> list[tuple[int, int]]:
        """A field that is a list of pairs of long numbers."""
        place = self.at(number)
        if place is None:
            return []
        place += self._offset(place)
        (count,) = struct.unpack_from("<I", self._data, place)
        if 16 * count > len(self._data):
            raise IndexError("more pairs than bytes")
        flat = struct.unpack_from(f"<{2 * count}q", self._data, place + 4)
        return list(zip(flat[::2], flat[1::2], strict=True))

    def _offset(self, place: int) -> int:
        return int(struct.unpack_from("<I", self._data, place)[0])
