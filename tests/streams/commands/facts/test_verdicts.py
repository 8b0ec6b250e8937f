"""Verdicts: what is trusted, what is weakest, what is noise, in words that follow the numbers."""

from __future__ import annotations

from typing import Any

import pytest

from halflife.streams.commands.facts.backtest_verdict import backtest_verdict
from halflife.streams.commands.facts.report_verdict import report_verdict


def report(parts: dict[str, float | None], **more: Any) -> dict[str, Any]:
    column = {"column": "y", "p_value": 0.5, "beyond_noise": False}
    result = {
        "parts": parts,
        "bands": {name: None if value is None else [0.9, 1.0] for name, value in parts.items()},
        "columns": [column],
        "laws": [],
        "copies": None,
        "dcr_share": None,
        "predictions": [{"target": "y"}],
        "rows": {"real": 200, "synthetic": 400},
    }
    return result | more


GOOD = {"columns": 0.95, "pairs": 0.97, "joint": 0.92, "predictive": 0.99}


def test_a_batch_like_real_rows_is_trusted_for_everything() -> None:
    verdict = report_verdict(report(GOOD))
    assert verdict["tone"] == "good"
    assert verdict["text"] == (
        "Cannot be told from another real sample of this size: can be trusted for the distribution "
        "of each column, how two columns go together, all columns together and training models "
        "that predict y."
    )
    assert verdict["notes"] == ["None of 1 columns differs by more than chance would make."]


def test_the_weakest_part_is_named_with_what_it_should_reach() -> None:
    verdict = report_verdict(report(GOOD | {"joint": 0.55, "pairs": 0.85}))
    assert verdict["tone"] == "warning"
    assert verdict["text"].startswith(
        "Can be trusted for the distribution of each column and training models that predict y. "
        "Nearly as good as real rows for how two columns go together. Its weakest part is the "
        "joint distribution: 0.55, where another real sample of this size reaches 0.90 or more."
    )


@pytest.mark.parametrize("value", [0.0, 0.39])
def test_a_batch_that_knows_nothing_is_not_trusted(value: float) -> None:
    verdict = report_verdict(report({"columns": value, "pairs": None}))
    assert verdict["tone"] == "bad"
    assert verdict["text"].startswith("Not to be trusted for anything yet.")


def test_broken_laws_and_copies_are_told_even_of_a_good_batch() -> None:
    law = {"law": "a + b = 1", "real_violations": 1, "synthetic_violations": 40}
    verdict = report_verdict(report(GOOD, laws=[law], copies=1, dcr_share=0.9))
    assert verdict["tone"] == "warning"
    assert verdict["notes"][:2] == [
        "10 % of the synthetic rows break the law a + b = 1.",
        "1 synthetic row is a copy of training rows, beyond what real rows repeat.",
    ]
    assert verdict["notes"][2].startswith("90 % of the synthetic rows are nearer to a training row")


def test_a_wide_band_is_called_blunt() -> None:
    result = report(GOOD)
    result["bands"]["joint"] = [0.4, 1.0]
    (note, _) = report_verdict(result)["notes"]
    assert note.startswith("With 200 real rows the test of the joint distribution is blunt")
    assert "0.40" in note


def test_columns_beyond_noise_are_named() -> None:
    columns = [{"column": name, "p_value": 0.001, "beyond_noise": name in "xy"} for name in "wxyz"]
    notes = report_verdict(report(GOOD, columns=columns))["notes"]
    assert notes == ["2 of 4 columns differ by more than chance would make: x and y."]


def backtest(**more: Any) -> dict[str, Any]:
    return {
        "records": 1500,
        "reference": {"first": 0, "last": 499},
        "alarms": [],
        "fidelity": [],
        "false_alarms": 10_000.0,
        "half_life": None,
        "keep": 0.9,
    } | more


def alarm(record: int, kind: str = "column", **more: Any) -> dict[str, Any]:
    text = f"y is higher, by about 2 V, since about record {record - 60}; seen at record {record}"
    return {"record": record, "change_point": record - 60, "kind": kind, "text": text} | more


def tick(record: int, retained: float, *, under: bool) -> dict[str, Any]:
    interval = [retained - 0.1, retained + 0.1]
    return {
        "record": record, "retained": retained, "retained_interval": interval, "under_limit": under
    }  # fmt: skip


def test_changes_are_counted_and_the_first_is_told() -> None:
    verdict = backtest_verdict(backtest(alarms=[alarm(1200), alarm(1400)]))
    assert verdict["tone"] == "warning"
    assert verdict["text"] == (
        "Changed twice in 1,000 records, first at about record 1,140 (seen at record 1,200): "
        "y is higher, by about 2 V."
    )
    assert "chance would give at most 0.1 of them here" in verdict["notes"][0]


def test_times_are_told_where_there_are_any() -> None:
    told = alarm(1200, time="2025-03-02", change_time="2025-03-01")
    assert (
        "record 1,140, 2025-03-01 (seen at record 1,200, 2025-03-02)"
        in (backtest_verdict(backtest(alarms=[told]))["text"])
    )


def test_a_planner_that_moves_is_no_fault() -> None:
    verdict = backtest_verdict(backtest(alarms=[alarm(700, kind="planner")]))
    assert verdict["tone"] == "good"
    assert verdict["text"] == (
        "No drift in the 1,000 records after the reference. The planner moved once: that is no "
        "fault."
    )


def test_a_batch_under_its_limit_is_bad_and_one_that_recovered_is_not() -> None:
    ticks = [tick(600, 0.95, under=False), tick(700, 0.6, under=True)]
    bad = backtest_verdict(backtest(fidelity=ticks))
    assert bad["tone"] == "bad"
    assert bad["text"].endswith(
        "The batch has kept 0.60 of its fidelity (0.50 to 0.70); it fell under its limit of 0.9 at "
        "record 700."
    )
    again = backtest_verdict(backtest(fidelity=[*ticks, tick(800, 0.9, under=False)]))
    assert again["tone"] == "good"
    never = backtest_verdict(backtest(fidelity=ticks[:1]))
    assert never["text"].endswith("not under its limit of 0.9, noise considered.")


def test_rows_of_the_batch_that_came_back_are_bad() -> None:
    verdict = backtest_verdict(backtest(contamination=[{"record": 700}, {"record": 701}]))
    assert verdict["tone"] == "bad"
    assert "2 records are rows of the batch that came back as real." in verdict["text"]


def test_a_reference_alone_says_nothing() -> None:
    verdict = backtest_verdict(backtest(records=500))
    assert verdict["text"] == "Nothing to say: all 500 records are the reference."
