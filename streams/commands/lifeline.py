"""Ends process groups when whoever started them is gone, however it went.

A program of its own that imports nothing but the standard library, so that it starts at once and
stays small: ``python lifeline.py GRACE_SECONDS``. On its standard input, whose writing end the
supervisor holds, it is told the groups that live: ``+ID`` for one that began, ``-ID`` for one that
ended, a line each. At the end of the input, which also comes when the supervisor is killed
(SIGKILL), it ends those that are left: SIGTERM, and SIGKILL after the grace.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable
from typing import Final

_LOOK: Final = 0.05  # seconds from one look at the groups to the next


def living(lines: Iterable[str]) -> list[int]:
    """The groups that have begun and not ended.

    Example:
        >>> living(["+7", "+8", "-7"])
        [8]
    """
    groups: dict[int, None] = {}
    for line in lines:
        sign, group = line[:1], int(line[1:])
        if sign == "+":
            groups[group] = None
        else:
            groups.pop(group, None)
    return list(groups)


def send(group: int, number: int) -> bool:
    """Sends a signal to a process group (0 asks only whether it is there); whether it is there."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
        return True
    return False


def end(groups: Iterable[int], grace: float) -> None:
    """Ends process groups: SIGTERM, and SIGKILL for what is left after ``grace`` seconds."""
    left = [group for group in groups if send(group, signal.SIGTERM)]
    deadline = time.monotonic() + grace
    while left and time.monotonic() < deadline:
        time.sleep(_LOOK)
        left = [group for group in left if send(group, 0)]
    for group in left:
        send(group, signal.SIGKILL)


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_IGN)
    end(living(line.strip() for line in sys.stdin), float(sys.argv[1]))
