"""Spawned processes for the heavy parts, so that the event loop never stands still."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Final

from halflife.streams.watch.work import Work, warm_up

log = logging.getLogger(__name__)

ATTEMPTS: Final = 3
_LOOK_FOR_PARENT: Final = 1.0
_END_SECONDS: Final = 2.0


class Pool:
    """Runs ``Work`` in spawned processes; one that is killed is replaced and its work done again.

    The work is pure, so doing it twice changes nothing.

    Args:
        processes: How many.
        prepare: Is called in each process before any work: imports, mostly.
    """

    def __init__(self, processes: int, *, prepare: Callable[[], object] = warm_up) -> None:
        self.processes = processes
        self.prepare = prepare
        self._executor: ProcessPoolExecutor | None = None

    def start(self) -> None:
        """Begin to start the processes; the first work may wait for them."""
        self._executor = ProcessPoolExecutor(
            self.processes,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_follow_parent,
            initargs=(os.getpid(),),
        )
        for _ in range(self.processes):
            self._executor.submit(self.prepare)

    def stop(self) -> None:
        """End the processes; work that runs is not waited for."""
        if self._executor is not None:
            processes = list((self._executor._processes or {}).values())  # noqa: SLF001 - no public way to end them
            manager = self._executor._executor_manager_thread  # noqa: SLF001 - nor to wait so long alone
            self._executor.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.kill()
            if manager is not None:
                # Else the interpreter, at its end, may wake a thread that is closing its pipe.
                manager.join(_END_SECONDS)  # type: ignore[attr-defined]  # a thread, whatever the stubs say
            self._executor = None

    async def run(self, work: Work) -> Any:
        """The result of some work.

        Raises:
            BrokenProcessPool: If its process was killed again and again.
        """
        for attempt in range(1, ATTEMPTS + 1):
            executor = self._executor
            if executor is None:
                raise RuntimeError("the pool is not started")
            try:
                future = executor.submit(work.function, *work.arguments)
                return await asyncio.wrap_future(future)
            except BrokenProcessPool:
                log.warning(
                    "a process for %s was killed (attempt %d of %d)",
                    work.function.__name__, attempt, ATTEMPTS,
                )  # fmt: skip
                if self._executor is executor:
                    self.stop()
                    self.start()
        raise BrokenProcessPool(f"{work.function.__name__} was killed {ATTEMPTS} times")


def _follow_parent(parent: int) -> None:
    """End this process when the worker that started it is gone, however it went."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_FOR_PARENT)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="follow-parent").start()
