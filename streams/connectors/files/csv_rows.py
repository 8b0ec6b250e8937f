"""CSV: a header, and the rows under it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from halflife.schemas.errors import MessageError
from halflife.schemas.sources.files_source import FilesSource

from .csv_records import CsvRecords
from .decimals import with_point
from .file_mark import FileMark
from .lines import BadLine
from .row import Row, Rows

_DELIMITERS: Final = ("\t", ";", ",", "|")
_EXCEL: Final = "sep="


class CsvRows:
    r"""Reads CSV; what it finds does not depend on how the lines came.

    A header that is written again is left out; another one, with half of the names or more, counts
    from there on.

    Args:
        plan: Of the source.

    Example:
        >>> from .seen_file import SeenFile
        >>> plan = FilesSource(name="a", type="files", path="a.csv")
        >>> seen = SeenFile(path="a.csv", device=1, inode=1, size=0, modified=0)
        >>> mark = FileMark.of(seen, 0)
        >>> CsvRows(plan).read(mark, ["t;y\n", "1;2,5\n"], closed=False).rows[0].values
        {'t': '1', 'y': '2.5'}
    """

    def __init__(self, plan: FilesSource) -> None:
        self._plan = plan

    def read(self, mark: FileMark, lines: Sequence[str | BadLine], *, closed: bool) -> Rows:
        """The records of some lines, which follow those that the mark has."""
        at, mark, wrong = self._preamble(mark, lines)
        rows: list[Row] = []
        if wrong or at == len(lines):
            return Rows(rows, at, mark, wrong)
        records = CsvRecords(mark.delimiter, self._plan.skip)
        names = mark.header
        known = frozenset(names or ())
        comma = self._plan.decimal == "," or (
            self._plan.decimal == "auto" and mark.delimiter != ","
        )
        for record in records.read(lines[at:], closed=closed):
            cells, first, after = record.cells, at + record.first, at + record.after
            if isinstance(cells, MessageError):
                rows.append(Row(first, after, cells))
            elif not cells:
                continue
            elif names is None or self._is_header(cells, names, known):
                new = tuple(cell.strip() for cell in cells)
                wrong = _wrong_header(new)
                if wrong:
                    return Rows(rows, first, replace(mark, header=names), wrong)
                names, known = new, frozenset(new)
            elif len(cells) != len(names):
                rows.append(Row(first, after, _ragged(cells, names)))
            else:
                rows.append(Row(first, after, self._values(names, cells, comma)))
        return Rows(rows, at + records.done, replace(mark, header=names))

    def _preamble(
        self, mark: FileMark, lines: Sequence[str | BadLine]
    ) -> tuple[int, FileMark, str]:
        """Passes over the lines before the header, or before the first row where there is none.

        Returns:
            How many these were, the mark, and why the file cannot be read, if it cannot.
        """
        given = self._plan.header
        due = given if isinstance(given, int) else 1
        for at, line in enumerate(lines):
            if mark.header is not None:
                return at, mark, ""
            last = mark.before + 1 == due
            if isinstance(line, BadLine):
                if last:
                    return at, mark, f"its header cannot be read: {line.error.text}"
            elif line.startswith(_EXCEL) and len(line.rstrip()) == len(_EXCEL) + 1:
                mark = replace(mark, delimiter=line[len(_EXCEL)])
                continue
            elif (self._plan.skip and line.startswith(self._plan.skip)) or (
                last and not line.strip()
            ):
                continue
            elif last:
                delimiter = mark.delimiter or self._delimiter(line, mark.path)
                header = tuple(given) if isinstance(given, list) else None
                return at, replace(mark, delimiter=delimiter, header=header), ""
            mark = replace(mark, before=mark.before + 1)
        return len(lines), mark, ""

    def _delimiter(self, line: str, path: str) -> str:
        if self._plan.delimiter != "auto":
            return self._plan.delimiter
        outside = "".join(line.split('"')[::2])
        if ".tsv" in path.lower() and "\t" in outside:
            return "\t"
        counts = {each: outside.count(each) for each in _DELIMITERS}
        best = max(counts, key=lambda each: counts[each])
        return best if counts[best] else ","

    def _is_header(self, cells: list[str], names: tuple[str, ...], known: frozenset[str]) -> bool:
        """Whether a row holds names: those that there are, or others with half of them."""
        if known.isdisjoint(cells):
            return False
        stripped = tuple(cell.strip() for cell in cells)
        if stripped == names or isinstance(self._plan.header, list):
            return stripped == names
        again = sum(cell in known for cell in stripped)
        return 2 * again >= max(len(stripped), len(names)) and not any(map(_number, stripped))

    def _values(self, names: Sequence[str], cells: list[str], comma: bool) -> Mapping[str, Any]:
        if comma:
            decimal = self._plan.decimal
            cells = [with_point(cell, decimal) if "," in cell else cell for cell in cells]
        values = dict(zip(names, cells, strict=True))
        values.pop("", None)
        return values


def _wrong_header(names: tuple[str, ...]) -> str:
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        return (
            f"its header has {', '.join(map(repr, twice))} more than once, so that nobody knows "
            "which column is meant: give the columns names with header = [...] in the lab file, "
            "or another header in the file"
        )
    if all(map(_number, names)):
        return (
            f"its header has only numbers ({', '.join(names)[:60]}): where the file has no header, "
            "header = [...] in the lab file names the columns"
        )
    return ""


def _ragged(cells: list[str], names: tuple[str, ...]) -> MessageError:
    said = f"it has {len(cells)} cells where the header has {len(names)} names"
    return MessageError("ragged", "", said)


def _number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return not text
    return True
