"""What one look into a file brought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from halflife.streams.connectors.batch import Item

from .file_mark import FileMark


@dataclass(frozen=True, slots=True)
class Step:
    """Some records of a file, and the mark behind them.

    Args:
        items: In the order of the file.
        mark: Where to go on.
        more: Whether there is more to read now.
    """

    items: Sequence[Item]
    mark: FileMark
    more: bool
