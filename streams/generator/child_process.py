"""What runs in the spawned child. Imports nothing heavy before it dies with its parent."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
import traceback
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .training_step import TrainingStep

_TELL_SECONDS: Final = 0.5
_PR_SET_PDEATHSIG: Final = 1  # <sys/prctl.h>

OUT_OF_MEMORY: Final = 77
"""Exit code of a child for which memory, of the machine or of the GPU, was too short."""


def main(pipe: Connection, parent: int) -> None:
    """Receives a job, tells how far it is, and sends a `Challenger` or a `RegenerationError`.

    Args:
        pipe: To the worker.
        parent: Process id of the worker.
    """
    die_with_parent(parent)
    # Ctrl-C goes to the whole terminal: what becomes of us is for the worker to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        _serve(pipe)
    except Exception as error:
        if not out_of_memory(error):
            raise
        # It may pass, or do with a smaller model: for the worker to say.
        traceback.print_exc()
        sys.exit(OUT_OF_MEMORY)


def _serve(pipe: Connection) -> None:
    from .errors import RegenerationError
    from .training import train, warm_up

    warm_up()
    try:
        job = pipe.recv()
    except EOFError:  # nobody needs us any more
        return
    try:
        pipe.send(train(job, _Teller(pipe)))
    except (RegenerationError, ValueError) as error:
        if out_of_memory(error):
            raise
        pipe.send(RegenerationError(str(error)))
    except Exception as error:  # a bug ends this request, not the worker
        if out_of_memory(error):
            raise
        text = f"{type(error).__name__}: {error}"
        traceback.print_exc()
        pipe.send(RegenerationError(f"the training ended with an error: {text}"))


def out_of_memory(error: Exception) -> bool:
    """Whether an error is of memory: Python's own, or torch's of a GPU.

    Example:
        >>> out_of_memory(MemoryError()), out_of_memory(ValueError("memory"))
        (True, False)
    """
    # torch is not imported here for the name of a class.
    told: BaseException | None = error
    while told is not None:  # what tidies up may fail as well, and hide it
        if isinstance(told, MemoryError) or type(told).__name__ == "OutOfMemoryError":
            return True
        told = told.__cause__ or told.__context__
    return False


def die_with_parent(parent: int) -> None:
    """From here on this process ends when its parent does, even by SIGKILL."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_follow_parent, daemon=True, name="follow-parent").start()
    if os.getppid() != parent:  # it died before it could be followed
        os._exit(1)


def _follow_parent() -> None:
    """For systems other than Linux: the sentinel ends with the parent."""
    followed = parent_process()
    if followed is not None:
        wait([followed.sentinel])
        os._exit(1)


class _Teller:
    """Sends steps to the worker: a new phase at once, others now and then."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._phase = ""
        self._due = 0.0

    def __call__(self, step: TrainingStep) -> None:
        now = time.monotonic()
        if step.phase != self._phase or now >= self._due:
            self._phase = step.phase
            self._due = now + _TELL_SECONDS
            self._pipe.send(step)
