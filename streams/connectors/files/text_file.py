"""Reads a file of lines on, from where its mark is."""

from __future__ import annotations

import codecs
import os
from dataclasses import replace
from datetime import datetime
from typing import Final

from halflife.schemas.errors import MessageError
from halflife.schemas.sources.files_source import FilesSource
from halflife.streams.connectors.arrival import Arrival
from halflife.streams.connectors.batch import Item
from halflife.streams.connectors.refusal import Refusal

from .csv_rows import CsvRows
from .file_mark import FileMark
from .json_rows import JsonRows
from .likeness import digest, digest_begin, digest_end
from .lines import LONGEST_LINE, BadLine, cut, decode, first_encoding, newline_of, too_long
from .row import Row
from .step import Step

_FIRST_BLOCK: Final = 1 << 18
_LARGEST_BLOCK: Final = 4 * LONGEST_LINE  # the longest record and the longest line behind it
_MAGICS: Final = {
    b"\x1f\x8b": "it is compressed (gzip)",
    b"PK\x03\x04": "it is a ZIP archive or a workbook",
    b"\x28\xb5\x2f\xfd": "it is compressed (zstd)",
    b"PAR1": "it is Parquet",
}


class TextFile:
    """CSV and JSON Lines of one source.

    Args:
        plan: Of the source.
    """

    def __init__(self, plan: FilesSource) -> None:
        self._plan = plan
        self._decoders: dict[str, CsvRows | JsonRows] = {
            "csv": CsvRows(plan),
            "jsonl": JsonRows(plan),
        }

    def read(self, handle: int, mark: FileMark, *, closed: bool, most: int, time: datetime) -> Step:
        """The next records.

        Args:
            handle: Of the open file.
            mark: How far it was read.
            closed: Whether nothing will be written behind what is there.
            most: Lines to read.
            time: Of records that do not say theirs.
        """
        if mark.offset == 0 and mark.line == 0:
            mark = self._opened(handle, mark)
            if mark.stopped:
                return Step([_stop(mark)], mark, False)
        size = _FIRST_BLOCK
        while True:
            block = os.pread(handle, size, mark.offset)
            at_end = len(block) < size
            step = self._block(handle, mark, block, closed=closed and at_end, most=most, time=time)
            moved = step.mark.offset > mark.offset or step.items
            if moved or at_end or size == _LARGEST_BLOCK:
                return step
            size = _LARGEST_BLOCK

    def _opened(self, handle: int, mark: FileMark) -> FileMark:
        """Looks at the first bytes: the encoding, or that it is no text at all."""
        head = os.pread(handle, 4, 0)
        for magic, said in _MAGICS.items():
            if head.startswith(magic):
                return replace(
                    mark, stopped=f"{said}, and such a file is not read as {mark.format}"
                )
        wanted = self._plan.encoding
        for bom, encoding in _BOMS.items():
            if head.startswith(bom):
                if wanted not in {"auto", "utf-16"}:
                    said = f'it is UTF-16, not {wanted}: say encoding = "utf-16" in the lab file'
                    return replace(mark, stopped=said)
                return replace(mark, encoding=encoding, offset=len(bom))
        if wanted == "utf-16":
            return replace(mark, encoding="utf-16-le")
        skipped = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
        encoding = "" if wanted == "auto" and not skipped else wanted.replace("auto", "utf-8")
        return replace(mark, encoding=encoding, offset=skipped)

    def _block(
        self,
        handle: int,
        mark: FileMark,
        block: bytes,
        *,
        closed: bool,
        most: int,
        time: datetime,
    ) -> Step:
        """The records of a block of bytes that begins where the mark is."""
        newline = newline_of(mark.encoding)
        if mark.skipping:
            return self._skipped(handle, mark, block, newline)
        raws, rest = cut(block, mark.encoding, most)
        bare = 0
        if closed and rest > 0 and len(raws) < most:
            raws.append(block[len(block) - rest :])
            rest, bare = 0, len(newline)
        if not raws:
            return self._unfinished(handle, mark, block, newline)
        encoding, told_at = mark.encoding, len(raws)
        if not encoding:
            encoding, told_at = first_encoding(raws)
        lines = decode(raws, encoding or "utf-8")
        # A line that is too long ends what stands before it, also where its own end is to come.
        ended = (closed and rest == 0) or (rest > LONGEST_LINE and len(raws) < most)
        found = self._decoders[mark.format].read(mark, lines, closed=ended)
        used = found.used
        taken = sum(map(len, raws[:used])) + used * len(newline)
        taken -= bare if used == len(raws) else 0
        begin = mark.begin
        if not begin[0] and found.rows:
            first = found.rows[0].after
            length = mark.offset + sum(map(len, raws[:first])) + first * len(newline)
            begin = digest_begin(handle, length - (bare if first == len(raws) else 0))
        after = replace(
            found.mark,
            offset=mark.offset + taken,
            line=mark.line + used,
            encoding=encoding if told_at < used else mark.encoding,
            begin=begin,
            key=mark.key or (begin[0] and _key(mark, begin[1])) or "",
            stopped=found.stopped,
        )
        if after != mark:
            after = replace(after, end=digest_end(handle, after.offset))
        items = [
            self._item(row, raws, lines, after, number=mark.line + row.first + 1, time=time)
            for row in found.rows
        ]
        if found.stopped:
            items.append(_stop(after))
        more = used > 0 and not found.stopped and (rest > 0 or used < len(raws))
        return Step(items, after, more)

    def _unfinished(self, handle: int, mark: FileMark, block: bytes, newline: bytes) -> Step:
        """A line whose end is not there yet; one that is too long is given up at once."""
        if len(block) <= LONGEST_LINE:
            return Step([], mark, False)
        bad = too_long(block)
        begin = mark.begin if mark.begin[0] else digest_begin(handle, mark.offset + LONGEST_LINE)
        skipping = replace(mark, skipping=True, begin=begin)
        refusal = Refusal(f"{mark.path}, line {mark.line + 1}", bad.error, bad.raw)
        step = self._skipped(handle, skipping, block, newline)
        return Step([refusal], step.mark, step.more)

    def _skipped(self, handle: int, mark: FileMark, block: bytes, newline: bytes) -> Step:
        """Passes over the rest of a line that is too long."""
        ends, _ = cut(block, mark.encoding, 1)
        if ends:
            offset = mark.offset + len(ends[0]) + len(newline)
            mark = replace(mark, offset=offset, line=mark.line + 1, skipping=False)
        else:
            offset = mark.offset + len(block) - len(block) % len(newline)
        if offset == mark.offset and not ends:
            return Step([], mark, False)
        mark = replace(mark, offset=offset, end=digest_end(handle, offset))
        return Step([], mark, True)

    def _item(
        self,
        row: Row,
        raws: list[bytes],
        lines: list[str | BadLine],
        mark: FileMark,
        *,
        number: int,
        time: datetime,
    ) -> Item:
        """A row of which it is known now where it stands."""
        address = f"{mark.path}, line {number}"
        if isinstance(row.values, MessageError):
            first = lines[row.first]
            raw = first.raw if isinstance(first, BadLine) else raws[row.first]
            return Refusal(address, row.values, raw)
        raw = raws[row.first]
        if row.after - row.first > 1:
            raw = newline_of(mark.encoding).join(raws[row.first : row.after])
        return Arrival(
            values=row.values,
            address=address,
            record_id=f"{mark.name}:{number}:{mark.key}",
            time=time,
            raw=raw,
        )


_BOMS: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def _key(mark: FileMark, begin: str) -> str:
    """The name of a file among those that stood at its place, by what it begins with."""
    return digest(f"{mark.inode} {mark.turn} {begin}".encode())[:10]


def _stop(mark: FileMark) -> Refusal:
    """What is said of a file that is not read on."""
    said = f"the file is not read: {mark.stopped}"
    return Refusal(mark.path, MessageError("unreadable-file", "", said), b"")
