"""Letting go of a Kafka client, whatever state it is in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any, Final

_log = logging.getLogger(__name__)
_SECONDS: Final = 5.0


async def close(client: Any) -> None:
    """Stops an aiokafka client; one that cannot end in good order is left behind.

    Args:
        client: A producer or consumer, started or not.
    """
    if not await _done(client.stop()):
        # What a consumer has under it still looks for its broker: stopping broke off before that.
        inner = getattr(client, "_client", None) or getattr(client, "client", None)
        if inner is not None:
            await _done(inner.close())


async def _done(work: Awaitable[Any]) -> bool:
    """Whether it ended in time and well.

    In a task of its own: while a broker is away, aiokafka's ``stop`` can raise the cancellation of
    a fetch that it broke off itself, and who awaits it would believe to be cancelled.
    """
    task = asyncio.ensure_future(work)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    try:
        await asyncio.wait({task}, timeout=_SECONDS)
    finally:
        task.cancel()
    error = None
    if not task.done():
        error = f"not within {_SECONDS:g} s"
    elif task.cancelled():
        error = "broken off"
    elif task.exception() is not None:
        error = repr(task.exception())
    if error is not None:
        _log.debug("could not stop a client in good order: %s", error)
    return error is None
