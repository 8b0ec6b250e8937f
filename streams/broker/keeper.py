"""Keeps one Java process: writes its log, and ends it when whoever started it is gone.

A program of its own that imports nothing but the standard library, so that it starts at once and
stays small: ``python keeper.py LOG LOG_BYTES GRACE_SECONDS COMMAND...``. It is told what to do
over its standard input, whose writing end its parent holds: ``kill`` ends the process at once
(SIGKILL); the end of the input, which also comes when the parent is killed, ends it in good order
(SIGTERM, and SIGKILL if it takes longer than the grace). On its standard output it says the id of
the process, once. Its exit status is that of the process.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

_LOOK_AFTER_PARENT: Final = 0.5  # seconds; where a forked sibling holds the pipe open


class Keeper:
    """One Java process with its log.

    Args:
        command: Program and arguments.
        log: File that gets what the process prints; the one before it is kept as ``.1``.
        log_bytes: Size at which a new log file is begun.
        grace: Seconds from SIGTERM to SIGKILL.
    """

    def __init__(self, command: list[str], log: Path, log_bytes: int, grace: float) -> None:
        self._log = log
        self._log_bytes = log_bytes
        self._grace = grace
        self._parent = os.getppid()
        self._file = log.open("ab")
        self._process = subprocess.Popen(  # noqa: S603  # the command is our parent's
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  # no threads here
        )

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    def run(self) -> int:
        """Waits for the end of the process, by itself or as told; its exit status."""
        output = self._process.stdout
        if output is None:  # only where Popen was not asked for a pipe
            raise RuntimeError("the process has no output to read")
        deadline: float | None = None
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            selector.register(sys.stdin.buffer, selectors.EVENT_READ)
            while selector.get_map():
                for key, _ in selector.select(_LOOK_AFTER_PARENT):
                    data = os.read(key.fd, 65536)
                    if key.fileobj is output:
                        self._write(data)
                        if not data:
                            return self._process.wait()
                    elif b"kill" in data:
                        self._process.kill()
                    elif not data:
                        selector.unregister(key.fileobj)
                        deadline = self._terminate(deadline)
                if os.getppid() != self._parent:
                    deadline = self._terminate(deadline)
                if deadline is not None and time.monotonic() > deadline:
                    self._process.kill()
        return self._process.wait()

    def _terminate(self, deadline: float | None) -> float:
        """Asks the process to end, once; the moment at which patience ends."""
        if deadline is not None:
            return deadline
        self._process.terminate()
        return time.monotonic() + self._grace

    def _write(self, data: bytes) -> None:
        """Appends to the log; a full disk must not stop the process."""
        with contextlib.suppress(OSError):
            self._file.write(data)
            self._file.flush()
            if self._file.tell() >= self._log_bytes:
                self._file.close()
                self._log.replace(self._log.with_name(self._log.name + ".1"))
                self._file = self._log.open("ab")


def _die_with_parent() -> None:
    """Linux: the process is killed when the keeper is, even by SIGKILL."""
    set_parent_death_signal = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


def main(arguments: list[str]) -> int:
    """Runs the keeper with the arguments that the module describes."""
    log, log_bytes, grace, *command = arguments
    keeper = Keeper(command, Path(log), int(log_bytes), float(grace))
    sys.stdout.write(f"{keeper.pid}\n")
    sys.stdout.flush()
    return keeper.run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
