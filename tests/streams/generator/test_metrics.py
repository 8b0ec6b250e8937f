"""What regenerations cost, as Prometheus sees it."""

from __future__ import annotations

from datetime import UTC, datetime

from prometheus_client import CollectorRegistry

from halflife.schemas.regeneration import RegenerationOutcome
from halflife.streams.generator.energy import GpuMeter, reaped_cpu_seconds
from halflife.streams.generator.metrics import GeneratorMetrics


def outcome(cpu_seconds: float | None, gpu_joules: float | None) -> RegenerationOutcome:
    return RegenerationOutcome(
        request_id="ab" * 16, stream="opv", cause="hand", outcome="failed", batch=None,
        verdict=None, text="a test", attempts=1, seconds=3.0, cpu_seconds=cpu_seconds,
        gpu_joules=gpu_joules, created=datetime(2026, 11, 22, tzinfo=UTC),
    )  # fmt: skip


def test_cpu_time_and_energy_add_up_by_stream() -> None:
    registry = CollectorRegistry()
    metrics = GeneratorMetrics(registry)
    for cost in ((2.5, None), (1.5, 300.0), (None, None)):
        metrics.answered(outcome(*cost))
    labels = {"stream": "opv"}
    name = "halflife_regeneration_cpu_seconds_total"
    assert registry.get_sample_value(name, labels) == 4.0
    name = "halflife_regeneration_energy_joules_total"
    assert registry.get_sample_value(name, labels) == 300.0


def test_without_a_gpu_nobody_invents_joules() -> None:
    assert GpuMeter().joules() is None
    assert reaped_cpu_seconds() >= 0.0
