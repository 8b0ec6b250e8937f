"""Troubles that come again and again, said now and then."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

_EVERY: Final = 30.0


class Trouble:
    """Logs the first of many like warnings, and then one in 30 s with how many there were.

    Args:
        log: Where to.
        every: Seconds between two lines, at least.
        clock: Seconds, monotonic.

    Example:
        >>> trouble = Trouble(logging.getLogger("doctest"), clock=lambda: 0.0)
        >>> trouble.say("no broker"), trouble.say("no broker")
        (True, False)
    """

    def __init__(
        self,
        log: logging.Logger,
        *,
        every: float = _EVERY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._every = every
        self._clock = clock
        self._said: float | None = None
        self._unsaid = 0

    def say(self, text: str) -> bool:
        """Logs the text, or counts it; whether it was logged."""
        now = self._clock()
        if self._said is not None and now - self._said < self._every:
            self._unsaid += 1
            return False
        more = f" ({self._unsaid} more such warnings since the last)" if self._unsaid else ""
        self._log.warning("%s%s", text, more)
        self._said, self._unsaid = now, 0
        return True
