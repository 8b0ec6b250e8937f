"""How far one file was read, and how it is known again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Self

from .seen_file import SeenFile


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMark:
    """All that must be kept of one file, as part of a position.

    Args:
        path: Where it is now, from the base folder.
        name: Where it was when its first record was read: its records are called after that.
        device: Of the system of files.
        inode: Its number there.
        turn: Tells files apart that stood at the same place one after the other.
        key: Short digest of its identity, in the name of each record; empty before the first one.
        format: csv, jsonl or parquet; empty while that is open.
        offset: Bytes that were read.
        line: Lines that were read; rows, in Parquet.
        before: Lines before the header that count.
        header: Names of columns; None while it was not read.
        delimiter: Of CSV; empty while that is open.
        encoding: Empty while nothing but ASCII was read.
        skipping: Whether it was read up to the middle of a line that is too long.
        begin: Bytes up to the end of its first record, and their digest.
        end: Digest of the last bytes before ``offset``; of the whole, in Parquet.
        stopped: Why it is not read; empty if it is.
        touched: Its time of change when it was stopped, in nanoseconds since 1970.
        gone: Seconds since 1970 when it was missed first; 0 if it is there.
    """

    path: str
    name: str
    device: int
    inode: int
    turn: int = 0
    key: str = ""
    format: str = ""
    offset: int = 0
    line: int = 0
    before: int = 0
    header: tuple[str, ...] | None = None
    delimiter: str = ""
    encoding: str = ""
    skipping: bool = False
    begin: tuple[int, str] = (0, "")
    end: str = ""
    stopped: str = ""
    touched: int = 0
    gone: int = 0

    @classmethod
    def of(cls, seen: SeenFile, turn: int) -> Self:
        """Of a file of which nothing was read."""
        return cls(path=seen.path, name=seen.path, device=seen.device, inode=seen.inode, turn=turn)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, without what is as it is by default."""
        return {
            name: getattr(self, name)
            for name, default in _DEFAULTS.items()
            if getattr(self, name) != default
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """From what ``to_dict`` gave and Kafka kept."""
        known = {name: data[name] for name in _DEFAULTS if name in data}
        if known.get("header") is not None:
            known["header"] = tuple(known["header"])
        if "begin" in known:
            length, digest = known["begin"]
            known["begin"] = (length, digest)
        return cls(**known)


_DEFAULTS: Final = {one.name: one.default for one in fields(FileMark)}
