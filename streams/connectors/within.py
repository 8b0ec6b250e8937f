"""Waiting for Kafka, but not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

_Result = TypeVar("_Result")

_END_SECONDS: Final = 5.0


async def within(seconds: float, work: Coroutine[Any, Any, _Result], what: str) -> _Result:
    """The result of some work, if it comes in time.

    Work that hangs may hang in being cancelled too, as a transaction does that cannot be taken
    back: it is left behind then.

    Args:
        seconds: That it may take.
        work: Begins now.
        what: Is done, for people.

    Returns:
        Its result.

    Raises:
        TimeoutError: If it takes longer.
        ConnectionError: If the work was cancelled, and we were not: so aiokafka breaks off.

    Example:
        >>> asyncio.run(within(0.01, asyncio.sleep(60), "the robot rests"))
        Traceback (most recent call last):
        ...
        TimeoutError: the robot rests: not done within 0.01 s
    """
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        await _end(task)
        raise
    if done:
        if task.cancelled():
            raise ConnectionError(f"{what}: was broken off")
        return task.result()
    await _end(task)
    raise TimeoutError(f"{what}: not done within {seconds:g} s")


async def _end(task: asyncio.Future[Any]) -> None:
    """Cancel, and look at what comes of it, so that nobody complains of it later."""
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    task.cancel()
    await asyncio.wait({task}, timeout=_END_SECONDS)
