"""Boards that have seen something, and the live page of a board, served: what tests share."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from aiohttp import web

from halflife.schemas.lab import Lab
from halflife.schemas.messages import RegenerationOutcome, RegenerationRequest
from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.table import Block
from halflife.streams.monitor.board import Board
from halflife.streams.monitor.page.guard import Guard
from halflife.streams.monitor.page.orders import Orders
from halflife.streams.monitor.page.site import Site
from halflife.streams.watch.stream_watch import StreamWatch
from tests.streams.watch.stories import Heavy, Player, Raw


class BoardPlayer(Player):
    """Plays a log through the engine, and shows a board what a worker would show it."""

    def __init__(self, plans: Mapping[str, StreamPlan], log: list[Raw], heavy: Heavy) -> None:
        super().__init__(plans, log, heavy)
        self.board = Board(plans)
        self.board.workers = {0: SimpleNamespace(watch=self.watch)}  # type: ignore[dict-item]  # all that it looks at

    def _collect(self) -> None:
        findings, rejects = self.watch.take_findings(), self.watch.take_rejects()
        self.board.committed(self.board.workers[0], findings, rejects)
        for found in findings:
            self.board.history.take(found.topic, found.model_dump(mode="json"))

    def _outcome(
        self, watch: StreamWatch, request: RegenerationRequest
    ) -> tuple[RegenerationOutcome | None, Block | None]:
        outcome, block = super()._outcome(watch, request)
        if outcome is not None:
            self.board.history.take(outcome.topic, outcome.model_dump(mode="json"))
        return outcome, block


@contextmanager
def served(
    board: Board, *, now: float, every: float = 0.2, port: int = 0, orders: Orders | None = None
) -> Iterator[str]:
    """The address of the live page of a board, at a port or any free one."""
    loop = asyncio.new_event_loop()
    app = web.Application()
    Site(board, Guard("127.0.0.1"), orders=orders, clock=lambda: now, every=every).install(app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    started: list[str] = []
    ready = threading.Event()

    async def start() -> None:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port, reuse_address=True)
        await site.start()
        started.append(f"http://127.0.0.1:{runner.addresses[0][1]}/")
        ready.set()

    def run() -> None:
        loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert ready.wait(10)
        yield started[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def plans_of(text: str) -> dict[str, StreamPlan]:
    """The streams of a lab file."""
    return dict(Lab.parse(text).streams)


def state_of(board: Board, now: float = 1.7e9) -> dict[str, Any]:
    """All that a board says of its streams."""
    return board.state(now)
