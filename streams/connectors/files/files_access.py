"""Opens files so that nothing else can take their place meanwhile."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from .file_mark import FileMark
from .folder import Folder
from .likeness import Likeness, compare, digest_begin, digest_whole, same_bytes
from .seen_file import SeenFile

_OLD: Final = 60.0  # seconds; a file that was changed before that is settled whatever is seen


class FilesAccess:
    """Looks into files, and knows for how long each has not changed.

    Args:
        folder: Where they are.
        settle: Seconds after which a file that does not change is settled.
        clock: Seconds since 1970.
    """

    def __init__(self, folder: Folder, settle: float, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._settle = settle
        self._clock = clock
        self._since: dict[int, tuple[int, int, float]] = {}
        self._read: dict[int, tuple[int, int, int]] = {}
        self._begins: dict[tuple[int, int, int], tuple[int, str]] = {}

    def read_up(self, seen: SeenFile, mark: FileMark) -> None:
        """Notes that there is nothing more in a file now."""
        self._read[seen.inode] = (seen.size, seen.modified, mark.offset)

    def is_read_up(self, seen: SeenFile, mark: FileMark) -> bool:
        """Whether nothing can have come since ``read_up``."""
        return self._read.get(seen.inode) == (seen.size, seen.modified, mark.offset)

    def saw(self, files: list[SeenFile]) -> None:
        """Notes how files are now."""
        now = time.monotonic()
        since = {}
        for seen in files:
            size, modified, first = self._since.get(seen.inode, (-1, -1, now))
            same = (size, modified) == (seen.size, seen.modified)
            since[seen.inode] = (seen.size, seen.modified, first if same else now)
        self._since = since
        self._read = {inode: last for inode, last in self._read.items() if inode in since}
        self._begins = {}

    def settled(self, seen: SeenFile) -> bool:
        """Whether it has not changed for a while."""
        since = self._since.get(seen.inode, (0, 0, time.monotonic()))[2]
        if time.monotonic() - since >= self._settle:
            return True
        return self._clock() - seen.modified / 1e9 > max(self._settle, _OLD)

    @contextmanager
    def open(self, seen: SeenFile) -> Iterator[int]:
        """A handle to read from.

        Raises:
            FileNotFoundError: If it is gone, or another file is there now.
            OSError: If it cannot be read.
        """
        # Without waiting: what has become a pipe since would keep us for ever.
        path = os.path.realpath(self._folder.full(seen.path))
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode) or status.st_ino != seen.inode:
                raise FileNotFoundError(2, "another file is there now", seen.path)
            yield handle
        finally:
            os.close(handle)

    def like(self, seen: SeenFile, mark: FileMark) -> Likeness:
        """What a file has to do with a mark."""
        if self.is_read_up(seen, mark):
            return Likeness.SAME
        with self.open(seen) as handle:
            return compare(handle, seen.size, mark, settled=self.settled(seen))

    def begins(self, seen: SeenFile, mark: FileMark) -> bool:
        """Whether a file begins as that of a mark did."""
        length = mark.begin[0]
        if not length or seen.size < length:
            return False
        whole = mark.format == "parquet"
        key = (seen.device, seen.inode, 0 if whole else length)
        if key not in self._begins:
            with self.open(seen) as handle:
                self._begins[key] = (
                    (1, digest_whole(handle, seen.size)) if whole else digest_begin(handle, length)
                )
        return self._begins[key] == mark.begin

    def same(self, one: SeenFile, two: SeenFile) -> bool:
        """Whether all of one file stands at the beginning of another."""
        with self.open(one) as first, self.open(two) as second:
            return same_bytes(first, second, one.size)
