"""What is told of a batch goes with it."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CollectorRegistry

from halflife.schemas.messages import FidelityReport
from halflife.streams.monitor.fidelity_series import FidelitySeries
from halflife.streams.telemetry.series import Series
from halflife.streams.watch.identity import identity

TIME = datetime(2026, 3, 1, 8, tzinfo=UTC)


def report(batch: int, record: int, **more: Any) -> FidelityReport:
    data: dict[str, Any] = {
        "report_id": identity("report", record),
        "stream": "gas",
        "batch_id": identity("batch", batch),
        "record": record,
        "offset": record,
        "time": TIME,
        "real_rows": 100,
        "fidelity": 0.6,
        "parts": {"columns": 0.8, "joint": 0.6},
        "bands": {"columns": (0.7, 1.0), "joint": (0.5, 1.0)},
        "columns": {"heat": 0.9, "signal": 0.7},
        "retained": 0.75,
        "retained_interval": (0.7, 0.8),
        "retained_part": "joint",
        "under_limit": True,
        "age_records": record,
        "age_hours": 2.0,
        "forecast": "joint: no decay seen",
    }
    empty = (None, None)
    for name in ("half_life", "half_life_hours", "expiry", "expiry_hours"):
        data[f"{name}_interval"] = empty
    for name in ("half_life_records", "half_life_hours", "expiry_records", "expiry_hours"):
        data[name] = None
    for name in ("utility_gap", "utility_gap_interval", "c2st_auc", "tstr", "trtr"):
        data[name] = None
    return FidelityReport(**(data | more))


def told(registry: CollectorRegistry) -> dict[tuple[str, str], float]:
    """Values by name and label beside the stream."""
    return {
        (
            sample.name.removeprefix("halflife_"),
            sample.labels.get("part") or sample.labels.get("column", ""),
        ): sample.value
        for metric in registry.collect()
        for sample in metric.samples
    }


def test_a_report_is_shown_until_the_next_batch_and_its_columns_with_it() -> None:
    registry = CollectorRegistry()
    shown = FidelitySeries(Series(registry))
    shown.show(0, "gas", report(1, 10, expiry_hours=5.0, utility_gap=0.2))
    first = told(registry)
    assert first["fidelity_ratio", "joint"] == 0.6
    assert first["fidelity_noise_ratio", "joint"] == 0.5
    assert first["column_fidelity_ratio", "signal"] == 0.7
    assert first["retained_ratio", ""] == 0.75
    assert first["expiry_timestamp_seconds", ""] == TIME.timestamp() + 3 * 3600
    assert math.isnan(first["half_life_records", ""])
    assert first["utility_gap_ratio", ""] == 0.2

    shown.show(0, "gas", report(1, 20, columns={"heat": 0.8}))
    second = told(registry)
    assert second["column_fidelity_ratio", "heat"] == 0.8
    assert first.keys() - second.keys() == {
        ("column_fidelity_ratio", "signal"),
        ("utility_gap_ratio", ""),
    }

    shown.show(0, "gas", None)
    assert told(registry) == {}


def test_a_partition_that_comes_back_is_shown_again() -> None:
    registry = CollectorRegistry()
    series = Series(registry)
    shown = FidelitySeries(series)
    shown.show(0, "gas", report(1, 10))
    series.forget(0)
    shown.forget(0)
    assert told(registry) == {}
    shown.show(0, "gas", report(1, 10))
    assert told(registry)["retained_ratio", ""] == 0.75
