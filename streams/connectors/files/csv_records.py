"""Records of CSV out of lines, as the lines come: a quoted cell may go over several of them."""

from __future__ import annotations

import csv
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, cast

from halflife.schemas.errors import MessageError

from .lines import LONGEST_LINE, BadLine

MOST_LINES: Final = 200
"""Of one record: a quote that is never closed must not swallow the file."""


@dataclass(frozen=True, slots=True)
class CsvRecord:
    """A record, or why there is none.

    Args:
        first: Index of its first line.
        after: Index of the line behind it.
        cells: Its cells, or what is wrong.
    """

    first: int
    after: int
    cells: list[str] | MessageError


class CsvRecords:
    r"""Cuts lines into records; what it finds does not depend on how the lines came.

    Args:
        delimiter: Between cells.
        skip: Lines that begin so, and do not stand within a record, are none.

    Example:
        >>> records = CsvRecords(",", "#")
        >>> list(records.read(["# x\n", "1,2\n", '3,"a\n', 'b"\n', '4,"\n'], closed=False))[-1]
        CsvRecord(first=2, after=4, cells=['3', 'a\nb'])
        >>> records.done
        4
    """

    def __init__(self, delimiter: str, skip: str | None) -> None:
        self.done = 0
        self._delimiter = delimiter
        self._skip = skip

    def read(self, lines: Sequence[str | BadLine], *, closed: bool) -> Iterator[CsvRecord]:
        """The records of some lines; afterwards, ``done`` lines need not come again.

        Args:
            lines: The first begins a record.
            closed: Whether no line will come behind them.
        """
        start = 0
        while start < len(lines):
            line = lines[start]
            if isinstance(line, BadLine):
                yield CsvRecord(start, start + 1, line.error)
                start += 1
                continue
            end = next(
                (i for i in range(start, len(lines)) if isinstance(lines[i], BadLine)), len(lines)
            )
            start = yield from self._run(lines, start, end, closed or end < len(lines))
            if start < end:
                break
        self.done = start

    def _run(
        self, lines: Sequence[str | BadLine], start: int, end: int, closed: bool
    ) -> Generator[CsvRecord, None, int]:
        """Records of lines that are text; the index of the first line that must come again."""
        texts = cast("Sequence[str]", lines)  # from start to end, all of them are
        feed = _Feed(texts, start, end, self._skip)
        reader = csv.reader(feed, delimiter=self._delimiter)
        while True:
            feed.begin()
            wrong: MessageError | None = None
            try:
                cells = next(reader)
            except StopIteration:
                return feed.at
            except csv.Error as error:
                wrong = MessageError("broken-csv", "", f"it cannot be read as CSV: {error}")
                cells = []
            else:
                if feed.ran_out or feed.too_long:
                    if not (closed or feed.too_long):
                        return feed.first
                    wrong = MessageError(
                        "broken-csv",
                        "",
                        f"a quote that is opened here is not closed within {MOST_LINES} lines and "
                        f"{LONGEST_LINE:,} bytes, or before the text ends",
                    )
            if wrong is None:
                yield CsvRecord(feed.first, feed.at, cells)
                continue
            # The line is given up, and what stands in the next one is looked at afresh.
            yield CsvRecord(feed.first, feed.first + 1, wrong)
            feed = _Feed(texts, feed.first + 1, end, self._skip)
            reader = csv.reader(feed, delimiter=self._delimiter)


class _Feed:
    """Gives lines to the reader, and knows where the record began that it is in."""

    def __init__(self, lines: Sequence[str], start: int, end: int, skip: str | None) -> None:
        self.first = self.at = start
        self.ran_out = self.too_long = False
        self._lines = lines
        self._end = end
        self._skip = skip
        self._fresh = True
        self._size = 0

    def begin(self) -> None:
        """A record begins with the next line."""
        self._fresh, self._size = True, 0

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if self._fresh:
            if self._skip is not None:
                while self.at < self._end and self._line.startswith(self._skip):
                    self.at += 1
            self.first, self._fresh = self.at, False
        elif self.at - self.first >= MOST_LINES or self._size >= LONGEST_LINE:
            self.too_long = True
            raise StopIteration
        if self.at >= self._end:
            self.ran_out = True
            raise StopIteration
        line = self._line
        self.at += 1
        self._size += len(line)
        return line

    @property
    def _line(self) -> str:
        return self._lines[self.at]
