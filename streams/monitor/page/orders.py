"""Orders of people who look at the live page."""

from __future__ import annotations

import hmac
import time
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import orjson
from aiohttp import web

from halflife.schemas.control import Command
from halflife.schemas.errors import MessageError

_LONGEST: Final = 8192
_FIELDS: Final = frozenset({"action", "reason", "by", "batch_id", "first", "last"})
READ_ONLY: Final = "This page is read-only: set HALFLIFE_TOKEN_FILE on the worker to give orders.\n"


class Orders:
    """Takes orders by ``POST /streams/NAME/orders`` from who knows the token, and passes them on.

    The body is JSON with the fields of a `Command`: ``action``, and ``reason``, ``by``,
    ``batch_id``, ``first``, ``last`` where they belong to it. The answer is 202 with the
    ``command_id`` once Kafka has the order; what came of it stands in the stream's history.

    A browser sends the token in a header, which no page of a stranger can make it do.

    Args:
        token: That orders need; without one none are taken.
        streams: Of the lab.
        send: Writes an order to Kafka; returns when it has it.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        token: str | None,
        streams: Collection[str],
        send: Callable[[Command], Awaitable[None]],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._token = token
        self._streams = frozenset(streams)
        self._send = send
        self._clock = clock

    @property
    def are_taken(self) -> bool:
        """Whether there is a token with which orders are taken."""
        return self._token is not None

    async def answer(self, request: web.Request) -> web.Response:
        """Of one order."""
        self._check(request)
        stream = request.match_info["stream"]
        if stream not in self._streams:
            raise web.HTTPNotFound(text=f"There is no stream {stream!r} here.\n")
        order = self._order(stream, await _fields(request))
        try:
            await self._send(order)
        except ConnectionError as error:
            raise web.HTTPServiceUnavailable(text=f"Kafka does not take it: {error}\n") from error
        return web.json_response({"command_id": order.command_id}, status=202)

    def _check(self, request: web.Request) -> None:
        if self._token is None:
            raise web.HTTPForbidden(text=READ_ONLY)
        given = request.headers.get("Authorization", "")
        due = f"Bearer {self._token}"
        if not hmac.compare_digest(given.encode(), due.encode()):
            raise web.HTTPUnauthorized(
                text="The token is not the one of this worker.\n",
                headers={"WWW-Authenticate": 'Bearer realm="Halflife"'},
            )
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType(text="An order is application/json.\n")

    def _order(self, stream: str, fields: dict[str, Any]) -> Command:
        time = datetime.fromtimestamp(self._clock(), UTC).isoformat()
        whole = {**fields, "command_id": uuid4().hex, "stream": stream, "time": time}
        try:
            return Command.checked(whole)
        except MessageError as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from error


async def _fields(request: web.Request) -> dict[str, Any]:
    """What an order says."""
    body = await request.read()  # whole, however it comes; aiohttp ends what is far too long
    if len(body) > _LONGEST:
        raise web.HTTPRequestEntityTooLarge(_LONGEST, len(body))
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise web.HTTPBadRequest(text=f"The order is no JSON: {error}\n") from error
    if not isinstance(fields, dict) or not fields.keys() <= _FIELDS:
        raise web.HTTPBadRequest(text=f"An order is an object of {', '.join(sorted(_FIELDS))}.\n")
    return fields
