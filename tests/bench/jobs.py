"""One function over many jobs, in this process or in two, with its progress told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

from rich.console import Console

Job = TypeVar("Job")
Result = TypeVar("Result")

_QUIET_S = 60.0


def each(
    function: Callable[[Job], Result],
    jobs: Sequence[Job],
    processes: int = 1,
    console: Console | None = None,
) -> Iterator[Result]:
    """The results in the order of the jobs, whatever the number of processes.

    Args:
        function: At the top of a module, so that another process finds it.
        jobs: Its arguments.
        processes: 1 works here.
        console: Told once a minute how far it is.
    """
    begun = told = time.monotonic()
    with ProcessPoolExecutor(processes, get_context("spawn")) if processes > 1 else _Here() as pool:
        for done, result in enumerate(pool.map(function, jobs), 1):
            yield result
            now = time.monotonic()
            if console is not None and now - told > _QUIET_S and done < len(jobs):
                told = now
                left = (now - begun) / done * (len(jobs) - done)
                console.print(f"  {done} of {len(jobs)}, about {left / 60:.0f} min to go")


class _Here:
    """A pool of this process alone."""

    def __enter__(self) -> _Here:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def map(self, function: Callable[[Job], Result], jobs: Sequence[Job]) -> Iterator[Result]:
        return map(function, jobs)
