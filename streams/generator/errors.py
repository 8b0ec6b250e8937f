"""What ends a request without a batch.

    RegenerationError      a request that no retry can answer: its outcome is "failed"
    +-- LogGoneError       messages that were asked for are not in the log any more

Troubles of the broker are no errors of a request: they pass, and it is tried again.
"""

from __future__ import annotations

__all__ = ["LogGoneError", "RegenerationError"]


class RegenerationError(Exception):
    """A request that cannot be answered with a batch, however often it is tried.

    The text is the outcome's, for people.
    """


class LogGoneError(RegenerationError):
    """Messages that retention has removed, or a topic that was made anew."""
