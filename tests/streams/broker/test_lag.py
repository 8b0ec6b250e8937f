from __future__ import annotations

import threading
from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from halflife.schemas.settings import Settings
from halflife.streams.broker.lag import LagCollector, PartitionLag

TOPICS = ("lab.records",)
LAG = PartitionLag("lab.records", 1, end=10, committed=4, lag=6)


class Source:
    """What Kafka would say, or an error."""

    def __init__(self) -> None:
        self.fails = False
        self.asked = threading.Semaphore(0)

    def __call__(self, settings: Settings, group: str, topics: Sequence[str]) -> list[PartitionLag]:
        self.asked.release()
        if self.fails:
            raise OSError("gone")
        return [LAG]


def test_the_metrics_carry_the_lag_under_both_names() -> None:
    registry = CollectorRegistry()
    collector = LagCollector(Settings(), "monitor", TOPICS, read=Source(), clock=lambda: 77.0)
    registry.register(collector)
    place = {"topic": "lab.records", "partition": "1"}
    assert registry.get_sample_value("halflife_input_lag_records", place) is None
    collector.refresh()
    assert registry.get_sample_value("halflife_input_lag_records", place) == 6
    group = {"consumergroup": "monitor", **place}
    assert registry.get_sample_value("kafka_consumergroup_lag", group) == 6
    assert registry.get_sample_value("halflife_lag_timestamp_seconds") == 77
    assert registry.get_sample_value("halflife_lag_errors_total") == 0


def test_an_error_is_counted_and_the_last_lag_stays() -> None:
    registry, source = CollectorRegistry(), Source()
    collector = LagCollector(Settings(), "monitor", TOPICS, read=source)
    registry.register(collector)
    collector.refresh()
    source.fails = True
    collector.refresh()
    collector.refresh()
    place = {"topic": "lab.records", "partition": "1"}
    assert registry.get_sample_value("halflife_input_lag_records", place) == 6
    assert registry.get_sample_value("halflife_lag_errors_total") == 2


def test_the_thread_reads_again_after_an_error_and_ends() -> None:
    source = Source()
    source.fails = True
    with LagCollector(Settings(), "monitor", TOPICS, read=source, period=0.01) as collector:
        for _ in range(3):
            assert source.asked.acquire(timeout=10)
    assert not collector._thread.is_alive()


def test_a_scrape_does_not_wait_for_a_reading() -> None:
    reading, over = threading.Event(), threading.Event()

    def slow(*asked: object) -> list[PartitionLag]:
        reading.set()
        over.wait(10)
        return [LAG]

    with LagCollector(Settings(), "monitor", TOPICS, read=slow) as collector:
        assert reading.wait(10)
        assert [metric.name for metric in collector.collect()]  # while the reading hangs
        over.set()
