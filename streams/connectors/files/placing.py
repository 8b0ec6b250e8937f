"""Finds which file is which: after renaming, copying, cutting off, writing anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Protocol

from .file_mark import FileMark
from .likeness import Likeness
from .roll import Roll
from .seen_file import SeenFile

CHANGED: Final = (
    "what had been read of it has been changed since, so that nobody can tell its new records "
    "from those that were read; under another name it is read from its beginning"
)
_TELLING: Final = 1024
"""Bytes from which on two files are not the same by chance: two short runs may well be."""
COPY: Final = "it is a copy of another file that is read"


class FileAccess(Protocol):
    """How files are looked into."""

    def like(self, seen: SeenFile, mark: FileMark) -> Likeness:
        """What a file has to do with a mark."""

    def begins(self, seen: SeenFile, mark: FileMark) -> bool:
        """Whether a file begins as that of a mark did."""

    def same(self, one: SeenFile, two: SeenFile) -> bool:
        """Whether all of one file stands at the beginning of another."""


class Placing:
    """One look at the files of a source: gives each the mark that is its own.

    Args:
        roll: The marks; afterwards, those of now.
        access: Looks into files.

    Attributes:
        due: Files that may be read on, with their marks.
        changed: Marks of files that cannot be read on, as they were changed: new since the last
            look.
        copies: Marks of files that are left out as copies: new since the last look.
        cut_off: Marks of files that begin anew, while their rest is nowhere to be found.
    """

    def __init__(self, roll: Roll, access: FileAccess) -> None:
        self.due: list[tuple[SeenFile, FileMark]] = []
        self.changed: list[FileMark] = []
        self.copies: list[FileMark] = []
        self.cut_off: list[FileMark] = []
        self._roll = roll
        self._access = access
        self._free = {id(mark): mark for mark in roll.marks}
        self._by_inode: dict[int, list[FileMark]] = {}
        self._by_path: dict[str, list[FileMark]] = {}
        for mark in roll.marks:
            self._by_inode.setdefault(mark.inode, []).append(mark)
            self._by_path.setdefault(mark.path, []).append(mark)
        self._there: list[tuple[SeenFile, FileMark]] = []
        self._waiting: list[FileMark] = []

    def place(self, files: Sequence[SeenFile], now: float) -> None:
        """Give each file its mark.

        Args:
            files: All that there are, each inode once.
            now: Seconds since 1970.
        """
        strangers, copies = [], []
        inodes = {seen.inode for seen in files}
        for seen in files:
            mark = self._mark_of(seen, inodes)
            if mark is None:
                strangers.append(seen)
            elif mark.stopped == COPY and mark.touched == seen.modified:
                copies.append((seen, mark))
            elif mark.stopped == COPY or not self._known(seen, mark):
                strangers.append(seen)
        for seen, mark in copies:
            if not self._rescued(seen, self.cut_off):
                self._keep(seen, mark, mark)
        for seen in strangers:
            if seen.matches:
                self._stranger(seen)
        lost = {id(mark) for mark in self.cut_off}
        missing = [mark for key, mark in self._free.items() if key not in lost]
        missing = [mark for mark in missing if mark.stopped != COPY]
        self._roll.settle([mark for _, mark in self._there] + self._waiting, missing, now)

    def _mark_of(self, seen: SeenFile, inodes: set[int]) -> FileMark | None:
        """The mark that a file has by its inode, or by its place where that inode is gone."""
        same = [mark for mark in self._by_inode.get(seen.inode, ()) if id(mark) in self._free]
        if same:
            return max(same, key=lambda mark: (mark.device == seen.device, not mark.gone))
        here = [
            mark
            for mark in self._by_path.get(seen.path, ())
            if id(mark) in self._free and mark.inode not in inodes
        ]
        return min(here, key=lambda mark: mark.gone, default=None)

    def _known(self, seen: SeenFile, mark: FileMark) -> bool:
        """Whether a file is that of a mark; what follows from it is noted."""
        if mark.stopped and mark.touched == seen.modified:
            self._keep(seen, mark, mark)
            return True
        like = self._access.like(seen, mark)
        if like is Likeness.OTHER:
            cut = mark.inode == seen.inode and mark.path == seen.path and not mark.gone
            if cut and mark.begin[0] and mark.format != "parquet":
                self.cut_off.append(mark)
            return False
        if like is Likeness.WAIT:
            self._waiting.append(self._free.pop(id(mark)))
        elif like is Likeness.CHANGED:
            now = self._keep(seen, mark, replace(mark, stopped=CHANGED, touched=seen.modified))
            if mark.stopped != CHANGED:
                self.changed.append(now)
        else:
            restored = replace(mark, stopped="") if mark.stopped == CHANGED else mark
            self.due.append((seen, self._keep(seen, mark, restored)))
        return True

    def _keep(self, seen: SeenFile, before: FileMark, mark: FileMark) -> FileMark:
        """The mark is that of this file, wherever it is now."""
        self._free.pop(id(before), None)
        moved = mark
        if (mark.path, mark.device, mark.inode, mark.gone) != (
            seen.path,
            seen.device,
            seen.inode,
            0,
        ):
            moved = replace(mark, path=seen.path, device=seen.device, inode=seen.inode, gone=0)
        self._there.append((seen, moved))
        return moved

    def _stranger(self, seen: SeenFile) -> None:
        """A file that no mark is known to belong to."""
        if any(self._access.begins(seen, mark) for mark in self._waiting):
            return  # perhaps its copy: that is known when it is known what that one became
        gone = [mark for mark in self._free.values() if mark.offset >= _TELLING]
        if self._rescued(seen, [*self.cut_off, *gone]):
            return
        mark = FileMark.of(seen, self._roll.turn(seen.path))
        if self._is_copy(seen):
            copy = replace(mark, stopped=COPY, touched=seen.modified)
            self.copies.append(self._keep(seen, mark, copy))
        else:
            self.due.append((seen, self._keep(seen, mark, mark)))

    def _rescued(self, seen: SeenFile, marks: Sequence[FileMark]) -> bool:
        """Whether a file has what was read of one that is no more: then it is read on there."""
        for mark in marks:
            if mark.stopped or not mark.begin[0] or not self._access.begins(seen, mark):
                continue
            if self._access.like(seen, mark) is Likeness.SAME:
                self.cut_off = [one for one in self.cut_off if one is not mark]
                self.due.append((seen, self._keep(seen, mark, mark)))
                return True
        return False

    def _is_copy(self, seen: SeenFile) -> bool:
        return seen.size >= _TELLING and any(
            mark.begin[0]
            and other.size >= seen.size
            and self._access.begins(seen, mark)
            and self._access.same(seen, other)
            for other, mark in self._there
        )
