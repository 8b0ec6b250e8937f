"""Tells browsers what has changed, as it changes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

import orjson
from aiohttp import web

_EVERY: Final = 1.0
_BEAT: Final = 5.0
_MOST: Final = 64
_HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # a proxy that waits for more would hold back what is new
}


class EventStream:
    """Server-sent events: each stream whose glance has changed, at most once a second.

    The first event has all streams, the next only those that differ, so that a quiet lab costs
    nothing. All browsers share one look at the board.

    Args:
        look: Gives the state at a time, with its ``streams`` by name.
        clock: Seconds since 1970.
        every: Seconds between two looks.
        timer: Seconds, for the time between looks.
    """

    def __init__(
        self,
        look: Callable[[float], dict[str, Any]],
        *,
        clock: Callable[[], float] = time.time,
        every: float = _EVERY,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look = look
        self._clock = clock
        self._every = every
        self._timer = timer
        self._looked = float("-inf")
        self._streams: dict[str, bytes] = {}
        self._rest: dict[str, Any] = {}
        self._open = 0
        self._closing: asyncio.Event | None = None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Goes on until the browser leaves or the worker stops."""
        if self._open >= _MOST:
            return web.Response(status=503, text="Too many pages look at this worker.\n")
        closing = self._closing = self._closing or asyncio.Event()
        response = web.StreamResponse(headers=_HEADERS)
        await response.prepare(request)
        self._open += 1
        try:
            await self._tell(response, closing)
        except ConnectionResetError:
            pass  # the browser has left
        finally:
            self._open -= 1
        return response

    async def close(self, _app: object = None) -> None:
        """Let all browsers go: they come back by themselves."""
        if self._closing is not None:
            self._closing.set()

    async def _tell(self, response: web.StreamResponse, closing: asyncio.Event) -> None:
        await response.write(b"retry: 2000\n\n")
        seen: dict[str, bytes] = {}
        beat = float("-inf")
        while not closing.is_set():
            self._refresh()
            changed = [n for n, told in self._streams.items() if seen.get(n) is not told]
            if changed or self._looked - beat >= _BEAT:
                await response.write(self._event(changed))
                seen, beat = dict(self._streams), self._looked
            try:
                await asyncio.wait_for(closing.wait(), self._every)
            except TimeoutError:
                continue

    def _refresh(self) -> None:
        now = self._timer()
        if now - self._looked < self._every / 2:
            return
        state = self._look(self._clock())
        fresh = {name: orjson.dumps(view) for name, view in state.pop("streams").items()}
        # What is the same stays the same object: comparing is then free for each browser.
        known = self._streams
        self._streams = {n: known[n] if known.get(n) == told else told for n, told in fresh.items()}
        self._rest, self._looked = state, now

    def _event(self, changed: list[str]) -> bytes:
        streams = b",".join(orjson.dumps(name) + b":" + self._streams[name] for name in changed)
        rest = orjson.dumps({**self._rest, "names": sorted(self._streams)})[:-1]
        return b"event: state\ndata: " + rest + b',"streams":{' + streams + b"}}\n\n"
