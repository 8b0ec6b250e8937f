"""The workers of one machine as child processes: started, started again, and never left behind."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from . import lifeline

_FIRST_WAIT: Final = 1.0  # seconds from a first death to the next start; doubled with each
_LONGEST_WAIT: Final = 30.0
_HEALTHY: Final = 60.0  # seconds after which a child counts as well, and its deaths are forgotten
_GRACE: Final = 20.0
_TAIL_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Death:
    """The end of a child that nobody asked for.

    Args:
        name: Which child.
        status: Its exit status; negative is the number of the signal that ended it.
        wait: Seconds until it is started again.
        deaths: How many in a row.
        log: Where its last words stand.
    """

    name: str
    status: int
    wait: float
    deaths: int
    log: Path

    @property
    def text(self) -> str:
        """The same in a sentence."""
        how = f"ended with status {self.status}"
        if self.status < 0:
            how = f"was ended by {signal.Signals(-self.status).name}"
        return f"the {self.name} {how}; it starts again in {self.wait:g} s ({self.log})"


@dataclass(slots=True)
class _Child:
    """A child process and what is known of it."""

    command: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    deaths: int = 0
    due: float = 0.0


class Supervisor:
    """Child processes that are started again when they die, and end when this process ends.

    Each child leads a process group, so that a Ctrl-C in the terminal comes to us alone, and its
    own children end with it. A small process holds a pipe to us and ends all groups if we are
    killed. Nothing happens in the background: whoever owns the supervisor calls ``poll``.

    Args:
        commands: Program and arguments by name.
        environment: All variables that the children get.
        log_folder: Gets ``NAME.log`` for each, appended to; made if absent.
        clock: Seconds that only rise.
        grace: Seconds from SIGTERM to SIGKILL when a child is stopped.

    Example:
        >>> supervisor = Supervisor({"worker": ["sleep", "60"]}, dict(os.environ),
        ...     Path("logs"))  # doctest: +SKIP
        >>> with supervisor:  # doctest: +SKIP
        ...     while not supervisor.poll():
        ...         time.sleep(1)
    """

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        environment: Mapping[str, str],
        log_folder: Path,
        *,
        clock: Callable[[], float] = time.monotonic,
        grace: float = _GRACE,
    ) -> None:
        self._environment = dict(environment)
        self._folder = log_folder
        self._clock = clock
        self._grace = grace
        self._children = {
            name: _Child(command, log_folder / f"{name}.log") for name, command in commands.items()
        }
        self._lifeline: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pids(self) -> dict[str, int]:
        """The process id of each child that runs, by name."""
        return {
            name: child.process.pid
            for name, child in self._children.items()
            if child.process is not None and child.process.poll() is None
        }

    def start(self) -> None:
        """Starts all children.

        Raises:
            OSError: For a program that is not there, or a log folder that cannot be written.
            RuntimeError: If they were started before.
        """
        if self._lifeline is not None:
            raise RuntimeError("the supervisor was started before")
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lifeline = subprocess.Popen(  # noqa: S603  # ourselves
            [sys.executable, "-I", "-S", lifeline.__file__, str(self._grace)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # what ends our group must not end it
        )
        try:
            for child in self._children.values():
                self._launch(child)
        except BaseException:
            self.stop()
            raise

    def poll(self) -> list[Death]:
        """Looks after the children, without waiting: those that died since the last call.

        One that died is started again by a later call, once its wait is over: 1 s, then twice as
        long after each death, 30 s at most, and 1 s again after 60 s of life.
        """
        found = []
        now = self._clock()
        for name, child in self._children.items():
            if child.process is None:
                if self._lifeline is not None and now >= child.due:
                    self._launch(child)
                continue
            status = child.process.poll()
            if status is None:
                continue
            lifeline.send(child.process.pid, signal.SIGKILL)  # its children, if it left some
            self._tell(f"-{child.process.pid}")
            child.process = None
            child.deaths = 1 if now - child.started >= _HEALTHY else child.deaths + 1
            wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(child.deaths - 1, 10))
            child.due = now + wait
            found.append(Death(name, status, wait, child.deaths, child.log))
        return found

    def stop(self) -> None:
        """Ends all children in good order; SIGKILL, for their own children too, after the grace."""
        running = [child.process for child in self._children.values() if child.process is not None]
        for process in running:
            process.terminate()  # the child alone: it ends its own children in its order
        deadline = time.monotonic() + self._grace
        for process in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
            lifeline.send(process.pid, signal.SIGKILL)
            process.wait()
            self._tell(f"-{process.pid}")
        for child in self._children.values():
            child.process = None
        watcher, self._lifeline = self._lifeline, None
        if watcher is not None:
            watcher.communicate()

    def last_words(self, name: str, lines: int = 15) -> str:
        """The last lines of a child's log; empty if it has said nothing."""
        log = self._children[name].log
        if not log.exists():
            return ""
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            text = file.read().decode("utf-8", errors="replace")
        return "\n".join(deque(text.splitlines(), maxlen=lines))

    def _launch(self, child: _Child) -> None:
        """Starts a child, its output in its log."""
        with child.log.open("ab") as log:
            child.process = self._spawn(child.command, log)
        child.started = self._clock()
        self._tell(f"+{child.process.pid}")

    def _spawn(self, command: Sequence[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603  # the commands are our owner's
            list(command),
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _tell(self, line: str) -> None:
        """Tells the lifeline which groups live; a lifeline that was killed is done without."""
        if self._lifeline is not None and self._lifeline.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._lifeline.stdin.write(line.encode() + b"\n")
                self._lifeline.stdin.flush()
