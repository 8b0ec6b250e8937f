"""What commands write: tables for people, JSON for programs, progress while both wait."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .options import STDOUT

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_WIDE: Final = 120  # characters of a line where no terminal says how wide it is


def terminal(*, stderr: bool = False) -> Console:
    """A console on standard output (or error); without a terminal, plain text of 120 columns.

    Texts are written as they are: what looks like markup or an emoji code is a column's name.
    """
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _WIDE
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


def grid(*headers: str, right: tuple[str, ...] = ()) -> Table:
    """An empty table in the looks of all our tables.

    Args:
        headers: Names of the columns.
        right: Columns of numbers, aligned to the right.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD)
    for header in headers:
        table.add_column(header, justify="right" if header in right else "left", overflow="fold")
    return table


def write_json(path: Path | None, data: Mapping[str, Any] | list[Any]) -> None:
    """Writes a result as JSON, indented; NaN and infinite numbers as null.

    Args:
        path: The file, ``-`` for standard output, None for not at all.
        data: Dicts, lists, texts, numbers (of numpy too), None.
    """
    if path is None:
        return
    import orjson

    options = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE
    content = orjson.dumps(finite(data), option=options)
    if path == STDOUT:
        sys.stdout.write(content.decode())
    else:
        path.write_bytes(content)


def finite(data: Any) -> Any:
    """The same with None for numbers that JSON does not know, and lists for tuples.

    Example:
        >>> finite({"a": (1.0, math.nan), "b": math.inf})
        {'a': [1.0, None], 'b': None}
    """
    if isinstance(data, Mapping):
        return {str(key): finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [finite(value) for value in data]
    if isinstance(data, float) and not math.isfinite(data):
        return None
    return data


def share(value: float | None) -> str:
    """A number between 0 and 1 for a table, a dash for none.

    Example:
        >>> share(1.0), share(0.98765), share(None)
        ('1.000', '0.988', '–')
    """
    return "–" if value is None or not math.isfinite(value) else f"{value:.3f}"


def printable(text: str) -> str:
    r"""A stranger's text for the eye: no control character reaches the terminal.

    Example:
        >>> print(printable("high\x1b[31m"))
        high\x1b[31m
    """
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in text)


Tell = Callable[[int, int | None, str], None]
"""Tells progress: steps done, steps there are (None if unknown), and a line about it."""


@contextmanager
def progress(text: str, total: int | None = None) -> Iterator[Tell]:
    """A bar on standard error while long work is done; nothing where that is no terminal.

    Args:
        text: What is being done.
        total: Steps there are; None while unknown.
    """
    if not sys.stderr.isatty():
        yield lambda _done, _total, _text: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=terminal(stderr=True), transient=True) as bar:
        task = bar.add_task(text, total=total)

        def tell(done: int, steps: int | None, line: str) -> None:
            bar.update(task, completed=done, total=steps, description=line or text)

        yield tell
