"""Only what is written is told, restarts change nothing, and what is gone is told no more."""

from __future__ import annotations

import itertools
import json
import time

import pytest
from prometheus_client import CollectorRegistry

from halflife.streams.monitor.metrics import MonitorMetrics
from tests.harness.offline_partition import OfflinePartition, Samples, samples
from tests.harness.records import LAB, rows_of

FIRST, CHANGE = 200, 200
AFTER = 140
NOW = 1_900_000_000.0


def partition(
    lab: str = LAB, number: int = 0, registry: CollectorRegistry | None = None
) -> tuple[OfflinePartition, CollectorRegistry]:
    registry = registry or CollectorRegistry()
    metrics = MonitorMetrics(registry, clock=lambda: NOW)
    return OfflinePartition(lab, metrics, partition=number), registry


@pytest.fixture(scope="module")
def drifted() -> tuple[dict[str, object], Samples, OfflinePartition]:
    """A partition in which stream a has drifted: its state, and what was told of it."""
    part, registry = partition()
    part.feed("lab-b", itertools.islice(rows_of("lab-b"), 40))
    part.feed("lab-a", itertools.islice(rows_of("lab-a", change=CHANGE), FIRST + AFTER))
    state = json.loads(json.dumps(part.worker.watch.state()))
    return state, samples(registry), part


def value(told: Samples, name: str, **labels: str) -> float | None:
    return told.get((f"halflife_{name}", frozenset(labels.items())))


def series_of(told: Samples, stream: str) -> set[str]:
    return {name for name, labels in told if ("stream", stream) in labels}


def test_a_drift_is_told_with_its_words(drifted) -> None:
    _, told, part = drifted
    assert value(told, "records_total", stream="lab-a", outcome="accepted") == FIRST + AFTER
    assert value(told, "alert_firing", stream="lab-a", kind="drift") == 1
    assert value(told, "alert_firing", stream="lab-b", kind="drift") == 0
    assert value(told, "alerts_total", stream="lab-a", kind="drift") == 1
    (text,) = [
        dict(labels)["text"]
        for name, labels in told
        if name == "halflife_alert_info" and ("kind", "drift") in labels
    ]
    assert text == part.worker.watch.streams["lab-a"].alerts.firing["drift"]["text"]
    assert "since about record" in text
    assert value(told, "stream_phase", stream="lab-a", phase="watched") == 1
    assert value(told, "false_alarm_interval_records", stream="lab-a") == 10_000
    # Nobody answers requests here: the first one, and that after the change.
    assert value(told, "regeneration_failures", stream="lab-a", outcome="silent") == 2
    # One record in 20 s each: a pause of three times that is the least that is news.
    assert value(told, "longest_pause_seconds", stream="lab-a") == pytest.approx(60, rel=0.05)


def test_a_restart_tells_the_same(drifted) -> None:
    state, before, _ = drifted
    part, registry = partition()
    part.restore(state)
    after = samples(registry)
    by_process = {
        "halflife_drift_alarms_total",
        "halflife_last_record_timestamp_seconds",
        "halflife_snapshot_timestamp_seconds",
    }
    assert {k: v for k, v in after.items() if k[0] not in by_process} == {
        k: v for k, v in before.items() if k[0] not in by_process
    }
    # Unknown after a restart: the event time is the best guess.
    watermark = value(before, "input_watermark_timestamp_seconds", stream="lab-a")
    assert value(after, "last_record_timestamp_seconds", stream="lab-a") == watermark


def test_what_is_not_written_is_not_told_and_no_counter_goes_back(drifted) -> None:
    state, before, _ = drifted
    part, registry = partition()
    part.restore(state)
    more = itertools.islice(rows_of("lab-a", change=CHANGE), FIRST + AFTER, FIRST + AFTER + 50)
    part.feed("lab-a", more, commits=False)
    told = samples(registry)
    assert value(told, "records_total", stream="lab-a", outcome="accepted") == FIRST + AFTER
    part.commit()
    told = samples(registry)
    assert value(told, "records_total", stream="lab-a", outcome="accepted") == FIRST + AFTER + 50
    for (name, labels), count in before.items():
        if name.endswith("_total") and "drift_alarms" not in name:
            assert told[name, labels] >= count
    assert value(told, "last_record_timestamp_seconds", stream="lab-a") == NOW


def test_a_partition_that_leaves_takes_its_series_along(drifted) -> None:
    state, _, _ = drifted
    part, registry = partition()
    part.restore(state)
    part.metrics.forget(0)
    told = samples(registry)
    assert not [labels for _, labels in told if dict(labels).keys() & {"stream", "partition"}]
    part.restore(state)  # it comes back
    assert value(samples(registry), "alerts_total", stream="lab-a", kind="drift") == 1


def test_another_partition_stays(drifted) -> None:
    state, _, _ = drifted
    part, registry = partition()
    part.restore(state)
    other = OfflinePartition(LAB, part.metrics, partition=2)
    other.feed("lab-c", itertools.islice(rows_of("lab-c"), 10))
    part.metrics.forget(0)
    told = samples(registry)
    assert not series_of(told, "lab-a")
    assert value(told, "records_total", stream="lab-c", outcome="accepted") == 10


def test_a_stream_that_is_no_longer_in_the_lab_file_is_gone(drifted) -> None:
    state, before, _ = drifted
    part, registry = partition(LAB[LAB.index("[stream.lab-b]") :])
    part.restore(state)
    told = samples(registry)
    assert series_of(before, "lab-a")
    assert not series_of(told, "lab-a")
    assert series_of(told, "lab-b") == series_of(before, "lab-b")


def test_an_alert_that_ends_takes_its_words_along(drifted) -> None:
    state, _, _ = drifted
    part, registry = partition()
    part.restore(state)
    watch = part.worker.watch.streams["lab-a"]
    watch.alerts.better_batch({"drift"}, "a better batch", watch.moment())
    part.worker.watch.touched.add("lab-a")
    part.commit()
    told = samples(registry)
    assert value(told, "alert_firing", stream="lab-a", kind="drift") == 0
    assert value(told, "regeneration_failures", stream="lab-a", outcome="silent") == 0
    kinds = {dict(labels)["kind"] for name, labels in told if name == "halflife_alert_info"}
    assert "drift" not in kinds


def test_dead_letters_are_counted_by_reason() -> None:
    part, registry = partition()
    part.feed_values([b"{", b"[]", b"{"])
    told = samples(registry)
    assert value(told, "dead_letters_total", reason="broken-json") == 2
    assert value(told, "dead_letters_total", reason="not-an-object") == 1


def test_a_scrape_sees_which_partition_stands_still() -> None:
    part, registry = partition()
    workers = {0: part.worker}
    part.metrics.follow(workers)
    part.feed("lab-a", itertools.islice(rows_of("lab-a"), 10))
    worker = part.worker
    worker.restored, worker.progress = True, time.monotonic() - 100
    worker.saved = time.monotonic() - 300
    told = samples(registry)
    progress = value(told, "worker_progress_timestamp_seconds", worker="monitor")
    assert progress == pytest.approx(NOW - 100, abs=5)
    saved = value(told, "snapshot_timestamp_seconds", partition="0")
    assert saved == pytest.approx(NOW - 300, abs=5)
    # One that begins again and again, and is never restored, gets nowhere.
    workers[0] = OfflinePartition(LAB, part.metrics).worker
    again = value(samples(registry), "worker_progress_timestamp_seconds", worker="monitor")
    assert again == pytest.approx(NOW - 100, abs=5)
    workers.clear()
    idle = value(samples(registry), "worker_progress_timestamp_seconds", worker="monitor")
    assert idle == NOW
