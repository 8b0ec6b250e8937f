"""The thread that sends what waits."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from .answer import Answer
from .batch import Batch
from .refused import Refused
from .seldom import Seldom
from .service import Service
from .service_away import ServiceAway
from .spool_file import SpoolFile
from .store import Store

_MOST: Final = 500
_MOST_BYTES: Final = 1 << 20
_FIRST_WAIT: Final = 0.25
_LEFT_BEHIND_SECONDS: Final = 60.0
_LONGEST_ASKED: Final = 300.0
"""Seconds: more than this is not waited, whatever Retry-After says."""


class Sender:
    """Sends records in their order, each batch until it is answered.

    A batch whose answer is lost is sent again, with the same identities: the service and what comes
    after it know the second one by them.

    Args:
        store: Holds what waits.
        service: To send it to.
        log: Is told, once in a while, what goes wrong.
        longest_wait: Seconds between two tries, at most, unless the service asks for more.
        random: From 0 to 1: spreads the tries of several clients.
        clock: Seconds since 1970, UTC.
    """

    def __init__(
        self,
        store: Store,
        service: Service,
        *,
        log: Seldom,
        longest_wait: float,
        random: Callable[[], float],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._service = service
        self._log = log
        self._longest_wait = longest_wait
        self._random = random
        self._clock = clock
        self._most = _MOST
        self._failures = 0
        self._ending = threading.Event()
        self._looked_at = float("-inf")
        self._asked: float | None = None
        self.connected: bool | None = None
        self.trouble = ""

    def end(self) -> None:
        """Lets ``run`` return when nothing waits any more, or at the first trouble."""
        self._ending.set()
        self._store.tell()

    def run(self) -> None:
        """Sends until it is to end."""
        self._store.open()  # before files are looked for that nobody holds
        while True:
            try:
                if not self._step():
                    break
            except Exception as error:  # noqa: BLE001  # nothing may end this thread but its end
                self._log.error("the client stumbled: %s: %s", type(error).__name__, error)
                if self._ending.wait(1.0):
                    break
        self._service.close()

    def _step(self) -> bool:
        """Whether there is more to do."""
        batch = self._store.first(self._most, _MOST_BYTES)
        if batch.lines:
            if self._send(batch):
                return True
            return not self._ending.is_set() and self._paused()
        if self._ending.is_set():
            return False
        if time.monotonic() - self._looked_at > _LEFT_BEHIND_SECONDS:
            self._looked_at = time.monotonic()
            self._send_left_behind()
            return True
        with self._store.news:
            if not self._store.waiting and not self._ending.is_set():
                self._store.news.wait(_LEFT_BEHIND_SECONDS)
            elif not self._ending.is_set():
                self._store.news.wait(1.0)  # the disk does not give what waits on it
        return True

    def _send_left_behind(self) -> None:
        """Sends what processes have left that were killed and not started again."""
        for file in self._store.folder.left_behind():
            try:
                while self._send_first_of(file):
                    if self._store.waiting:  # what is recorded now does not wait for what is old
                        self._looked_at = float("-inf")
                        return
                if not file.count:
                    self._store.adopt(file)
            except sqlite3.Error as error:
                self._log.warning("a spool that was left behind cannot be sent: %s", error)
            finally:
                file.close()
            if self._failures or self._ending.is_set():
                break

    def _send_first_of(self, file: SpoolFile) -> bool:
        """Whether there was something, and it could be sent."""
        lines, last = file.first(0, self._most, _MOST_BYTES)
        if not lines or self._ending.is_set():
            return False
        batch = Batch(lines, last, file)
        said = self._answered(batch)
        if said is None:
            return self._failures == 0
        file.remove(last, said[1])
        self._store.count(len(lines) - len(said[1]), said[1])
        return True

    def _send(self, batch: Batch) -> bool:
        """Whether the next one may follow at once."""
        said = self._answered(batch)
        if said is None:
            self._store.put_back(batch)
            return self._failures == 0
        self._store.settle(*said)
        return True

    def _answered(self, batch: Batch) -> tuple[Batch, list[Refused]] | None:
        """The records that are settled, and those of them that were refused; None for no answer."""
        try:
            answer = self._service.post(batch.lines)
        except ServiceAway as error:
            self._stuck(f"{self._service.url}: {error}", None)
            return None
        found = answer.refusals(len(batch.lines))
        if found is not None:
            self._well()
            return batch, [self._refused(batch.lines[i], *found[i]) for i in sorted(found)]
        if not answer.is_too_much:
            self._stuck(f"{self._service.url}: {answer.told()}", answer)
            return None
        self._well()
        if len(batch.lines) > 1:
            self._most = len(batch.lines) // 2
            return None
        reason = "too-large" if answer.status == 413 else "not-understood"
        return batch, [self._refused(batch.lines[0], reason, "", answer.told())]

    def _refused(self, line: bytes, reason: str, path: str, text: str) -> Refused:
        now = datetime.fromtimestamp(self._clock(), UTC).isoformat().replace("+00:00", "Z")
        return Refused(line.decode("utf-8", "replace"), reason, path, text, now)

    def _well(self) -> None:
        if self._failures:
            self._log.info("%s answers again", self._service.url)
        self._failures = 0
        self._most = min(_MOST, self._most + self._most // 8 + 1)
        self.connected, self.trouble = True, ""

    def _stuck(self, text: str, answer: Answer | None) -> None:
        self._failures += 1
        self.connected, self.trouble = False, text
        self._asked = None if answer is None else answer.wait_seconds(self._clock())
        self._log.warning("records wait here: %s", text)

    def _paused(self) -> bool:
        """Waits before the next try; true."""
        wait = min(self._longest_wait, _FIRST_WAIT * 2 ** min(self._failures - 1, 20))
        wait *= 0.5 + 0.5 * self._random()
        if self._asked is not None:
            wait = min(self._asked, _LONGEST_ASKED) + _FIRST_WAIT * self._random()
        self._ending.wait(wait)
        return True
