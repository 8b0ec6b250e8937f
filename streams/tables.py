"""Tables out of files: CSV as laboratories write it, read exactly or refused with the place."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from halflife.schemas.near import did_you_mean
from halflife.schemas.table import Block, Kind, ObjectArray, Table

if TYPE_CHECKING:
    import pandas as pd

_DELIMITERS: Final = ",;\t"
_SNIFFED_ROWS: Final = 50
_GZIP: Final = b"\x1f\x8b"
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_NO_NUMBER: Final = frozenset({"", "nan", "na", "n/a", "null", "none"})
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,18}")
_CODE: Final = re.compile(r"[+-]?0[0-9]")  # 007 is a name, not seven
_DECIMAL_COMMA: Final = re.compile(r"\s*[+-]?[0-9]*,?[0-9]*([eE][+-]?[0-9]+)?\s*")


class TableFileError(ValueError):
    """A file of rows that cannot be used, told with file, column, row and value.

    Rows are counted from 0, the line of names not among them, as in all reports.
    """


def read_table(path: Path | str) -> pd.DataFrame:
    """The rows of a CSV file, in their order, the digits of every number kept.

    The delimiter is comma, semicolon or tab, whichever splits the lines evenly; with the latter
    two, numbers may have a decimal comma. The file is UTF-8, with or without a byte order mark,
    and may be gzipped. A column is numeric when all its cells are numbers or missing (empty, NaN,
    NA, N/A, null, none); of a column of texts, only empty cells are missing.

    Args:
        path: Of the file.

    Raises:
        TableFileError: For a file that is no such table, has no rows, no names, or a name twice.
        OSError: For a file that cannot be opened.
    """
    import pandas as pd

    path = Path(path)
    text = _decode(_content(path), path)
    if not text.strip():
        raise TableFileError(f"{path}: is empty: it needs a line of column names, then rows")
    delimiter = _sniff(text)
    names, rows = _split(text, delimiter, path)
    decimal_comma = delimiter != ","
    columns = zip(*rows, strict=True)
    cells = {
        name: _column(column, decimal_comma) for name, column in zip(names, columns, strict=True)
    }
    return pd.DataFrame(cells, columns=names)


def block_from(frame: pd.DataFrame, table: Table, source: str) -> Block:
    """The rows of a frame as a block; columns that the table does not declare are left out.

    Physical ranges are not checked here: what is outside is for the monitors to tell.

    Args:
        frame: As :func:`read_table` gives it.
        table: What the lab file declares.
        source: What to call the rows in errors: their file.

    Raises:
        TableFileError: For a declared column that is not there, and for text, an infinite number
            or a fraction where the table declares otherwise.

    Example:
        >>> import pandas as pd
        >>> from halflife.schemas.table import Column
        >>> table = Table((Column(name="yield"),))
        >>> len(block_from(pd.DataFrame({"yield": [0.3, None], "who": "ann"}), table, "runs.csv"))
        2
    """
    _check_names(frame, table, source)
    for column in table.columns:
        if column.is_number:
            _check_numbers(frame[column.name], column.kind, f"{source}, column {column.name!r}")
    return Block.from_frame(table, frame)


def recipes_from(frame: pd.DataFrame, column: str | None, source: str) -> ObjectArray | None:
    """What each row ran under, shape (n,): a text, or None where the cell is empty.

    Args:
        frame: As :func:`read_table` gives it.
        column: That the lab file names as ``recipe``; None if it names none.
        source: What to call the rows in errors: their file.

    Returns:
        None if no column is named or all its cells are empty.

    Raises:
        TableFileError: For a column that is not there.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"yield": [0.3, 0.4], "program": ["hot", None]})
        >>> recipes_from(frame, "program", "runs.csv")
        array(['hot', None], dtype=object)
    """
    if column is None:
        return None
    if column not in frame.columns:
        there = [str(name) for name in frame.columns]
        raise TableFileError(
            f"{source}: no column {column!r}, which the lab file names as recipe"
            f"{did_you_mean(column, there)}. The file has: {', '.join(there)}"
        )
    recipes = frame[column].astype(str).to_numpy(dtype=object, copy=True)
    recipes[frame[column].isna().to_numpy()] = None
    return None if all(recipe is None for recipe in recipes) else recipes


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    if not content.startswith(_GZIP):
        return content
    try:
        return gzip.decompress(content)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise TableFileError(f"{path}: is broken as a gzip file: {error}") from error


def _decode(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        guess = "utf-16" if content.startswith(_UTF_16) else "latin1"
        line = content.count(b"\n", 0, error.start) + 1
        raise TableFileError(
            f"{path}: byte {error.start} (line {line}) is not UTF-8. Save the file as UTF-8, or "
            f"convert it: iconv -f {guess} -t utf-8 {path.name} > utf8-{path.name}"
        ) from error


def _sniff(text: str) -> str:
    """The delimiter that gives the most rows as many cells as the first, then the most cells."""

    def score(delimiter: str) -> tuple[float, int]:
        try:
            widths = [len(row) for row in itertools.islice(_rows(text, delimiter), _SNIFFED_ROWS)]
        except TableFileError:
            return 0.0, 0
        if not widths or widths[0] < 2:
            return 0.0, 0
        return sum(width == widths[0] for width in widths) / len(widths), widths[0]

    return max(_DELIMITERS, key=score)


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """Rows of cells, without blank lines."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        yield from (row for row in reader if row)
    except csv.Error as error:
        raise TableFileError(f"line {reader.line_num}: {error}") from error


