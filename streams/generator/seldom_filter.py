"""Keeps the Kafka client from filling the log while the broker is away."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

_EVERY: Final = 30.0


class SeldomFilter(logging.Filter):
    """Lets each kind of message of some loggers pass once in 30 s; of others, every one.

    A kind is a logger and the text before values are put in. aiokafka says that it cannot connect
    several times in a second, for as long as it cannot. Put it on handlers: a filter on a logger
    does not see what its children log.

    Args:
        name: The loggers that it holds back: this one and its children.
        every: Seconds between two messages of a kind.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        name: str = "aiokafka",
        *,
        every: float = _EVERY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(name)
        self._every = every
        self._clock = clock
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record may pass."""
        if not super().filter(record) or record.levelno < logging.WARNING:
            return True
        kind = (record.name, str(record.msg))
        now = self._clock()
        if now - self._said.get(kind, float("-inf")) < self._every:
            return False
        self._said[kind] = now
        return True
