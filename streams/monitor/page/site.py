"""The addresses of the live page."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import web

from halflife.streams.monitor.board import Board

from .assets import Assets
from .event_stream import EventStream
from .guard import Guard
from .orders import Orders

_PACK_FROM = 1000


class Site:
    """Serves the page and what it shows.

    | address | answer |
    |---|---|
    | ``/`` | the page |
    | ``/static/NAME`` | its files |
    | ``/state`` | all streams at a glance |
    | ``/events`` | the same as it changes, as server-sent events |
    | ``/streams/NAME`` | one stream |
    | ``/streams/NAME/columns/COLUMN`` | one column, real and synthetic |
    | ``/streams/NAME/residuals`` | what the set-points do not explain |
    | ``/streams/NAME/orders`` | takes orders by POST, where there is a token |

    Args:
        board: What there is to show.
        guard: Who may look.
        orders: Who takes orders; nobody if left out.
        clock: Seconds since 1970.
        every: Seconds between two events.
    """

    def __init__(
        self,
        board: Board,
        guard: Guard,
        *,
        orders: Orders | None = None,
        clock: Callable[[], float] = time.time,
        every: float = 1.0,
    ) -> None:
        self.board = board
        self.guard = guard
        self.orders = orders
        self.assets = Assets()
        self.events = EventStream(board.state, clock=clock, every=every)
        self._clock = clock

    def install(self, app: web.Application) -> None:
        """Add all of it to an app that is not yet running."""
        self.guard.install(app)
        if self.orders is not None:
            app.add_routes([web.post("/streams/{stream}/orders", self.orders.answer)])
        app.on_shutdown.append(self.events.close)
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/static/{name}", self._file),
                web.get("/state", self._state),
                web.get("/events", self.events.answer),
                web.get("/streams/{stream}", self._stream),
                web.get("/streams/{stream}/columns/{column}", self._column),
                web.get("/streams/{stream}/residuals", self._residuals),
            ]
        )

    async def _page(self, request: web.Request) -> web.Response:
        return await self.assets["index.html"].answer(request)

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self.assets:
            raise web.HTTPNotFound(text=f"There is no file {name!r} here.\n")
        return await self.assets[name].answer(request)

    async def _state(self, _request: web.Request) -> web.Response:
        return _json(self.board.state(self._clock()))

    async def _stream(self, request: web.Request) -> web.Response:
        return self._found(request, lambda stream: self.board.stream(stream, self._clock()))

    async def _column(self, request: web.Request) -> web.Response:
        column = request.match_info["column"]
        return self._found(request, lambda stream: self.board.column(stream, column))

    async def _residuals(self, request: web.Request) -> web.Response:
        return self._found(request, self.board.residuals)

    def _found(self, request: web.Request, look: Callable[[str], Any]) -> web.Response:
        stream = request.match_info["stream"]
        try:
            return _json(look(stream))
        except KeyError as error:
            raise web.HTTPNotFound(text=f"Not here: {error}\n") from error


def _json(data: Any) -> web.Response:
    body = orjson.dumps(data)
    response = web.Response(
        body=body,
        content_type="application/json",
        charset="utf-8",
        headers={"Cache-Control": "no-store"},
    )
    if len(body) >= _PACK_FROM:
        response.enable_compression()
    return response
