"""What an answer of a receiver means, by a receiver that gives it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from halflife.streams.webhook.delivery import Answer, Delivery

from .test_payload import alert


class Receiver:
    """Answers as it is told to."""

    def __init__(self) -> None:
        self.status = 200
        self.headers: dict[str, str] = {}
        self.wait = asyncio.Event()
        self.wait.set()
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        await request.read()
        await self.wait.wait()
        return web.Response(status=self.status, headers=self.headers)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    app = web.Application()
    app.router.add_post("/", made.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    yield made
    made.wait.set()
    await runner.cleanup()


async def attempt(url: str, seconds: float = 5.0) -> Answer:
    async with aiohttp.ClientSession() as session:
        return await Delivery(url, "json", None, seconds=seconds).attempt(session, alert())


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "delivered"), (204, "delivered"), (301, "refused"), (400, "refused"),
        (401, "refused"), (404, "refused"), (410, "refused"), (408, "retried"),
        (429, "retried"), (500, "retried"), (503, "retried"),
    ],
)  # fmt: skip
async def test_what_an_answer_means(receiver: Receiver, status: int, outcome: str) -> None:
    receiver.status, receiver.headers = status, {"location": receiver.url}
    assert await attempt(receiver.url) == Answer(outcome, f"the answer was {status}")


async def test_a_receiver_may_ask_to_be_left_alone(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 429, {"retry-after": "17"}
    assert (await attempt(receiver.url)).wait == 17.0
    receiver.headers = {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}
    assert (await attempt(receiver.url)).wait == 0.0


async def test_nobody_there_and_nobody_who_answers(receiver: Receiver) -> None:
    receiver.wait.clear()
    assert (await attempt(receiver.url, seconds=0.2)).text == "no answer within 0.2 s"
    port = int(receiver.url.rsplit(":", 1)[1].strip("/"))
    gone = f"http://127.0.0.1:{port}0/" if port < 6554 else "http://127.0.0.1:1/"
    assert (await attempt(gone)).outcome == "retried"
