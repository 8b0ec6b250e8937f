"""The marks of all files of a source, as a position keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from .file_mark import FileMark

KEEP_SECONDS: Final = 7 * 86_400
"""How long a file that is gone is remembered: a network folder may come back."""
KEEP_FILES: Final = 1_000
"""And how many of those."""
_VERSION: Final = 1


class Roll:
    """The marks of a source's files, those of files that are gone for some days.

    Args:
        position: As Kafka has it; None to begin with nothing.

    Example:
        >>> mark = FileMark(path="a.csv", name="a.csv", device=1, inode=2, header=("t", "y"))
        >>> roll = Roll()
        >>> roll.marks.append(mark)
        >>> Roll(roll.position()).marks == [mark]
        True
    """

    def __init__(self, position: Mapping[str, Any] | None = None) -> None:
        data = position or {}
        headers = [tuple(names) for names in data.get("headers", ())]
        self.marks: list[FileMark] = []
        for one in data.get("files", ()):
            at = one.get("header")
            header = None if at is None else headers[at]
            self.marks.append(FileMark.from_dict({**one, "header": header}))
        self._turns = int(data.get("turns", 0))
        self._forgot = bool(data.get("forgot", False))

    def position(self) -> dict[str, Any]:
        """Plain data; a header that several files have is in it once."""
        headers: dict[tuple[str, ...], int] = {}
        files = []
        for mark in self.marks:
            data = mark.to_dict()
            if mark.header is not None:
                data["header"] = headers.setdefault(mark.header, len(headers))
            files.append(data)
        return {
            "version": _VERSION,
            "turns": self._turns,
            "forgot": self._forgot,
            "headers": [list(header) for header in headers],
            "files": files,
        }

    def put(self, mark: FileMark, before: FileMark) -> None:
        """A mark in place of an earlier one of the same file."""
        at = next(i for i, one in enumerate(self.marks) if one is before)
        self.marks[at] = mark

    def turn(self, path: str) -> int:
        """A number for a new file at a place: 0 for the first one there, else another each time."""
        if not self._forgot and all(path not in {mark.path, mark.name} for mark in self.marks):
            return 0
        self._turns += 1
        return self._turns

    def settle(self, there: Iterable[FileMark], missing: Iterable[FileMark], now: float) -> None:
        """From now on there are these marks.

        Args:
            there: Of files that are there.
            missing: Of others, of which those that went last are kept.
            now: Seconds since 1970.
        """
        gone = [mark if mark.gone else replace(mark, gone=int(now)) for mark in missing]
        kept = [mark for mark in gone if now - mark.gone < KEEP_SECONDS]
        kept = sorted(kept, key=lambda mark: mark.gone)[-KEEP_FILES:]
        self._forgot = self._forgot or len(kept) < len(gone)
        self.marks = [*there, *kept]
