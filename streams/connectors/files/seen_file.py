"""A file as a look at its folder found it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFile:
    """What can be known of a file without reading it.

    Args:
        path: From the base folder, with ``/``.
        device: Of the system of files.
        inode: Its number there: kept when it is renamed, given to another when it is deleted.
        size: Bytes.
        modified: When, in nanoseconds since 1970.
        matches: Whether the lab file asks for it; else it is only here because it was read before.
    """

    path: str
    device: int
    inode: int
    size: int
    modified: int
    matches: bool = True
