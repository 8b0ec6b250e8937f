"""All metrics that workers can tell, with the names of their labels."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector

from halflife.schemas.settings import Settings
from halflife.streams.broker.lag import LagCollector, PartitionLag
from halflife.streams.connectors.metrics import ConnectorMetrics
from halflife.streams.generator.metrics import GeneratorMetrics
from halflife.streams.monitor.metrics import MonitorMetrics
from halflife.streams.push.metrics import PushMetrics
from halflife.streams.telemetry.build_info import tell_build
from halflife.streams.telemetry.gpu import GpuCollector
from halflife.streams.webhook.metrics import WebhookMetrics


def metric_names() -> dict[str, set[str]]:
    """Labels by name; histograms without their endings."""
    lag = LagCollector(
        Settings(), "group", ["topic"], read=lambda *_: [PartitionLag("topic", 0, 2, 1, 1)]
    )
    lag.refresh()
    found: dict[str, set[str]] = {}
    for make in (MonitorMetrics, GeneratorMetrics, WebhookMetrics, PushMetrics, _sources, _build):
        registry = CollectorRegistry()
        make(registry)
        for collector in list(registry._collector_to_names):
            found |= _names(collector)
    return found | _names(lag) | _names(GpuCollector(ask=str))


def _sources(registry: CollectorRegistry) -> None:
    ConnectorMetrics(registry, clock=time.time)


def _build(registry: CollectorRegistry) -> None:
    tell_build(registry, "monitor")


def _names(collector: Collector) -> dict[str, set[str]]:
    """What one collector tells."""
    labels = getattr(collector, "_labelnames", None)
    describe = getattr(collector, "describe", collector.collect)
    return {
        metric.name + ("_total" if metric.type == "counter" else ""): set(
            metric._labelnames if labels is None else labels
        )
        for metric in describe()
    }
