"""A training in a process of its own, watched without holding up the event loop."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Final, Self, TypeVar

from . import child_process
from .challenger import Challenger
from .energy import reaped_cpu_seconds
from .errors import RegenerationError
from .training_job import TrainingJob
from .training_step import TrainingStep

_SPAWN: Final = multiprocessing.get_context("spawn")  # a forked child cannot use CUDA or threads
T = TypeVar("T")

_LAST_WORDS: Final = 5.0  # seconds for a child that has said all to end


class ChildDiedError(Exception):
    """The child ended without a result; the text says how.

    Args:
        text: How.
        memory: Whether memory was short, as far as one can tell.
    """

    def __init__(self, text: str, *, memory: bool = False) -> None:
        super().__init__(text)
        self.memory = memory


class TrainingChild:
    """A child that can do one training. It starts at once, and is killed by `close`.

    Start it early: it takes some seconds until Python and all libraries are there.

    Attributes:
        cpu_seconds: CPU time of the process, its start included, in s; known once it has ended.

    Example:
        >>> async def challenge(job: TrainingJob) -> Challenger:
        ...     with TrainingChild() as child:
        ...         return await child.train(job, tell=print, seconds=600)
    """

    def __init__(self) -> None:
        self.cpu_seconds = 0.0
        self._pipe, theirs = _SPAWN.Pipe()
        # One thread for both directions; none of the loop's own, which others may hold up.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="training-pipe")
        self._process: SpawnProcess = _SPAWN.Process(
            target=child_process.main, args=(theirs, os.getpid()), name="halflife-training"
        )
        # On Linux the child dies with the thread that starts it: this one, which stays.
        try:
            self._process.start()
        except OSError:
            self._pipe.close()
            raise
        finally:
            theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Kills the child, whatever it does."""
        self._process.kill()
        self._await_end(None)
        self._thread.shutdown()  # its pipe has ended with the child
        self._pipe.close()
        self._process.close()

    @property
    def pid(self) -> int:
        """The id of the process."""
        pid = self._process.pid
        if pid is None:
            raise RuntimeError("the child was not started")
        return pid

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.is_alive()

    async def train(
        self, job: TrainingJob, *, tell: Callable[[TrainingStep], None], seconds: float
    ) -> Challenger:
        """The challenger that the job leads to.

        Args:
            job: What to train on and how.
            tell: Is called, in the event loop, with how far it is.
            seconds: Longest that it may take, in s.

        Raises:
            RegenerationError: For what the training itself refuses, or when it takes too long.
            ChildDiedError: If the child was killed or crashed.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._in_thread(_send, self._pipe, job)
                while True:
                    said = await self._in_thread(_receive, self._pipe)
                    if not isinstance(said, TrainingStep):
                        break
                    tell(said)
        except TimeoutError:
            raise RegenerationError(
                f"the training took longer than {seconds:g} s (time_limit in the lab file)"
            ) from None
        if said is None:
            raise await self._in_thread(self._how_it_ended)
        if isinstance(said, RegenerationError):
            raise said
        if not isinstance(said, Challenger):
            raise TypeError(f"the child said {said!r}")
        return said

    async def _in_thread(self, function: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)

    def _await_end(self, seconds: float | None) -> None:
        """Waits for the process; the system tells what it took to whoever waits for its end."""
        before = reaped_cpu_seconds()
        self._process.join(seconds)
        self.cpu_seconds += reaped_cpu_seconds() - before

    def _how_it_ended(self) -> ChildDiedError:
        self._await_end(_LAST_WORDS)
        code = self._process.exitcode
        if code is not None and code < 0:
            name = signal.Signals(-code).name
            # The kernel kills what takes too much; it leaves no other word.
            memory = -code == signal.SIGKILL
            hint = " (out of memory?)" if memory else ""
            return ChildDiedError(f"the training was killed by {name}{hint}", memory=memory)
        if code == child_process.OUT_OF_MEMORY:
            return ChildDiedError("the training ran out of memory", memory=True)
        return ChildDiedError(f"the training ended without a result (exit code {code})")


def _send(pipe: Connection, job: TrainingJob) -> None:
    try:
        pipe.send(job)
    except BrokenPipeError:
        return  # the child is gone: receiving tells it too


def _receive(pipe: Connection) -> object:
    """What the child says next; None for its end."""
    try:
        said: object = pipe.recv()
    except (EOFError, ConnectionResetError):
        return None
    return said
