"""In words for people: can the synthetic data of a stream be trusted now?"""

from __future__ import annotations

from typing import Any

import pytest

from halflife.streams.monitor.standing import standing_of

REPORT = {
    "batch_id": "b1",
    "under_limit": False,
    "retained": 0.97,
    "retained_part": "joint",
    "half_life_records": None,
    "expiry_records": None,
    "age_records": 200,
}
WATCHED: dict[str, Any] = {
    "records": 1200,
    "phase": "watched",
    "reference": 500,
    "min_rows": 300,
    "keep": 0.9,
    "lead": 300,
    "pending": None,
    "change": None,
    "batch": {"batch_id": "b1"},
    "report": REPORT,
}
CHANGED = {"phase": "changed", "change": {"change_point": 1054}}
AT_1054 = "Do not use: the instrument or the chemistry changed at about record 1,054"
DAILY = 100 / 86_400
DECAYS = REPORT | {"half_life_records": 4137.0, "expiry_records": 801.0}


@pytest.mark.parametrize(
    ("differs", "tone", "text", "detail"),
    [
        ({}, "good", "Can be trusted", "No decay seen in 200 records"),
        ({"records": 0}, "idle", "Waiting for the first record", ""),
        (
            {"records": 320, "phase": "warming"},
            "idle",
            "Learning what is normal: 320 of 500 records",
            "",
        ),
        ({"batch": None}, "idle", "There is no synthetic batch yet", ""),
        ({"batch": None, "pending": "first"}, "idle", "The first batch is being made", ""),
        (CHANGED, "bad", AT_1054, ""),
        (CHANGED | {"pending": "drift"}, "bad", AT_1054, "A new batch is being made"),
        (
            CHANGED | {"held": {"batch_id": "b1"}},
            "bad",
            AT_1054,
            "A new batch waits for a person to approve it",
        ),
        (
            CHANGED | {"records_since": 146},
            "bad",
            AT_1054,
            "A new batch can be made from 300 records since then; 146 are there",
        ),
        (
            {"report": REPORT | {"under_limit": True, "retained": 0.66}, "pending": "fidelity"},
            "bad",
            "Do not use: the batch has gone stale",
            "Its joint fidelity kept 0.66 of what it was at birth; 0.9 is promised. "
            "A new batch is being made",
        ),
        (
            {"report": DECAYS, "pace": DAILY},
            "good",
            "Can be trusted",
            "Half-life about 4,100 records; expires in about 6 days at today's rate",
        ),
        (
            {"report": DECAYS},
            "good",
            "Can be trusted",
            "Half-life about 4,100 records; expires in about 600 records",
        ),
        (
            {"report": REPORT | {"expiry_records": 412.4}, "pace": DAILY},
            "warning",
            "Can be trusted for about 212 more records",
            "Expires in about 2 days at today's rate",
        ),
        (
            {"worries": ["generator-silent"]},
            "warning",
            "Can be trusted, but look at the alert: generator silent",
            "No decay seen in 200 records",
        ),
        (
            {"rests_until": 10_000_000, "records": 9_999_760, "report": None},
            "good",
            "Can be trusted",
            "A new batch, not measured yet. A challenger waits for about 240 more records",
        ),
        (
            {"guard": {"halted": True}, "report": None},
            "good",
            "Can be trusted",
            "A new batch, not measured yet. Regeneration is halted until there is more real data",
        ),
        ({"report": None}, "good", "Can be trusted", "A new batch, not measured yet"),
        (
            {"report": REPORT | {"batch_id": "b0", "under_limit": True}},
            "good",
            "Can be trusted",
            "A new batch, not measured yet",
        ),
    ],
)
def test_how_a_stream_stands(differs: dict[str, Any], tone: str, text: str, detail: str) -> None:
    assert standing_of(WATCHED | differs) == (tone, text, detail)


def test_a_stream_that_no_record_has_reached_needs_no_more_than_its_title() -> None:
    assert standing_of({"title": "Solar cells", "records": 0}).tone == "idle"
