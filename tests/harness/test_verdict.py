"""The harness finds what it looks for: each loss, double and difference is told."""

from __future__ import annotations

from collections import Counter
from typing import Any

from .ledger import NOT_COMPARED, Ledger
from .records import ARROW_ROWS, STREAMS, Script, script
from .verdict import problems_of


def ledger() -> Ledger:
    """Of two records, one dead letter, and a request that led to a batch of two rows."""
    made = Ledger()
    made.found = {
        "alert": {"a1": {"alert_id": "a1", "text": "drift"}},
        "fidelity report": {},
        "batch manifest": {"b1": {"batch_id": "b1", "rows": 2}},
        "synthetic row": {"b1-0": {"y": 0.1}, "b1-1": {"y": 0.2}},
        "request": {"r1": {}},
        "outcome": {"r1": {}},
    }
    made.letters[0, 2, "broken-json", "", b"{"] = 1
    state: dict[str, Any] = {
        "partition": 0,
        "next_offset": 3,
        "repeated": {},
        "rejected": {"broken-json": 1},
        "missing_offsets": 0,
        "positions": {"control": 0},
        "streams": {"lab-a": {"records": 2, "watermark": 0.1 + 0.2}},
    }
    made.states, made.ends = {0: state}, {0: 3}
    return made


EXPECTED = Script(accepted=Counter({"lab-a": 2}), rejected=Counter({"broken-json": 1}))


def test_a_ledger_in_order_has_no_problem() -> None:
    assert problems_of(EXPECTED, ledger()) == []
    assert ledger().differences(ledger()) == []


def test_each_loss_and_double_is_told() -> None:
    lost = ledger()
    lost.states[0]["streams"]["lab-a"]["records"] = 1  # type: ignore[index]  # it is there
    assert problems_of(EXPECTED, lost) == ["accepted: {'lab-a': 1} where {'lab-a': 2} are due"]
    gap = ledger()
    gap.states[0]["missing_offsets"] = 4  # type: ignore[index]  # it is there
    assert problems_of(EXPECTED, gap) == ["4 offsets of 0 missed"]
    twice = ledger()
    twice._file(twice.found["alert"], "alert", {"alert_id": "a1"}, "alert_id")
    assert problems_of(EXPECTED, twice) == ["twice: alert a1"]
    letter = ledger()
    letter.letters[0, 2, "broken-json", "", b"{"] = 2
    assert problems_of(EXPECTED, letter) == ["2 dead letters, 1 due"]
    unanswered = ledger()
    del unanswered.found["outcome"]["r1"]
    assert "do not belong together" in problems_of(EXPECTED, unanswered)[0]
    row = ledger()
    del row.found["synthetic row"]["b1-1"]
    assert problems_of(EXPECTED, row) == ["rows and manifests that do not belong together"]


def test_each_difference_is_told_to_the_last_bit() -> None:
    other = ledger()
    other.states[0]["streams"]["lab-a"]["watermark"] = 0.3  # type: ignore[index]  # it is there
    assert ledger().differences(other) == [
        "state of partition 0.streams.lab-a.watermark: 0.30000000000000004 and 0.3"
    ]
    less = ledger()
    del less.found["alert"]["a1"]
    assert ledger().differences(less)[0].startswith("alert a1: only here")
    assert less.differences(ledger())[0].startswith("alert a1: only there")
    place = ledger()
    place.states[0]["positions"] = {"control": 9}  # type: ignore[index]  # it is there
    assert "positions" in NOT_COMPARED
    assert ledger().differences(place) == []


def test_a_script_says_what_becomes_of_its_records() -> None:
    written = script(3000, seed=1)
    assert 3000 <= written.records < 3000 + ARROW_ROWS
    assert written.accepted.keys() == set(STREAMS)
    assert len(written.rejected) >= 6
    assert written.repeated.total() >= 10
    assert script(3000, seed=1).messages == written.messages
