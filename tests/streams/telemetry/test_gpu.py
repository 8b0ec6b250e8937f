"""What nvidia-smi says is shown in bytes and shares, and nothing where it says nothing."""

from __future__ import annotations

import math

from prometheus_client import CollectorRegistry

from halflife.streams.telemetry.gpu import GpuCollector
from tests.harness.offline_partition import samples


def shown(answer: str) -> dict[str, float]:
    registry = CollectorRegistry()
    gpu = GpuCollector(ask=lambda: answer)
    registry.register(gpu)
    gpu.refresh()
    return {
        f"{name} {dict(labels)['gpu']}": value
        for (name, labels), value in samples(registry).items()
    }


def test_two_cards() -> None:
    told = shown("0, NVIDIA A100, 1024, 40960, 50\n1, NVIDIA A100, 0, 40960, 0\n")
    assert told["halflife_gpu_memory_used_bytes 0"] == 2**30
    assert told["halflife_gpu_memory_total_bytes 1"] == 40 * 2**30
    assert told["halflife_gpu_utilization_ratio 0"] == 0.5


def test_what_a_card_does_not_tell_is_no_number() -> None:
    told = shown("0, GRID, 1024, 40960, [N/A]\n")
    assert math.isnan(told["halflife_gpu_utilization_ratio 0"])
    assert told["halflife_gpu_memory_used_bytes 0"] == 2**30


def test_no_card_and_no_sense() -> None:
    assert shown("") == {}
    assert shown("No devices were found") == {}
