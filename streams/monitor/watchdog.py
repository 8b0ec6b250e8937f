"""Ends a worker that is stuck: a dead worker is replaced, a stuck one is not."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Final

log = logging.getLogger(__name__)

EXIT_STUCK: Final = 70
_LOOK_SECONDS: Final = 1.0


class Watchdog:
    """A thread that ends the process when it makes no progress.

    Args:
        stuck: Why the process is stuck, or None if it is not; called from another thread.
        end: Ends the process; ``os._exit``, because a stuck loop runs no clean-up.
    """

    def __init__(
        self, stuck: Callable[[], str | None], *, end: Callable[[int], object] = os._exit
    ) -> None:
        self.stuck = stuck
        self.end = end
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True, name="watchdog")

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._stop.set()

    def _watch(self) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            why = self.stuck()
            if why is not None:
                log.critical("this worker is stuck and ends itself: %s", why)
                logging.shutdown()
                self.end(EXIT_STUCK)
                return


def end_within(seconds: float, *, end: Callable[[int], object] = os._exit) -> threading.Timer:
    """End the process with status 0 in so many seconds, if it has not ended by then.

    For a worker that was told to end: its clients may wait for a Kafka that is away, and what
    they still hold is done again by the next worker.

    Args:
        seconds: From now.
        end: Ends the process.
    """

    def give_up() -> None:
        log.warning("not ended in good order within %g s (is Kafka away?): ends now", seconds)
        logging.shutdown()
        end(0)

    timer = threading.Timer(seconds, give_up)
    timer.daemon = True
    timer.start()
    return timer


class Heartbeat:
    """Seconds since the event loop last turned.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.last = clock()

    def beat(self) -> None:
        """The loop has turned."""
        self.last = self.clock()

    @property
    def silent(self) -> float:
        """Seconds since the last beat."""
        return self.clock() - self.last
