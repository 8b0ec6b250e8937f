"""A challenger that waits for more records is seen in what the commands show."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from halflife.schemas.regeneration import RegenerationOutcome
from halflife.streams.commands.overview import undecided_last
from halflife.streams.commands.status import show


def outcome(stream: str, how: str, more: int | None = None) -> RegenerationOutcome:
    return RegenerationOutcome.checked(
        {
            "request_id": "ab" * 16,
            "stream": stream,
            "cause": "drift",
            "outcome": how,
            "more_records": more,
            "batch": None,
            "verdict": None,
            "text": "cannot tell yet",
            "attempts": 1,
            "seconds": 1.0,
            "created": datetime(2026, 1, 1, tzinfo=UTC),
        }
    )


def test_only_the_last_outcome_of_a_stream_can_wait() -> None:
    said = [outcome("a", "undecided", 40), outcome("a", "rejected"), outcome("b", "undecided", 90)]
    assert {name: last.more_records for name, last in undecided_last(said).items()} == {"b": 90}


def shown(**differs: Any) -> str:
    stream = {"stream": "opv", "batch": None, "fidelity": None, "alerts": [], "training": None}
    found = {
        "broker": "kafka:9092",
        "streams": [stream | differs],
        "lag": [],
        "dead_letters": {"count": 0},
        "sources": [],
    }
    out = io.StringIO()
    show(found, Console(file=out, width=240))
    return out.getvalue()


def test_status_says_how_many_records_a_challenger_waits_for() -> None:
    waits = outcome("opv", "undecided", 1240).model_dump(mode="json")
    assert "a challenger waits for about 1,240 more records" in shown(undecided=waits)


def test_status_asks_for_real_data_where_regeneration_is_halted() -> None:
    alert = {"kind": "collapse", "severity": "critical", "text": "worse", "record": 1}
    text = shown(alerts=[alert | {"time": "2026-01-01T00:00:00Z"}])
    assert "regeneration is halted: give it real data" in text
