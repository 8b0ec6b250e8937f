"""The Faust app of a monitor worker: agents fed with blocks, timers and pages."""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
import time
from collections.abc import Callable
from typing import Any, Final

import faust
from aiohttp import web as aiohttp_web
from faust.web.drivers.aiohttp import Web as AiohttpWeb
from mode import Service
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from halflife.schemas.errors import MessageError
from halflife.schemas.messages import TrainingProgress
from halflife.schemas.settings import Settings
from halflife.streams.broker.clients import faust_arguments
from halflife.streams.broker.topics import TopicPlan

from .board import Board
from .history_reader import HistoryReader
from .ingest import SESSION_SECONDS, Ingest
from .page.guard import Guard
from .page.orders import Orders
from .page.site import Site
from .partition_worker import PartitionWorker
from .watchdog import Heartbeat

log = logging.getLogger(__name__)

SLOTS: Final = 8
"""Agents that take blocks: partitions share them by their number."""


class Pages(AiohttpWeb):
    """Faust's web server without its own pages: its ``/`` says OK whatever the worker does."""

    default_blueprints = ()
    production_blueprints = ()
    debug_blueprints = ()
    optional_blueprints = ()

    def __init__(self, app: faust.App, listener: socket.socket) -> None:
        super().__init__(app)
        self._listener = listener

    def _create_site(self) -> aiohttp_web.SockSite:
        """Where it answers: Faust would choose no free port, and open the one it is told late."""
        return aiohttp_web.SockSite(self._runner, self._listener)


class Blocks:
    """Channels from the ingest to the agents: one block of a partition at a time, in order.

    Args:
        app: The Faust app.
        slots: How many channels and agents.
    """

    def __init__(self, app: faust.App, *, slots: int = SLOTS) -> None:
        self._channels: list[Any] = [app.channel(maxsize=8) for _ in range(slots)]
        for channel in self._channels:
            app.agent(channel, name=f"halflife.blocks.{self._channels.index(channel)}")(_take)

    async def hand(self, worker: PartitionWorker, messages: list[Any]) -> None:
        """Give a block to the agent of its partition; returns when it has been taken.

        Raises:
            Exception: What the agent met. In an agent itself it would be swallowed, and the
                block with it.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        channel = self._channels[worker.partition % len(self._channels)]
        await channel.put((worker, messages, done))
        await done


async def _take(blocks: Any) -> None:
    """An agent: takes block after block, and never raises."""
    async for worker, messages, done in blocks:
        try:
            await worker.process(messages)
        except asyncio.CancelledError:
            if not done.done():
                done.set_exception(RuntimeError("the agent was ended in the middle of a block"))
            raise
        except Exception as error:  # noqa: BLE001 - it is raised again where the block came from
            if not done.done():
                done.set_exception(error)
        else:
            if not done.done():
                done.set_result(None)


def build_app(
    *,
    settings: Settings,
    topics: TopicPlan,
    registry: CollectorRegistry,
    board: Board,
    reader: HistoryReader,
    orders: Orders,
    heartbeat: Heartbeat,
    listener: socket.socket,
    make_ingest: Callable[[Blocks], Ingest],
    on_stop: Callable[[], object],
    clock: Callable[[], float] = time.time,
) -> faust.App:
    """The app; nothing of it is global, so that a process can hold several.

    Args:
        settings: Of the machine.
        topics: Full names of the topics.
        registry: Of the metrics.
        board: What the pages show.
        reader: Reads for them what was said before.
        orders: Who takes orders that come by the page.
        heartbeat: Told when the loop turns.
        listener: Where the pages are served, bound.
        make_ingest: Makes the ingest, given where its blocks go.
        on_stop: Is called when the app begins to stop.
        clock: Seconds since 1970.
    """
    settings.data.mkdir(parents=True, exist_ok=True)
    app = faust.App(
        # A group of its own for each process: all see all progress, and none waits for another.
        f"{settings.topic_prefix}-monitor-shell-{secrets.token_hex(4)}",
        **faust_arguments(settings),
        datadir=settings.data / "faust",
        store="memory://",
        autodiscover=False,
        origin="halflife.streams.monitor",
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        broker_session_timeout=SESSION_SECONDS,
        broker_heartbeat_interval=3,
        broker_max_poll_interval=3600,
        consumer_auto_offset_reset="latest",
        web_in_thread=False,
        worker_redirect_stdouts=False,
    )
    app.web = Pages(app, listener)
    blocks = Blocks(app)
    ingest = make_ingest(blocks)
    board.workers = ingest.workers

    class IngestService(Service):
        """Runs the ingest for as long as the app runs."""

        logger = logging.getLogger("faust")

        async def on_start(self) -> None:
            self.add_future(ingest.start())
            self.add_future(reader.run())

        async def on_stop(self) -> None:
            on_stop()
            await ingest.stop()

    async def beat() -> None:
        heartbeat.beat()

    async def progress(values: Any) -> None:
        async for value in values:
            try:
                board.progress(TrainingProgress.from_bytes(value))
            except MessageError as error:
                log.debug("a sign of progress that cannot be read: %s", error)

    app.service(IngestService)
    app.timer(interval=1.0)(beat)
    # A worker without an agent on a topic will not start; losing some of these harms nobody.
    app.agent(app.topic(topics.progress, value_type=bytes, value_serializer="raw"))(progress)
    _add_pages(app, registry, board, ingest, clock)
    guard = Guard(settings.web_host, (settings.web_names or "").split(","))
    Site(board, guard, orders=orders, clock=clock).install(app.web.web_app)
    return app


def _add_pages(
    app: faust.App,
    registry: CollectorRegistry,
    board: Board,
    ingest: Ingest,
    clock: Callable[[], float],
) -> None:
    async def metrics(web: Any, _request: Any) -> Any:
        text = generate_latest(registry).decode()
        return web.text(text, content_type=CONTENT_TYPE_LATEST.split(";")[0])

    async def ready(web: Any, _request: Any) -> Any:
        state = board.ready(ingest, clock())
        return web.json(state, status=200 if state["ready"] else 503)

    for path, page in (("/metrics", metrics), ("/ready", ready)):
        app.page(path)(page)
