"""The generator worker as a program: signals, web server, exit status."""

from __future__ import annotations

import asyncio
import logging
import signal

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from halflife.schemas.lab import Lab
from halflife.schemas.settings import Settings
from halflife.streams.telemetry.build_info import tell_build
from halflife.streams.telemetry.gpu import GpuCollector

from .seldom_filter import SeldomFilter
from .web import GeneratorWeb
from .worker import GeneratorWorker

_log = logging.getLogger(__name__)


def run_generator(lab: Lab, settings: Settings) -> int:
    """Runs a generator worker until SIGTERM or SIGINT; logging is set up by the caller.

    A training that runs then is killed, and its request is answered by the next worker.

    Returns:
        The exit status: 0 when it was told to end, 1 when it could not begin.

    Raises:
        BrokerError: For settings that no client can use.
    """
    for handler in logging.getLogger().handlers:
        handler.addFilter(SeldomFilter("aiokafka"))
    return asyncio.run(_run(lab, settings))


async def _run(lab: Lab, settings: Settings) -> int:
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    tell_build(registry, "generator")
    gpu = GpuCollector()
    registry.register(gpu)
    gpu.start()
    worker = GeneratorWorker(lab, settings, registry=registry)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop)
    web = GeneratorWeb(
        registry,
        lambda: worker.not_ready,
        host=settings.web_host,
        port=settings.generator_port,
    )
    try:
        async with web:
            _log.info("metrics at %s/metrics", web.address)
            await worker.run()
    except OSError as error:
        _log.error("cannot answer at %s:%d: %s", settings.web_host, settings.generator_port, error)
        return 1
    finally:
        gpu.stop()
    return 0
