from __future__ import annotations

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

from halflife.streams.generator.metrics import GeneratorMetrics
from halflife.streams.generator.web import GeneratorWeb


async def test_it_tells_metrics_and_whether_it_is_ready() -> None:
    registry = CollectorRegistry()
    GeneratorMetrics(registry).alive(1234.0)
    reason: str | None = "not connected to Kafka"
    web = GeneratorWeb(registry, lambda: reason, host="127.0.0.1", port=0)
    async with web, aiohttp.ClientSession(web.address) as client:
        async with client.get("/ready") as answer:
            assert (answer.status, await answer.text()) == (503, "not connected to Kafka\n")
        reason = None
        async with client.get("/ready") as answer:
            assert (answer.status, await answer.text()) == (200, "ready\n")
        async with client.get("/metrics") as answer:
            text = await answer.text()
    assert 'halflife_worker_progress_timestamp_seconds{worker="generator"} 1234.0' in text
    assert "# TYPE halflife_regenerations_total counter" in text


async def test_a_port_in_use_is_an_error() -> None:
    registry = CollectorRegistry()
    web = GeneratorWeb(registry, lambda: None, host="127.0.0.1", port=0)
    async with web:
        port = int(web.address.rsplit(":", 1)[1])
        second = GeneratorWeb(registry, lambda: None, host="127.0.0.1", port=port)
        with pytest.raises(OSError, match="address already in use"):
            await second.__aenter__()
