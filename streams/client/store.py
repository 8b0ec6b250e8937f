"""All records that wait: on the disk, and in memory while the disk does not take them."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections import deque
from collections.abc import Sequence
from typing import Final

from .batch import Batch
from .line import Line
from .refused import Refused
from .seldom import Seldom
from .spool_file import SpoolFile
from .spool_folder import SpoolFolder, is_corrupt

_SHOWN: Final = 5


class Store:
    """Keeps records in their order until they are settled: accepted by the service, or refused.

    Records go to the spool. When the disk is full or away they stay in memory, as far as the limit
    allows, and move to the spool as soon as it takes them. When the spool is full the newest is
    given up: what was kept once stays.

    Args:
        folder: For the file.
        most_bytes: Of records in the file.
        most_memory: Bytes of records in memory.
        log: Is told, once in a while, what goes wrong.
    """

    def __init__(
        self, folder: SpoolFolder, *, most_bytes: int, most_memory: int, log: Seldom
    ) -> None:
        self.folder = folder
        self._most_bytes = most_bytes
        self._most_memory = most_memory
        self._log = log
        self.lock = threading.RLock()
        self.news = threading.Condition()
        self._file: SpoolFile | None = None
        self._memory: deque[bytes] = deque()
        self._memory_bytes = 0
        self._posted_from_memory = False
        self._settled_to = 0
        self._unwritten: list[Refused] = []
        self._closed = False
        self.kept = 0
        self.settled = 0
        self.sent = 0
        self.refusals = 0
        self.lost = 0
        self.trouble = ""
        self.last_refusals: deque[Refused] = deque(maxlen=_SHOWN)

    @property
    def waiting(self) -> int:
        """Records that are kept; a reader without the lock sees it a moment late."""
        return self.kept - self.settled

    @property
    def is_safe(self) -> bool:
        """Whether all that is kept is on the disk."""
        return not self._memory

    @property
    def path(self) -> str:
        """Of the file; empty while there is none."""
        file = self._file
        return "" if file is None else str(file.path)

    def open(self) -> None:
        """Opens the file, if that can be done now, and moves there what is in memory."""
        with self.lock:
            try:
                if self._file is None and not self._closed:
                    self._take_up(self.folder.open())
                if self._memory and not self._posted_from_memory and self._file is not None:
                    self._file.add(list(self._memory))
                    self._memory.clear()
                    self._memory_bytes = 0
                if self._file is not None and not self._memory:
                    self.trouble = ""
            except (sqlite3.Error, OSError) as error:
                self._failed(error)
        self.tell()

    def add(self, lines: Sequence[Line]) -> None:
        """Keeps records behind all others, and the refusals of those that cannot be sent."""
        good = [line.json for line in lines if line.refused is None]
        refused = [line.refused for line in lines if line.refused is not None]
        with self.lock:
            if self._file is None or self._memory:
                self.open()
            good = self._with_room(good)
            self._note(refused)
            if self._memory or not self._added(good, refused):
                self._remember(good)
                self._unwritten += refused
        self.tell()

    def first(self, most: int, most_bytes: int) -> Batch:
        """The records that wait longest; no lines if none do."""
        with self.lock:
            if self._file is not None:
                try:
                    lines, last = self._file.first(self._settled_to, most, most_bytes)
                    if lines:
                        return Batch(lines, last, self._file)
                except (sqlite3.Error, OSError) as error:
                    self._failed(error)
                    return Batch([], 0, None)  # those in memory are later ones
            lines = []
            for line in self._memory:
                most_bytes -= len(line) + 1
                if lines and (most_bytes < 0 or len(lines) == most):
                    break
                lines.append(line)
            self._posted_from_memory = bool(lines)
            return Batch(lines, 0, None)

    def settle(self, batch: Batch, refused: Sequence[Refused]) -> None:
        """A batch has been answered: nothing of it waits any more.

        Args:
            batch: As ``first`` gave it, or the beginning of it.
            refused: Those of it that the service did not accept.
        """
        with self.lock:
            self.sent += len(batch.lines) - len(refused)
            self._note(refused)
            self._unwritten += refused
            if batch.file is None:
                for _ in batch.lines[: len(self._memory)]:
                    self._memory_bytes -= len(self._memory.popleft())
                self._posted_from_memory = False
                self.settled += len(batch.lines)
            elif batch.file is self._file:
                self._settled_to = batch.last
                self.settled += len(batch.lines)
            else:  # the file was moved aside meanwhile: these are not lost with it
                self.lost -= len(batch.lines)
            self._write_settled()
        self.tell()

    def put_back(self, batch: Batch) -> None:
        """A batch has not been answered: it may move from memory to the disk."""
        if batch.file is None:
            with self.lock:
                self._posted_from_memory = False

    def refused(self) -> list[Refused]:
        """All that were refused and are still kept, the latest last."""
        with self.lock:
            if self._file is None:
                self.open()
            kept: list[Refused] = []
            if self._file is not None:
                try:
                    kept = self._file.refused()
                except (sqlite3.Error, OSError) as error:
                    self._failed(error)
            return kept + self._unwritten

    def count(self, sent: int, refused: Sequence[Refused]) -> None:
        """Counts what was sent out of a file that is left behind."""
        with self.lock:
            self.sent += sent
            self._note(refused)

    def adopt(self, other: SpoolFile) -> None:
        """Takes over the refusals of a file that is left behind.

        Raises:
            sqlite3.Error: If one of the two cannot be written.
        """
        with self.lock:
            if self._file is not None:
                self._file.add((), other.refused())
                other.forget_refused()

    def close(self) -> None:
        """Lets go of the file; what is only in memory then is lost, and counted."""
        self.open()
        with self.lock:
            self._closed = True
            if self._unwritten:
                self._write_settled()
            if self._memory:
                self._lose(len(self._memory), "the program ended before the disk took them")
                self.settled += len(self._memory)
                self._memory.clear()
            if self._file is not None:
                self._file.close()
                self._file = None
        self.tell()

    def tell(self) -> None:
        """Wakes up who waits for records, or for their end."""
        with self.news:
            self.news.notify_all()

    def _take_up(self, file: SpoolFile) -> None:
        self._file = file
        self._settled_to = 0
        self.kept += file.count
        for name in self.folder.moved_aside:
            self._log.error("a spool was corrupt and is moved aside: %s; a new one is begun", name)
        self.folder.moved_aside.clear()

    def _added(self, good: list[bytes], refused: list[Refused]) -> bool:
        if self._file is None:
            return False
        try:
            self._file.add(good, refused)
        except (sqlite3.Error, OSError) as error:
            self._failed(error)
            return False
        self.kept += len(good)
        return True

    def _with_room(self, lines: list[bytes]) -> list[bytes]:
        """As many records as the file may still hold."""
        left = self._most_bytes - (0 if self._file is None else self._file.bytes)
        for place, line in enumerate(lines):
            left -= len(line)
            if left < 0:
                said = f"the spool holds {self._most_bytes:,} bytes, its limit"
                self._lose(len(lines) - place, said)
                return lines[:place]
        return lines

    def _remember(self, lines: list[bytes]) -> None:
        for place, line in enumerate(lines):
            if self._memory_bytes + len(line) > self._most_memory:
                self._lose(len(lines) - place, "the disk takes no records, and memory is full too")
                break
            self._memory.append(line)
            self._memory_bytes += len(line)
            self.kept += 1

    def _lose(self, count: int, why: str) -> None:
        self.lost += count
        self._log.error("records are lost: %s", why)

    def _note(self, refused: Sequence[Refused]) -> None:
        self.refusals += len(refused)
        self.last_refusals.extend(refused)
        for one in refused:
            self._log.warning(
                "a record was not accepted: %s: %s: %s", one.reason, one.path or "-", one.text
            )

    def _write_settled(self) -> None:
        """Takes what is settled from the disk; where that fails, the next time does it too."""
        if self._file is None:
            return
        try:
            self._file.remove(self._settled_to, self._unwritten)
            self._unwritten = []
            if not self._memory:
                self.trouble = ""
        except (sqlite3.Error, OSError) as error:
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        """The disk did not do as it was told."""
        self.trouble = f"spool: {error}"
        self._log.error("records cannot be written to the disk, and stay in memory: %s", error)
        file = self._file
        if file is not None and is_corrupt(error):
            self._file = None
            count = self.kept - self.settled - len(self._memory)
            self.settled += count
            self._lose(count, f"{file.path} is corrupt and is moved aside")
            with contextlib.suppress(sqlite3.Error):
                file.close()
            with contextlib.suppress(OSError):
                self.folder.put_aside(file.path)
