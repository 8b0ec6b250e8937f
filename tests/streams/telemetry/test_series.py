"""Series have owners, labels have room for so many values, and what is left out is counted."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from halflife.streams.telemetry.series import Series
from tests.harness.offline_partition import samples


def told(registry: CollectorRegistry) -> dict[tuple[str, ...], float]:
    return {
        (name.removeprefix("halflife_"), *(value for _, value in sorted(labels))): value
        for (name, labels), value in samples(registry).items()
    }


def test_a_label_takes_so_many_values_in_all_metrics_together() -> None:
    registry = CollectorRegistry()
    series = Series(registry, most=2)
    heat = series.gauge("heat", "Heat.", "stream")
    seen = series.counter("seen", "Seen.", "stream", "kind")
    for stream in "abc":
        series.set(0, heat, 1, stream)
        series.add(0, seen, 3, stream, "k")
    assert told(registry) == {
        ("heat", "a"): 1, ("heat", "b"): 1,
        ("seen_total", "k", "a"): 3, ("seen_total", "k", "b"): 3,
        ("labels_dropped_total", "stream"): 2,
    }  # fmt: skip


def test_room_that_is_left_can_be_taken() -> None:
    registry = CollectorRegistry()
    series = Series(registry, most=1)
    heat = series.gauge("heat", "Heat.", "stream")
    series.set("mine", heat, 1, "a")
    series.forget("mine")
    series.set("yours", heat, 2, "b")
    assert told(registry) == {("heat", "b"): 2}


def test_a_series_lives_as_long_as_one_of_its_owners() -> None:
    registry = CollectorRegistry()
    series = Series(registry)
    seen = series.counter("seen", "Seen.", "stream")
    assert series.bring_to(0, seen, 5, "a") == 5
    assert series.bring_to(1, seen, 2, "a") == 2
    assert series.bring_to(0, seen, 6, "a") == 1
    series.forget(0)
    assert told(registry) == {("seen_total", "a"): 8}  # no counter goes back
    series.forget(1)
    assert told(registry) == {}
    series.bring_to(0, seen, 6, "a")
    assert told(registry) == {("seen_total", "a"): 6}


def test_one_series_can_be_let_go() -> None:
    registry = CollectorRegistry()
    series = Series(registry)
    heat = series.gauge("heat", "Heat.", "stream")
    for stream in "ab":
        series.set(0, heat, 1, stream)
    series.drop(0, heat, "a")
    series.drop(0, heat, "never told")
    assert told(registry) == {("heat", "b"): 1}
