"""Starts a monitor worker and keeps it until it is told to end."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable
from typing import Final

import faust
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from halflife.schemas.lab import Lab
from halflife.schemas.messages import Message
from halflife.schemas.settings import Settings
from halflife.streams.broker.broker_error import BrokerError
from halflife.streams.broker.clients import aiokafka_arguments
from halflife.streams.broker.lag import LagCollector
from halflife.streams.broker.topics import TopicPlan, create_topics
from halflife.streams.generator.seldom_filter import SeldomFilter
from halflife.streams.telemetry.build_info import tell_build
from halflife.streams.watch.reject import Reject
from halflife.streams.webhook.relay_thread import RelayThread

from .app import Blocks, build_app
from .board import Board
from .history_reader import HistoryReader
from .ingest import Ingest
from .metrics import MonitorMetrics
from .order_sender import OrderSender
from .page.orders import Orders
from .partition_worker import PartitionWorker
from .pool import Pool
from .watchdog import Heartbeat, Watchdog, end_within

log = logging.getLogger(__name__)

SILENCE_SECONDS: Final = 60.0
LONGEST_BLOCK_SECONDS: Final = 900.0
END_SECONDS: Final = 8.0
"""From SIGTERM to the end at the latest; Kubernetes waits 30 s, Docker 10 s."""


def run_monitor(lab: Lab, settings: Settings) -> int:
    """Run a monitor worker until SIGINT or SIGTERM.

    Args:
        lab: Its streams.
        settings: Of the machine, with a broker.

    Returns:
        Exit status: 0 after a clean end.
    """
    # One thread for each heavy process that is started, as this one has by the command line: more
    # fight for the cores, and sums change their order.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for handler in logging.getLogger().handlers:
        handler.addFilter(SeldomFilter("aiokafka"))
    # kafka-python warns when its thread had to wait for the processor: that is no news.
    logging.getLogger("kafka.net.selector").setLevel(logging.ERROR)
    listener = _listener(settings)
    topics = _topics(settings)
    registry = CollectorRegistry()
    sender = OrderSender(aiokafka_arguments(settings), topics.control)
    token = settings.secret("token")
    orders = Orders(None if token is None else token.get_secret_value(), lab.streams, sender.send)
    metrics = MonitorMetrics(registry)
    board = Board(lab.streams, takes_orders=orders.are_taken)
    tell_build(registry, "monitor")
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    relay = RelayThread.from_settings(settings, registry)
    pool, heartbeat = Pool(settings.pool), Heartbeat()
    ingests: list[Ingest] = []

    def on_committed(
        worker: PartitionWorker, findings: list[Message], rejects: list[Reject]
    ) -> None:
        metrics.committed(worker, findings, rejects)
        board.committed(worker, findings, rejects)

    def make_ingest(blocks: Blocks) -> Ingest:
        arguments = aiokafka_arguments(settings)

        def make_worker(partition: int) -> PartitionWorker:
            return PartitionWorker(
                plans=lab.streams,
                settings=settings,
                topics=topics,
                arguments=arguments,
                partition=partition,
                pool=pool,
                hand=blocks.hand,
                on_committed=on_committed,
            )

        ingest = Ingest(settings, topics, arguments, make_worker, on_left=metrics.forget)
        metrics.follow(ingest.workers)
        ingests.append(ingest)
        return ingest

    app = build_app(
        settings=settings,
        topics=topics,
        registry=registry,
        board=board,
        reader=HistoryReader(
            aiokafka_arguments(settings), topics, board, partitions=settings.partitions
        ),
        orders=orders,
        heartbeat=heartbeat,
        listener=listener,
        make_ingest=make_ingest,
        on_stop=lambda: end_within(END_SECONDS),
    )
    app.web.web_app.on_shutdown.append(sender.stop)  # type: ignore[attr-defined]  # of aiohttp, as Pages is
    lag = LagCollector(settings, f"{settings.topic_prefix}-monitor", [topics.records])
    registry.register(lag)
    watchdog = Watchdog(lambda: why_stuck(heartbeat, ingests[0]))
    pool.start()
    lag.start()
    watchdog.start()
    if relay is not None:
        relay.start()
    log.info("live page and metrics at http://%s:%d/", settings.web_host, listener.getsockname()[1])
    worker = faust.Worker(
        app, loglevel="WARNING", redirect_stdouts=False, override_logging=False, quiet=True
    )
    worker.spinner = None  # or the log gets the codes that hide and show a cursor
    try:
        worker.execute_from_commandline()
    except SystemExit as end:
        return int(end.code or 0)
    finally:
        if relay is not None:
            relay.stop()
        watchdog.stop()
        lag.stop()
        pool.stop()


def _topics(settings: Settings) -> TopicPlan:
    """All topics, which are there now."""
    topics = TopicPlan.with_prefix(settings.topic_prefix)
    create_topics(
        settings, topics, partitions=settings.partitions, replication=settings.replication
    )
    return topics


def _listener(settings: Settings) -> socket.socket:
    """The port that it answers at, taken at once: a free one would be gone if it were only named.

    Raises:
        BrokerError: If somebody else has it.
    """
    where = settings.web_host, settings.web_port
    family = socket.AF_INET6 if ":" in settings.web_host else socket.AF_INET
    try:
        return socket.create_server(where, family=family, backlog=128)
    except OSError as error:
        said = f"cannot answer at {where[0]}:{where[1]}: {error.strerror or error}"
        raise BrokerError(f"{said}; HALFLIFE_WEB_PORT names another port") from error


def why_stuck(
    heartbeat: Heartbeat, ingest: Ingest, *, clock: Callable[[], float] = time.monotonic
) -> str | None:
    """Why a worker makes no progress, or None if it does."""
    if heartbeat.silent > SILENCE_SECONDS:
        return f"the event loop has not turned for {heartbeat.silent:.0f} s"
    if ingest.lost_to_its_group:
        return "its Kafka client has given up its group"
    now = clock()
    for partition, worker in list(ingest.workers.items()):
        if worker.busy_since is not None and now - worker.busy_since > LONGEST_BLOCK_SECONDS:
            busy = now - worker.busy_since
            return f"partition {partition} has worked on one block for {busy:.0f} s"
    return None
