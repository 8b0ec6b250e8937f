"""The body of a request, received within its limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from .budget import Budget
from .limits import Limits
from .turned_away import TurnedAway
from .unpack import too_large, unpack

_ASIDE: Final = 1 << 16  # packed bytes from which on unpacking would hold up the others


@asynccontextmanager
async def received(request: web.Request, limits: Limits, budget: Budget) -> AsyncIterator[bytes]:
    """The whole body, unpacked; it counts as in flight while the context lasts.

    Args:
        request: Of which nothing was read yet.
        limits: Of one request.
        budget: Of all of them.

    Raises:
        TurnedAway: 408, 413, 415, 429, or 400 for a body that is cut off or broken.
    """
    if (request.content_length or 0) > limits.body:
        raise too_large(limits.body)
    budget.check(min(request.content_length or 0, limits.body))
    held = 0
    pieces: list[bytes] = []
    try:
        try:
            async with asyncio.timeout(limits.body_seconds):
                async for piece in request.content.iter_any():
                    budget.take(len(piece))
                    held += len(piece)
                    pieces.append(piece)
                    if held > limits.body:
                        raise too_large(limits.body)
        except TimeoutError:
            text = f"The body did not come within {limits.body_seconds:g} s."
            raise TurnedAway(408, "slow", text, headers={"Connection": "close"}) from None
        except (web.RequestPayloadError, HttpProcessingError, OSError) as error:
            text = f"The body is not whole: {str(error)[:200] or type(error).__name__}."
            raise TurnedAway(400, "broken-body", text) from None
        body = b"".join(pieces)
        encoding = request.headers.get("Content-Encoding", "")
        if encoding:
            if len(body) > _ASIDE:
                body = await asyncio.to_thread(unpack, body, encoding, limits.body)
            else:
                body = unpack(body, encoding, limits.body)
            budget.take(len(body))
            held += len(body)
        yield body
    finally:
        budget.give_back(held)
