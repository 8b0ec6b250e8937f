"""A log that says each thing once in a while, however often it happens."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

_EVERY: Final = 60.0


class Seldom:
    """Hands to a logger the first message of each kind in a minute, with the number left out.

    A kind is the text before values are put in. Only background threads may log: the experiment's
    own handlers may be slow.

    Args:
        logger: That the messages go to.
        every: Seconds between two messages of a kind.
        clock: Seconds, monotonic.

    Example:
        >>> seldom = Seldom(logging.getLogger("none"))
        >>> seldom.warning("away: %s", "refused"), seldom.warning("away: %s", "refused")
        (True, False)
    """

    def __init__(
        self,
        logger: logging.Logger,
        *,
        every: float = _EVERY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._logger = logger
        self._every = every
        self._clock = clock
        self._said: dict[str, tuple[float, int]] = {}

    def info(self, text: str, *values: object) -> bool:
        """Says that something is well again; whether it was said."""
        return self._say(logging.INFO, text, values)

    def warning(self, text: str, *values: object) -> bool:
        """Says that something does not work now; whether it was said."""
        return self._say(logging.WARNING, text, values)

    def error(self, text: str, *values: object) -> bool:
        """Says that something is lost, or will be; whether it was said."""
        return self._say(logging.ERROR, text, values)

    def _say(self, level: int, text: str, values: tuple[object, ...]) -> bool:
        now = self._clock()
        last, silent = self._said.get(text, (float("-inf"), 0))
        if now - last < self._every:
            self._said[text] = (last, silent + 1)
            return False
        self._said[text] = (now, 0)
        more = f" (and {silent:,} times since the last message)" if silent else ""
        self._logger.log(level, text + more, *values)
        return True
