"""Reads a Parquet file on, from the row where its mark is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, BinaryIO, Final

from halflife.schemas.errors import MessageError
from halflife.streams.connectors.arrival import Arrival
from halflife.streams.connectors.refusal import Refusal

from .file_mark import FileMark
from .likeness import digest, digest_whole
from .step import Step

_MAGIC: Final = b"PAR1"
_LARGEST_FOOTER: Final = 16 << 20
_LARGEST_GROUP: Final = 1 << 30  # bytes when unpacked; it says so before it is unpacked
_MOST_COLUMNS: Final = 5_000


class ParquetFile:
    """Parquet: a file is read when it is whole.

    Its sizes are looked at before anything is unpacked; units come from the metadata of its
    columns, under ``unit`` or ``units``.
    """

    def __init__(self) -> None:
        self._stream: BinaryIO | None = None
        self._file: Any = None
        self._units: Mapping[str, str] = {}
        self._rows: Iterator[list[dict[str, Any]]] = iter(())
        self._place = ("", 0)  # digest of the file, and the row that is next

    def read(self, handle: int, size: int, mark: FileMark, *, most: int, time: datetime) -> Step:
        """The next rows.

        Args:
            handle: Of the open file.
            size: Its bytes.
            mark: How far it was read.
            most: Rows to read.
            time: Of records that do not say theirs.
        """
        end = digest_whole(handle, size)
        mark = replace(
            mark,
            end=end,
            begin=(1, end),
            key=mark.key or digest(f"{mark.inode} {mark.turn} {end}".encode())[:10],
        )
        import pyarrow as pa

        try:
            if self._place != (end, mark.line):  # else it goes on where it has just been
                self.close()
                self._file, self._units = self._opened(handle, size)
                self._rows = _slice(self._file, mark.line, most)
            rows = next(self._rows, [])
            more = mark.line + len(rows) < self._file.metadata.num_rows
        except (pa.ArrowException, OSError, ValueError) as error:
            self.close()
            said = f"it cannot be read as Parquet: {error}"
            stopped = replace(mark, stopped=said)
            refusal = MessageError("unreadable-file", "", f"the file is not read: {said}")
            return Step([Refusal(mark.path, refusal, b"")], stopped, False)
        self._place = (end, mark.line + len(rows))
        units = self._units
        if not more:
            self.close()
        items = [
            Arrival(
                values={name: _plain(value) for name, value in row.items()},
                address=f"{mark.path}, row {number}",
                record_id=f"{mark.name}:{number}:{mark.key}",
                time=time,
                units=units,
            )
            for number, row in enumerate(rows, start=mark.line + 1)
        ]
        return Step(items, replace(mark, line=mark.line + len(items), offset=size), more)

    def close(self) -> None:
        """Let go of the file that was read last."""
        if self._stream is not None:
            self._stream.close()
        self._stream, self._file, self._rows, self._place = None, None, iter(()), ("", 0)

    def _opened(self, handle: int, size: int) -> tuple[Any, Mapping[str, str]]:
        """The file, and the units of its columns.

        Raises:
            ValueError: For a file that is not whole, or too large to be unpacked.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        tail = os.pread(handle, 8, max(0, size - 8))
        if size < 12 or tail[4:] != _MAGIC or os.pread(handle, 4, 0) != _MAGIC:
            raise ValueError("it does not begin and end as Parquet does: is it whole?")
        footer = int.from_bytes(tail[:4], "little")
        if footer > _LARGEST_FOOTER:
            raise ValueError(f"its footer has {footer:,} bytes; {_LARGEST_FOOTER:,} are allowed")
        self._stream = os.fdopen(os.dup(handle), "rb")
        file = pq.ParquetFile(
            pa.PythonFile(self._stream, mode="r"),
            thrift_string_size_limit=_LARGEST_FOOTER,
            thrift_container_size_limit=_LARGEST_FOOTER // 16,
        )
        if len(file.schema_arrow) > _MOST_COLUMNS:
            raise ValueError(f"it has more than {_MOST_COLUMNS:,} columns")
        return file, _units(file.schema_arrow)


def _slice(file: Any, start: int, most: int) -> Iterator[list[dict[str, Any]]]:
    """Rows from a number on, some at a time."""
    passed = 0
    for group in range(file.num_row_groups):
        about = file.metadata.row_group(group)
        if passed + about.num_rows <= start:
            passed += about.num_rows
            continue
        if about.total_byte_size > _LARGEST_GROUP:
            raise ValueError(
                f"row group {group} has {about.total_byte_size:,} bytes when unpacked; "
                f"{_LARGEST_GROUP:,} are allowed"
            )
        for batch in file.iter_batches(batch_size=most, row_groups=[group]):
            first = max(0, start - passed)
            passed += batch.num_rows
            if first < batch.num_rows:
                yield batch.slice(first).to_pylist()


def _units(schema: Any) -> dict[str, str]:
    """Units that the columns carry in their metadata."""
    found = {}
    for column in schema:
        about = column.metadata or {}
        unit = about.get(b"unit") or about.get(b"units")
        if unit:
            found[column.name] = unit.decode("utf-8", "replace")
    return found


def _plain(value: Any) -> Any:
    """A value as others have it: decimal numbers as numbers."""
    return float(value) if isinstance(value, Decimal) else value
