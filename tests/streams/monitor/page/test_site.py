"""The addresses of the live page, as a client sees them."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from halflife.streams.monitor.board import Board
from halflife.streams.monitor.page.assets import Assets
from halflife.streams.monitor.page.event_stream import EventStream
from halflife.streams.monitor.page.guard import Guard
from halflife.streams.monitor.page.site import Site
from tests.streams.monitor.shown import plans_of
from tests.streams.watch.stories import lab

NOW = 1.7e9
Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    app = web.Application()
    Site(Board(plans_of(lab())), Guard("127.0.0.1"), clock=lambda: NOW, every=0.05).install(app)
    async with TestClient(TestServer(app), auto_decompress=False) as client:
        yield client


async def test_every_answer_is_careful(client: Client) -> None:
    for path in ("/", "/state", "/static/main.js", "/nowhere"):
        answer = await client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    turned_away = await client.get("/state", headers={"Host": "evil.example"})
    assert turned_away.status == 421


async def test_nobody_can_change_anything(client: Client) -> None:
    for path in ("/", "/state", "/events", "/streams/opv"):
        assert (await client.post(path)).status == 405


async def test_files_are_packed_and_not_sent_twice(client: Client) -> None:
    plain = await client.get("/static/main.js", headers={"Accept-Encoding": "identity"})
    packed = await client.get("/static/main.js", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(await packed.read()) == await plain.read()
    assert packed.content_type == "text/javascript"
    again = await client.get("/static/main.js", headers={"If-None-Match": plain.headers["ETag"]})
    assert again.status == 304
    assert await again.read() == b""


@pytest.mark.parametrize(
    "path",
    ["/static/site.py", "/static/..%2Fsite.py", "/streams/nobody", "/streams/nobody/residuals"],
)
async def test_what_there_is_not_is_not_found(client: Client, path: str) -> None:
    assert (await client.get(path)).status == 404


async def test_a_stream_that_waits_is_told(client: Client) -> None:
    state = json.loads(await (await client.get("/state")).read())
    assert state["streams"]["opv"]["standing"]["tone"] == "idle"
    stream = await client.get("/streams/opv", headers={"Accept-Encoding": "identity"})
    assert json.loads(await stream.read())["glance"] == state["streams"]["opv"]
    column = await client.get("/streams/opv/columns/degradation")
    assert await column.read() == b"null"


def test_the_page_names_no_other_place() -> None:
    assets = Assets()
    page = assets["index.html"].body.decode()
    assert "<script>" not in page
    assert "style=" not in page
    for name in assets.names:
        if name == "plotly.min.js":
            continue
        text = assets[name].body.decode().replace("http://www.w3.org/2000/svg", "")
        for word in ("http:", "https:", "@import url", "innerHTML", "outerHTML", "insertAdjacent",
                     "eval(", "document.write"):  # fmt: skip
            assert word not in text, (name, word)


def test_plotly_comes_from_its_package() -> None:
    body = Assets()["plotly.min.js"].body
    assert b"plotly.js v" in body[:200]


# Server-sent events


async def events(answer: ClientResponse) -> AsyncIterator[dict[str, Any]]:
    """Of a stream of server-sent events, what each carries."""
    async for line in answer.content:
        if line.startswith(b"data: "):
            yield json.loads(line.removeprefix(b"data: "))


async def test_only_what_has_changed_is_told_again() -> None:
    lab_state: dict[str, Any] = {"a": {"records": 1}, "b": {"records": 1}}
    now = 0.0

    def look(at: float) -> dict[str, Any]:
        return {"time": at, "streams": {k: dict(v) for k, v in lab_state.items()}}

    def timer() -> float:
        nonlocal now
        now += 1.0  # the time between two looks, however quick the test is
        return now

    stream = EventStream(look, timer=timer, every=0.01)
    app = web.Application()
    app.add_routes([web.get("/events", stream.answer)])
    async with TestClient(TestServer(app)) as client:
        answer = await client.get("/events")
        assert answer.content_type == "text/event-stream"
        heard = events(answer)
        assert (await anext(heard))["streams"] == lab_state
        lab_state["b"]["records"] = 2
        changed = await anext(heard)
        assert changed["streams"] == {"b": {"records": 2}}
        assert changed["names"] == ["a", "b"]
        del lab_state["a"]
        # A stream that is gone is no change of another: the next sign of life tells of it.
        beat = await anext(heard)
        assert (beat["streams"], beat["names"]) == ({}, ["b"])
        answer.close()


async def test_browsers_are_let_go_when_the_worker_stops() -> None:
    stream = EventStream(lambda at: {"time": at, "streams": {}}, every=3600.0)
    app = web.Application()
    app.on_shutdown.append(stream.close)
    app.add_routes([web.get("/events", stream.answer)])
    server = TestServer(app)
    async with TestClient(server) as client:
        answer = await client.get("/events")
        await answer.content.readline()
        closing = asyncio.create_task(server.close())
        rest = await asyncio.wait_for(answer.content.read(), 5)
        assert b"event: state" in rest
        await asyncio.wait_for(closing, 5)
