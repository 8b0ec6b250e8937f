"""A record of a text file, before its file is known by a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from halflife.schemas.errors import MessageError

from .file_mark import FileMark


@dataclass(frozen=True, slots=True)
class Row:
    """What one record of a file holds.

    Args:
        first: Index of its first line.
        after: Index of the line behind it.
        values: By name, or what is wrong with it.
    """

    first: int
    after: int
    values: Mapping[str, Any] | MessageError


@dataclass(frozen=True, slots=True)
class Rows:
    """What some lines hold.

    Args:
        rows: In their order.
        used: Lines that need not come again.
        mark: With what was learned of the file: header, delimiter.
        stopped: Why the file cannot be read; empty if it can.
    """

    rows: list[Row]
    used: int
    mark: FileMark
    stopped: str = ""
