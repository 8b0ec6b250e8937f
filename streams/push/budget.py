"""Bytes in flight, and an end to them."""

from __future__ import annotations

from .turned_away import TurnedAway


class Budget:
    """Counts bytes that were received and that Kafka does not have yet.

    Args:
        most: Bytes with which no more are received.

    Example:
        >>> budget = Budget(100)
        >>> budget.take(60)
        >>> try:
        ...     budget.take(60)
        ... except TurnedAway as error:
        ...     print(error.status, budget.used)
        429 60
        >>> budget.give_back(60)
        >>> budget.used
        0
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.used = 0

    def check(self, size: int = 0) -> None:
        """Nothing, if that many more bytes may come.

        Raises:
            TurnedAway: 429, if they may not.
        """
        if self.used and self.used + size > self.most:
            text = (
                f"Too much at once: {self.most:,} bytes may be on their way to Kafka. "
                "Send it again a little later."
            )
            raise TurnedAway(429, "busy", text, retry_after=1)

    def take(self, size: int) -> None:
        """Count bytes that have come from outside.

        Raises:
            TurnedAway: As ``check``; then they are not counted.
        """
        self.check(size)
        self.used += size

    def add(self, size: int) -> None:
        """Count bytes that were made of what was already counted: there is always room."""
        self.used += size

    def give_back(self, size: int) -> None:
        """These are gone."""
        self.used -= size
