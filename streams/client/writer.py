"""The thread that takes records out of memory and puts them on the disk."""

from __future__ import annotations

from typing import Final

from .intake import Intake
from .line import Line
from .seldom import Seldom
from .store import Store

_AGAIN_SECONDS: Final = 1.0


class Writer:
    """Moves what comes in to the store: all that has come by then in one transaction.

    Args:
        intake: Where records come in.
        store: Where they wait.
        log: Is told, once in a while, what goes wrong.
    """

    def __init__(self, intake: Intake, store: Store, log: Seldom) -> None:
        self._intake = intake
        self._store = store
        self._log = log
        self._ending = False
        self._dropped = 0
        self.written = 0

    def end(self) -> None:
        """Lets ``run`` return when all that has come in is written."""
        self._ending = True
        self._intake.wake()

    def run(self) -> None:
        """Writes until it is to end."""
        self._store.open()
        while True:
            if not (lines := self._intake.take(self._patience())):
                if self._ending and self._intake.shut():
                    return
                self._store.open()
            self._write(lines)
            if self._intake.dropped > self._dropped:
                self._dropped = self._intake.dropped
                self._log.error(
                    "records are lost, %d so far: more come in than the disk takes, and memory "
                    "is full",
                    self._dropped,
                )

    def _patience(self) -> float | None:
        if self._ending:
            return 0.0
        return _AGAIN_SECONDS if self._store.trouble else None

    def _write(self, lines: list[Line]) -> None:
        try:
            self._store.add(lines)
        except Exception as error:  # noqa: BLE001  # nothing may end this thread but its end
            self._log.error("records are lost: %s: %s", type(error).__name__, error)
        self._intake.taken(lines)
        self.written += len(lines)
        self._store.tell()
