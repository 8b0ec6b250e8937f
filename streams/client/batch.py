"""Records that are sent together."""

from __future__ import annotations

from typing import NamedTuple

from .spool_file import SpoolFile


class Batch(NamedTuple):
    """The records that wait longest.

    Args:
        lines: Each as JSON.
        last: Number of the last of them in its file; 0 in memory.
        file: That holds them; None for memory.
    """

    lines: list[bytes]
    last: int
    file: SpoolFile | None
