"""Messages that are Arrow IPC streams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from halflife.schemas.errors import MessageError
from halflife.streams.connectors.arrival import Arrival
from halflife.streams.connectors.arrow_shape import arrow_shape

from .arrow_types import check_types
from .form import MOST_ROWS, Form
from .message import Message

ARROW: Final = "application/vnd.apache.arrow.stream"
_UNIT_KEYS: Final = (b"unit", b"units")
_MOST_BYTES: Final = 64 << 20
_MOST_CELLS: Final = 2_000_000


class ArrowForm(Form):
    """Each row a record; units are those that a field's metadata says as ``unit``.

    Example:
        >>> import asyncio, pyarrow as pa
        >>> table = pa.table({"x": [1.5, 2.5]})
        >>> sink = pa.BufferOutputStream()
        >>> with pa.ipc.new_stream(sink, table.schema) as writer:
        ...     writer.write_table(table)
        >>> value = sink.getvalue().to_pybytes()
        >>> message = Message(topic="t", partition=0, offset=1, value=value, record_id="t/0/1")
        >>> [(one.record_id, one.values) for one in asyncio.run(ArrowForm().read(message))]
        [('t/0/1/0', {'x': 1.5}), ('t/0/1/1', {'x': 2.5})]
    """

    async def read(self, message: Message) -> Sequence[Arrival]:
        """The records of all rows."""
        try:
            rows, units = _rows(message.value or b"")
        except _errors() as error:
            if isinstance(error, MessageError):
                raise
            raise MessageError("broken-arrow", "", str(error)) from None
        return self.rows(message, rows, units=units)


def _rows(value: bytes) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Rows, and units by column."""
    import pyarrow as pa

    shape = arrow_shape(value)
    if shape.cells > _MOST_CELLS or shape.size > _MOST_BYTES:
        said = f"more than {_MOST_CELLS:,} cells, or {_MOST_BYTES:,} bytes of them"
        raise MessageError("too-large", "", said)
    rows: list[dict[str, Any]] = []
    with pa.ipc.open_stream(value) as reader:
        check_types(reader.schema)
        names = reader.schema.names
        if len(set(names)) != len(names):
            raise MessageError("broken-arrow", "", "two columns have one name")
        for batch in reader:
            # Bytes from outside may hold offsets that point anywhere, and texts that are none.
            batch.validate(full=True)
            if len(rows) + batch.num_rows > MOST_ROWS:
                raise MessageError("too-large", "", f"more than {MOST_ROWS:,} rows")
            for column in batch.columns:
                _check_dictionary(column)
            rows += batch.to_pylist()
        return rows, _units(reader.schema)


def _units(schema: Any) -> dict[str, str]:
    """Units of columns, by name."""
    units = {}
    for field in schema:
        texts = field.metadata or {}
        unit = next((texts[key] for key in _UNIT_KEYS if texts.get(key)), None)
        if unit is not None:
            units[field.name] = unit.decode("utf-8", "replace")
    return units


def _check_dictionary(column: Any) -> None:
    """A long text that stands in each row would be made as often."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type) and len(column) * column.dictionary.nbytes > _MOST_BYTES:
        said = f"{len(column):,} rows of a dictionary of {column.dictionary.nbytes:,} bytes"
        raise MessageError("too-large", "", said)


def _errors() -> tuple[type[Exception], ...]:
    """All that pyarrow raises for bytes that are not what they seem."""
    import pyarrow as pa

    return (pa.ArrowException, OSError, LookupError, ArithmeticError, TypeError, ValueError)
