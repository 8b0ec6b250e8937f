"""What went wrong with the broker, said so that its owner knows what to do."""

from __future__ import annotations


class BrokerError(RuntimeError):
    """A broker, its Java, its jars or its topics are not as they should be.

    The message is for the person at the terminal: what is wrong, and what to do.
    """
