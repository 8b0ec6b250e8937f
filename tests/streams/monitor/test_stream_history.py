"""What has been said of a stream, in bounded room."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from halflife.streams.monitor.history import History
from halflife.streams.monitor.stream_history import StreamHistory

PARTS = {"columns": 0.98, "predictive": 0.9}


def text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def report(record: int, *, batch: str = "b1", retained: float = 1.0) -> dict[str, Any]:
    return {
        "stream": "opv", "record": record, "time": text(60.0 * record), "batch_id": batch,
        "retained": retained, "retained_interval": [retained - 0.1, retained + 0.1],
        "under_limit": False, "age_records": record, "utility_gap": None,
        "parts": PARTS, "bands": {part: [0.8, 1.0] for part in PARTS},
    }  # fmt: skip


def alert(record: int, *, status: str = "firing") -> dict[str, Any]:
    return {
        "stream": "opv", "kind": "drift", "status": status, "record": record,
        "time": text(60.0 * record), "evidence": {"change_point": record - 50}, "text": "It drifts",
    }  # fmt: skip


def test_a_day_of_reports_stays_small_and_keeps_its_worst_moment() -> None:
    history = StreamHistory()
    for i in range(3000):
        history.report(report(i, retained=0.1 if i == 700 else 1.0, batch=f"b{i // 1000}"))
    told = history.reports(360)
    assert len(told["fields"]["record"]) == 360
    assert min(told["fields"]["retained"]) == 0.1
    assert told["fields"]["pairs.value"][-1] is None  # that part is not measured here
    assert set(told["batches"].values()) == {"b0", "b1", "b2"}
    assert len(json.dumps(told)) < 80_000
    assert len(history.spark(32)[0]) == 32


def test_the_pace_is_that_of_the_last_day() -> None:
    history = StreamHistory()
    assert history.pace() is None
    history.report(report(0))
    assert history.pace() is None
    history.report(report(10_000))  # a record a minute, over a week
    history.report(report(10_060))
    assert history.pace() == pytest.approx(1 / 60)


def test_the_last_drift_is_the_last_that_began() -> None:
    history = StreamHistory()
    for one in (alert(100), alert(300), alert(400, status="resolved")):
        history.alert(one)
    drift = history.last_drift()
    assert drift is not None
    assert (drift["record"], drift["change_point"]) == (300, 250)


def test_an_outcome_stands_with_its_request_whatever_came_first() -> None:
    history = StreamHistory()
    request = {
        "request_id": "r1", "cause": "drift", "record": 9, "text": "why", "time": text(1),
        "window": {"count": 5},
    }  # fmt: skip
    outcome = {
        "request_id": "r1", "cause": "drift", "outcome": "rejected", "text": "no", "batch": None,
        "verdict": None, "attempts": 1, "seconds": 2.0, "created": text(5),
    }  # fmt: skip
    for order in ((request, outcome), (outcome, request)):
        history = StreamHistory()
        for message in order:
            history.request(message) if "window" in message else history.outcome(message)
        (told,) = history.requests
        assert (told["record"], told["outcome"]["outcome"]) == (9, "rejected")


def test_what_cannot_be_read_or_is_of_no_stream_is_passed_over() -> None:
    history = History(["opv"])
    history.take("alerts", {"stream": "nobody"})
    history.take("fidelity", {"stream": "opv"})
    history.take("regenerations", {"stream": "opv", "kind": "outcome"})
    history.take("fidelity", {})
    assert history["opv"].last is None
