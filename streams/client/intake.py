"""Where the experiment's thread leaves its records: in memory, for some milliseconds."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from typing import Final

from .line import Line

_MOST: Final = 1000
_GATHERED_SECONDS: Final = 0.02


class Intake:
    """A queue between the threads that record and the one that writes: bounded, never waits.

    To wake up a thread costs the one that does it more than all the rest, where processors are
    scarce. So who takes waits a moment after the first record, and those that follow wake nobody.

    Args:
        most_bytes: Of all records in it; what comes beyond is counted and dropped.

    Example:
        >>> intake = Intake(most_bytes=6)
        >>> intake.put(Line(b"first")), intake.put(Line(b"second"))
        (True, True)
        >>> [line.json for line in intake.take(seconds=0)], intake.recorded, intake.dropped
        ([b'first'], 2, 1)
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._items: queue.SimpleQueue[Line | None] = queue.SimpleQueue()
        # Reentrant: a signal handler that records may interrupt one that is recording.
        self._lock = threading.RLock()
        self._bytes = 0
        self._held = 0
        self._shut = False
        self.recorded = 0
        self.dropped = 0

    def __len__(self) -> int:
        return self._held

    def put(self, line: Line) -> bool:
        """Takes a record in, or counts it as dropped; false if nothing is taken any more."""
        size = len(line.json)
        with self._lock:
            if self._shut:
                return False
            self.recorded += 1
            if self._bytes + size > self._most:
                self.dropped += 1
                return True
            self._bytes += size
            self._held += 1
            self._items.put(line)
        return True

    def shut(self) -> bool:
        """Takes nothing any more, if all that came in has been taken out; whether that is so."""
        with self._lock:
            self._shut = self._items.empty()
        return self._shut

    def wake(self) -> None:
        """Lets a ``take`` that waits return."""
        self._items.put(None)

    def take(self, seconds: float | None) -> list[Line]:
        """What has come, in order; empty if woken, or if nothing comes.

        Args:
            seconds: To wait for something; None waits for ever.
        """
        lines: list[Line] = []
        with contextlib.suppress(queue.Empty):
            if seconds == 0:
                item = self._items.get_nowait()
            else:
                item = self._items.get(timeout=seconds)
                time.sleep(_GATHERED_SECONDS if item is not None else 0.0)
            while item is not None:
                lines.append(item)
                if len(lines) == _MOST:
                    break
                item = self._items.get_nowait()
        return lines

    def taken(self, lines: list[Line]) -> None:
        """Says that records are kept elsewhere now: there is room again."""
        size = sum(len(line.json) for line in lines)
        with self._lock:
            self._bytes -= size
            self._held -= len(lines)
