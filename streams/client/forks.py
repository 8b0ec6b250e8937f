"""What becomes of a client when its process forks."""

from __future__ import annotations

import os
import weakref
from typing import Protocol

from .runner import Runner

_LOCK_SECONDS = 1.0


class Forked(Protocol):
    """Something with a runner that a child needs one of its own of."""

    def runner_now(self) -> Runner:
        """That runs in this process."""

    def begin_in_child(self) -> None:
        """Begins anew: there are no threads, and the file is the parent's."""


def follow_forks(client: Forked) -> None:
    """Gives each child of this process a runner of its own, and the parent's records to the parent.

    Args:
        client: Is not kept alive by this.
    """
    if not hasattr(os, "register_at_fork"):  # Windows has no fork
        return
    weak = weakref.ref(client)
    held: list[Runner] = []

    def before() -> None:
        """Nobody is within SQLite while the process is copied: its locks would be copied too."""
        found = weak()
        if found is not None:
            runner = found.runner_now()
            if runner.store.lock.acquire(timeout=_LOCK_SECONDS):
                held.append(runner)

    def in_parent() -> None:
        while held:
            held.pop().store.lock.release()

    def in_child() -> None:
        held.clear()
        found = weak()
        if found is not None:
            _abandon(found.runner_now())
            found.begin_in_child()

    os.register_at_fork(before=before, after_in_parent=in_parent, after_in_child=in_child)


def _abandon(runner: Runner) -> None:
    """Keeps what a child has of its parent's runner from ever being taken apart.

    SQLite would tidy up the file as it is closed, and the file is the parent's.
    """
    import ctypes

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(runner))
