"""The file of the demo, offline: the shape of the report, and the same alarms as live."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import orjson
import pytest

from halflife.generators import create
from halflife.schemas.table import Block
from halflife.streams.watch.backtest import backtest, rows_of
from halflife.streams.watch.partition_watch import PartitionWatch

from .stories import Heavy, fields, lab, opv_values, plans, raw, text_time

PROMISES = 'reference = 500\nmin_rows = 200\nfalse_alarms = "1 per 10000 records"\n'
PLAN = plans(lab("opv", PROMISES))["opv"]
DONOR_CHANGES = 1040  # record at which the second campaign begins


def block_of(values: list[dict[str, Any]]) -> Block:
    return Block.from_rows(PLAN.table, values)


def ticking() -> Any:
    """A clock that goes on by one second whenever it is read."""
    return itertools.count().__next__


@pytest.mark.parametrize("seed", range(3))
def test_the_change_of_the_donor_is_found(seed: int) -> None:
    found = backtest(PLAN, block_of(opv_values(DONOR_CHANGES, 1040, seed)))
    alarms = [alarm for alarm in found["alarms"] if alarm["kind"] != "planner"]
    assert alarms
    first = alarms[0]
    assert first["kind"] == "given-set-points"
    assert first["columns"] == ["degradation"]
    assert first["record"] >= DONOR_CHANGES
    assert abs(first["change_point"] - DONOR_CHANGES) <= 100
    assert first["statistic"] >= first["threshold"]


def test_the_report_has_the_published_shape() -> None:
    values = opv_values(1040, 300, seed=0)
    block = block_of(values)
    generator = create("trees", PLAN.table)
    generator.fit(block[:350], seed=0)
    batch = generator.sample(400, seed=0)
    told: list[int] = []
    found = backtest(PLAN, block[:900], batch=batch, progress=told.append, clock=ticking())
    assert set(found) == {
        "stream", "records", "false_alarms", "reference", "alarms", "contamination", "notes",
        "fidelity", "half_life", "keep", "batch", "drift", "seconds",
    }  # fmt: skip
    assert (found["stream"], found["records"]) == ("opv", 900)
    assert found["false_alarms"] == 10_000
    assert found["reference"] == {"first": 0, "last": 499}
    assert set(found["seconds"]) == {"numerics", "total"}
    assert told[-1] == 900
    assert found["fidelity"]
    for report in found["fidelity"]:
        assert set(report["parts"]) <= {"columns", "pairs", "joint", "predictive"}
        assert set(report["band"]) == set(report["parts"])
        assert 0 <= report["fidelity"] <= 1
    lines = found["drift"]
    assert lines["records"] == sorted(set(lines["records"]))
    assert lines["records"][-1] == 899
    assert set(lines["kinds"]) == {"given-set-points", "missing", "planner"}
    for line in lines["kinds"].values():
        assert len(line["statistic"]) == len(line["threshold"]) == len(lines["records"])
        assert {s is None for s in line["statistic"][:10]} == {True}  # the reference is learnt
    assert found["batch"]["rows"] == 400
    assert found["keep"] == PLAN.keep
    records = [report["record"] for report in found["fidelity"]]
    # Ticks begin one tick after the batch took effect, ``grace`` records after the reference.
    assert records == list(range(499 + PLAN.grace + PLAN.tick, 900, PLAN.tick))
    assert set(found["half_life"]) == {
        "records", "interval", "hours", "hours_interval", "expiry_records", "expiry_interval",
        "expiry_hours", "text",
    }  # fmt: skip
    for report in found["fidelity"]:
        low, high = report["utility_gap_interval"]
        assert low <= report["utility_gap"] <= high
    assert orjson.loads(orjson.dumps(found)) == found


@pytest.mark.parametrize("count", [0, 1, 499])
def test_a_file_without_a_whole_reference_has_nothing_to_say(count: int) -> None:
    found = backtest(PLAN, block_of(opv_values(count, 0, seed=0)))
    assert found["records"] == count
    assert found["alarms"] == []
    assert found["half_life"] is None


def test_constant_columns_are_no_crash() -> None:
    row = {"mat_1": 1.0, "mat_2": 0.0, "mat_3": 0.0, "mat_4": 0.0, "degradation": 0.5}
    assert backtest(PLAN, block_of([row] * 800))["alarms"] == []


def test_offline_and_live_find_the_same() -> None:
    values = opv_values(DONOR_CHANGES, 400, seed=0)
    offline = backtest(PLAN, block_of(values))["alarms"]
    rows, heavy = rows_of(block_of(values)), Heavy()
    log = [
        raw(i, fields(row, name=rows.ids[i], time=text_time(float(rows.times[i]))))
        for i, row in enumerate(values)
    ]
    watch = PartitionWatch({"opv": PLAN}, 0)
    live: list[dict[str, Any]] = []
    for start in np.arange(0, len(log), 77).tolist():
        heavy.drive(watch.feed(log[start : start + 77]))
        while watch.holding or watch.waiting:
            live += [f.model_dump(mode="json") for f in watch.take_findings()]
            heavy.drive(watch.answer(None, None, "opv"))
            heavy.drive(watch.proceed())
        live += [f.model_dump(mode="json") for f in watch.take_findings()]
    alarms = [
        f for f in live if f["kind"] in {"drift", "planner-moved"} and f["status"] == "firing"
    ]
    assert offline
    assert [(a["record"], a["text"]) for a in alarms] == [(a["record"], a["text"]) for a in offline]
    for alarm, told in zip(alarms, offline, strict=True):
        assert {k: told[k] for k in alarm["evidence"]} == alarm["evidence"]


def test_rows_of_the_batch_that_come_back_are_named_by_their_rows_in_the_file() -> None:
    clean = block_of(opv_values(1040, 0, seed=0))
    generator = create("trees", PLAN.table)
    generator.fit(clean[:350], seed=0)
    batch = generator.sample(400, seed=0)
    places = np.arange(600, 1000, 20)
    rows = np.arange(len(clean))
    mixed = clean[rows]
    mixed.numbers[places] = batch.numbers[: len(places)]
    found = backtest(PLAN, mixed, batch=batch)
    assert [(each["record"], each["row"]) for each in found["contamination"]] == [
        (place, i) for i, place in enumerate(places.tolist())
    ]
    assert {each["distance"] for each in found["contamination"]} == {0.0}
    without = backtest(PLAN, clean[np.setdiff1d(rows, places)], batch=batch)
    assert without["contamination"] == []
    assert [tick["parts"] for tick in found["fidelity"]] == [
        tick["parts"] for tick in without["fidelity"]
    ]
    shift = np.setdiff1d(rows, places)
    assert [tick["record"] for tick in found["fidelity"]] == [
        shift[tick["record"]] for tick in without["fidelity"]
    ]


def test_a_change_behind_synthetic_rows_is_told_at_its_row_of_the_file() -> None:
    clean = block_of(opv_values(DONOR_CHANGES, 400, seed=0))
    generator = create("trees", PLAN.table)
    generator.fit(clean[:350], seed=0)
    batch = generator.sample(400, seed=0)
    places = np.arange(700, 1000, 10)
    kept = np.setdiff1d(np.arange(len(clean)), places)
    mixed = clean[np.arange(len(clean))]
    mixed.numbers[places] = batch.numbers[: len(places)]
    found, without = (backtest(PLAN, rows, batch=batch) for rows in (mixed, clean[kept]))
    assert without["alarms"]
    for alarm, other in zip(found["alarms"], without["alarms"], strict=True):
        assert alarm["record"] == kept[other["record"]]
        assert alarm["change_point"] == kept[other["change_point"]]
