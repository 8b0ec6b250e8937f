"""One line for people: can the synthetic data of a stream be trusted now?"""

from __future__ import annotations

from typing import Any

import pytest

from halflife.streams.monitor.standing import standing_of

REPORT = {
    "batch_id": "b1",
    "under_limit": False,
    "retained": 0.97,
    "retained_part": "joint",
    "expiry_records": None,
    "age_records": 200,
}
WATCHED: dict[str, Any] = {
    "records": 1200,
    "phase": "watched",
    "reference": 500,
    "pending": None,
    "change": None,
    "batch": {"batch_id": "b1"},
    "reports": [REPORT],
}


@pytest.mark.parametrize(
    ("differs", "tone", "text"),
    [
        ({}, "good", "The synthetic data can be trusted"),
        ({"records": 0}, "idle", "Waiting for the first record"),
        (
            {"records": 320, "phase": "warming"},
            "idle",
            "Learning the reference: 320 of 500 records",
        ),
        ({"batch": None}, "idle", "There is no synthetic batch yet"),
        ({"batch": None, "pending": "first"}, "idle", "The first batch is being made"),
        (
            {"phase": "changed", "change": {"change_point": 1054}},
            "bad",
            "The instrument or the chemistry changed at about record 1,054",
        ),
        (
            {"reports": [REPORT | {"under_limit": True, "retained": 0.66}], "pending": "fidelity"},
            "bad",
            "Replace the synthetic data: joint fidelity kept 0.66 of its birth value"
            "; a challenger is being made",
        ),
        (
            {"reports": [REPORT | {"expiry_records": 512.4}]},
            "warning",
            "The synthetic data can be trusted for about 312 more records",
        ),
        (
            {"reports": [REPORT | {"expiry_records": 9e5}]},
            "good",
            "The synthetic data can be trusted",
        ),
        ({"reports": []}, "good", "A new batch is in circulation, not measured yet"),
        (
            {"reports": [REPORT | {"batch_id": "b0", "under_limit": True}]},
            "good",
            "A new batch is in circulation, not measured yet",
        ),
    ],
)
def test_how_a_stream_stands(differs: dict[str, Any], tone: str, text: str) -> None:
    assert standing_of(WATCHED | differs) == (tone, text)


def test_a_stream_that_no_record_has_reached_needs_no_more_than_its_title() -> None:
    assert standing_of({"title": "Solar cells", "records": 0}).tone == "idle"
