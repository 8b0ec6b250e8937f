"""The connect worker as a program: signals, web server, exit status."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from halflife.schemas.lab import Lab
from halflife.schemas.settings import Settings
from halflife.streams.broker.topics import TopicPlan, create_topics
from halflife.streams.generator.seldom_filter import SeldomFilter
from halflife.streams.push.service import PushService
from halflife.streams.telemetry.build_info import tell_build

from .connect_worker import ConnectWorker

log = logging.getLogger(__name__)


def run_connect(
    lab: Lab, settings: Settings, environ: Mapping[str, str], *, group: str = "connect"
) -> int:
    """Runs a connect worker until SIGTERM or SIGINT; logging is set up by the caller.

    Args:
        lab: Its streams and sources.
        settings: Of the machine, with a broker.
        environ: Environment variables, where secrets of sources may stand.
        group: Who shares its sources: workers of the same lab and the same group.

    Returns:
        The exit status: 0 when it was told to end, 1 when it could not begin.

    Raises:
        BrokerError: For settings that no client can use.
    """
    if any(plan.type == "sila" for plan in lab.sources.values()):
        # sila2 loads definitions again and again, which only this one allows; it is chosen when
        # any library, Sparkplug's among them, first asks for protobuf.
        os.environ.setdefault("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "python")
    for handler in logging.getLogger().handlers:
        for client in ("aiokafka", "kafka"):
            handler.addFilter(SeldomFilter(client))
    logging.getLogger("kafka.net.selector").setLevel(logging.ERROR)
    topics = TopicPlan.with_prefix(settings.topic_prefix)
    create_topics(
        settings, topics, partitions=settings.partitions, replication=settings.replication
    )
    return asyncio.run(_run(lab, settings, environ, group))


async def _run(lab: Lab, settings: Settings, environ: Mapping[str, str], group: str) -> int:
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    tell_build(registry, "connect")
    worker = ConnectWorker(lab, settings, registry=registry, environ=environ, group=group)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop)
    try:
        push = PushService(
            lab,
            settings,
            registry=registry,
            sources=worker.metrics,
            not_ready=lambda: worker.not_ready,
        )
        async with push:
            log.info("metrics at %s/metrics", push.address)
            # What was loaded stays: looking through it for garbage held up requests for 50 ms.
            gc.collect()
            gc.freeze()
            await worker.run()
    except OSError as error:
        log.error(  # noqa: TRY400  # it is no bug
            "cannot answer at %s:%d: %s", settings.web_host, settings.connect_port, error
        )
        return 1
    return 0
