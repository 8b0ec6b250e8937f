"""Orders by the live page: who may give them, and what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from halflife.schemas.control import Command
from halflife.streams.monitor.board import Board
from halflife.streams.monitor.page.guard import Guard
from halflife.streams.monitor.page.orders import Orders
from halflife.streams.monitor.page.site import Site
from tests.streams.monitor.shown import plans_of
from tests.streams.watch.stories import lab

HEADERS = {"Authorization": "Bearer correct horse"}
TOKEN = HEADERS["Authorization"].removeprefix("Bearer ")
PLACE = "/streams/opv/orders"
Client = TestClient[web.Request, web.Application]


@pytest.fixture
def taken() -> list[Command]:
    return []


async def serve(token: str | None, taken: list[Command], *, away: bool = False) -> Client:
    async def send(order: Command) -> None:
        if away:
            raise ConnectionError("no broker")
        taken.append(order)

    plans = plans_of(lab())
    orders = Orders(token, plans, send, clock=lambda: 1.7e9)
    app = web.Application()
    board = Board(plans, takes_orders=orders.are_taken)
    Site(board, Guard("127.0.0.1"), orders=orders).install(app)
    return TestClient(TestServer(app))


@pytest.fixture
async def client(taken: list[Command]) -> AsyncIterator[Client]:
    async with await serve(TOKEN, taken) as client:
        yield client


async def test_who_knows_the_token_gives_orders(client: Client, taken: list[Command]) -> None:
    order = {"action": "fault", "first": 3, "last": 9, "by": "ann", "reason": "lamp"}
    answer = await client.post(PLACE, json=order, headers=HEADERS)
    assert answer.status == 202
    (command,) = taken
    assert (await answer.json())["command_id"] == command.command_id
    assert (command.stream, command.action, command.by) == ("opv", "fault", "ann")
    assert command.time.timestamp() == 1.7e9
    state = await (await client.get("/state")).json()
    assert state["streams"]["opv"]["orders"] is True


@pytest.mark.parametrize("given", [None, "Bearer x", TOKEN, f"bearer {TOKEN}", "Bearer é"])
async def test_nobody_else_does(client: Client, taken: list[Command], given: str | None) -> None:
    headers = {} if given is None else {"Authorization": given}
    answer = await client.post(PLACE, json={"action": "regenerate"}, headers=headers)
    assert answer.status == 401
    assert TOKEN not in await answer.text()
    assert taken == []


async def test_without_a_token_the_page_is_read_only(taken: list[Command]) -> None:
    async with await serve(None, taken) as client:
        answer = await client.post(PLACE, json={"action": "regenerate"}, headers=HEADERS)
        assert answer.status == 403
        assert "HALFLIFE_TOKEN_FILE" in await answer.text()
        state = await (await client.get("/state")).json()
        assert state["streams"]["opv"]["orders"] is False


@pytest.mark.parametrize(
    ("body", "kind", "status", "said"),
    [
        (b"{", "application/json", 400, "no JSON"),
        (b"[]", "application/json", 400, "An order is an object"),
        (b'{"action": "regenerate", "stream": "other"}', "application/json", 400, "an object of"),
        (b'{"action": "shrug"}', "application/json", 400, "action"),
        (b'{"action": "fault"}', "application/json", 400, "first and the last record"),
        (b'{"action": "fault", "first": 1e99, "last": 2}', "application/json", 400, "first"),
        (b'{"action": "annotate", "reason": 7}', "application/json", 400, "reason"),
        (b'{"action": "regenerate"}', "text/plain", 415, "application/json"),
        (b" " * 9000, "application/json", 413, ""),
        (b"[" * 5000, "application/json", 400, ""),
    ],
)
async def test_what_is_no_order_is_refused_with_the_reason(
    client: Client, *, taken: list[Command], body: bytes, kind: str, status: int, said: str
) -> None:
    answer = await client.post(PLACE, data=body, headers={**HEADERS, "Content-Type": kind})
    assert answer.status == status
    assert said in await answer.text()
    assert taken == []


async def test_an_order_for_no_stream_is_not_found(client: Client) -> None:
    order: dict[str, Any] = {"action": "regenerate"}
    assert (await client.post("/streams/no/orders", json=order, headers=HEADERS)).status == 404


async def test_an_order_that_kafka_does_not_take_is_told(taken: list[Command]) -> None:
    async with await serve(TOKEN, taken, away=True) as client:
        answer = await client.post(PLACE, json={"action": "regenerate"}, headers=HEADERS)
        assert answer.status == 503
        assert "no broker" in await answer.text()


async def test_an_order_may_come_in_pieces(taken: list[Command]) -> None:
    client, begun = await serve(TOKEN, taken), asyncio.Event()

    @web.middleware
    async def tell(request: web.Request, handler: Any) -> web.StreamResponse:
        begun.set()
        response: web.StreamResponse = await handler(request)
        return response

    async def pieces() -> AsyncIterator[bytes]:
        yield b'{"action": "annotate", '
        await begun.wait()  # the worker reads what has come so far
        yield b'"reason": "new bottle"}'

    client.app.middlewares.append(tell)
    async with client:
        headers = {**HEADERS, "Content-Type": "application/json"}
        answer = await client.post(PLACE, data=pieces(), headers=headers)
        assert answer.status == 202
    assert [order.reason for order in taken] == ["new bottle"]