def _split(text: str, delimiter: str, path: Path) -> tuple[list[str], list[list[str]]]:
    """Names and rows of one length."""
    try:
        first, *rows = _rows(text, delimiter)
    except TableFileError as error:
        raise TableFileError(f"{path}: {error}") from error
    names = [name.strip() for name in first]
    _check_header(names, path)
    if not rows:
        raise TableFileError(f"{path}: has column names and no row")
    for i, row in enumerate(rows):
        if len(row) != len(names):
            raise TableFileError(
                f"{path}, row {i}: {len(row)} cells where the first line names {len(names)} "
                f"columns; it begins with {_shown(delimiter.join(row))}"
            )
    return names, rows


def _check_header(names: Sequence[str], path: Path) -> None:
    if all(_is_number(name) for name in names):
        raise TableFileError(
            f"{path}: the first line looks like data, not names: {_shown(', '.join(names))}. "
            "Put a line with the names of the columns before it"
        )
    for place, name in enumerate(names, start=1):
        if not name:
            raise TableFileError(
                f"{path}: column {place} has no name (pandas writes such a one, its index, unless "
                "told index=False)"
            )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise TableFileError(f"{path}: columns named twice: {', '.join(map(repr, twice))}")


def _column(cells: Sequence[str], decimal_comma: bool) -> pd.Series:
    """Cells as whole numbers, numbers or texts, whichever they all are."""
    import pandas as pd

    stripped = [cell.strip() for cell in cells]
    missing = np.array([cell.lower() in _NO_NUMBER for cell in stripped])
    known = [cell for cell, gone in zip(stripped, missing, strict=True) if not gone]
    numbers = None if any(_CODE.match(cell) for cell in known) else _numbers(known, decimal_comma)
    if numbers is None or (not known and any(stripped)):
        texts = np.array(cells, dtype=object)
        texts[[not cell for cell in stripped]] = None
        return pd.Series(texts, dtype=object)
    if known and all(_WHOLE.fullmatch(cell) for cell in known):
        whole = np.zeros(len(cells), dtype=np.int64)
        whole[~missing] = [int(cell) for cell in known]
        if not missing.any():
            return pd.Series(whole)
        return pd.Series(pd.arrays.IntegerArray(whole, missing))
    full = np.full(len(cells), np.nan)
    full[~missing] = numbers
    return pd.Series(full)


def _numbers(cells: Sequence[str], decimal_comma: bool) -> list[float] | None:
    """All cells as the nearest floats; None where one is no number."""
    try:
        return [_number(cell) for cell in cells]
    except ValueError:
        pass
    if not decimal_comma or not all(_DECIMAL_COMMA.fullmatch(cell) for cell in cells):
        return None
    try:
        return [_number(cell.replace(",", ".")) for cell in cells]
    except ValueError:
        return None


def _number(cell: str) -> float:
    if "_" in cell:  # Python reads 1_000 as a number; nobody else does
        raise ValueError(cell)
    return float(cell)


def _is_number(cell: str) -> bool:
    try:
        _number(cell)
    except ValueError:
        return False
    return True


def _check_names(frame: pd.DataFrame, table: Table, source: str) -> None:
    there = [str(name) for name in frame.columns]
    absent = [name for name in table.names if name not in there]
    if not absent:
        return
    near = did_you_mean(absent[0], there) if len(absent) == 1 else ""
    other = "" if near else " Is this lab file for other data?"
    raise TableFileError(
        f"{source}: no column {', '.join(map(repr, absent))}{near or '.'} "
        f"The file has: {', '.join(there)}.{other}"
    )


def _check_numbers(cells: pd.Series, kind: Kind, place: str) -> None:
    import pandas as pd

    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    faults = {
        "is no number": np.isnan(numbers) & cells.notna().to_numpy(),
        "is not finite": np.isinf(numbers),
    }
    if kind is Kind.INTEGER:
        faults["is no whole number"] = np.isfinite(numbers) & (numbers != np.round(numbers))
    for said, wrong in faults.items():
        if wrong.any():
            row = int(wrong.argmax())
            raise TableFileError(f"{place}, row {row}: {_shown(cells.iloc[row])} {said}")


def _shown(value: object) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
