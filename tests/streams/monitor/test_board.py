"""What the live page is told of streams."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from halflife.streams.monitor.board import Board
from tests.streams.monitor.shown import BoardPlayer, plans_of
from tests.streams.watch.stories import START, Heavy, Raw, fields, lab, opv_values, raw, text_time

QUIET = """
[stream.quiet]
title = "Nothing yet"
[stream.quiet.column]
x = { role = "measured" }
"""
DAY = 86_400.0
RECORDS = 420
NOW = START + RECORDS * 3600.0


@pytest.fixture(scope="module")
def board() -> Board:
    """After 420 records of solar cells, of which the last 140 are of another polymer."""
    values = opv_values(280, 140, seed=0)
    log = [
        raw(i, fields(row, name=f"r{i}", time=text_time(START + 3600.0 * i)))
        for i, row in enumerate(values)
    ]
    log += [raw(RECORDS, {"stream": "opv"}), Raw(RECORDS + 1, b"{", key=b"nobody")]
    player = BoardPlayer(plans_of(lab() + QUIET), log, Heavy())
    player.play(cuts=range(0, len(log), 20))
    return player.board


def told(data: Any) -> Any:
    """As a browser reads it."""
    return json.loads(json.dumps(data, allow_nan=False))


def test_the_glance_has_the_verdict_and_what_stands_behind_it(board: Board) -> None:
    state = told(board.state(NOW))
    opv = state["streams"]["opv"]
    assert opv["records"] == RECORDS
    assert opv["standing"].keys() == {"tone", "text", "detail"}
    assert opv["batch"]["age_records"] == RECORDS - opv_born(board)
    assert opv["pace"] == pytest.approx(1 / 3600)
    records, shares, batches = opv["spark"]
    assert len(records) == len(shares) == len(batches) > 0
    assert state["dead_letters"] == 1
    assert len(json.dumps(opv)) < 3000


def opv_born(board: Board) -> int:
    """Number of records at which the window of the batch in circulation ended."""
    made = [r for r in board.stream("opv", NOW)["requests"] if (r["outcome"] or {}).get("batch")]
    return int(made[-1]["record"]) + 1


def test_streams_without_a_record_are_told_too(board: Board) -> None:
    quiet = told(board.state(NOW))["streams"]["quiet"]
    assert quiet["title"] == "Nothing yet"
    assert quiet["standing"] == {
        "tone": "idle",
        "text": "Waiting for the first record",
        "detail": "",
    }
    assert told(board.stream("quiet", NOW))["requests"] == []
    assert board.column("quiet", "x") is None


def test_a_stream_is_told_in_full(board: Board) -> None:
    stream = told(board.stream("opv", NOW))
    fields_told = stream["fidelity"]["fields"]
    assert {len(column) for column in fields_told.values()} == {len(fields_told["record"])}
    assert fields_told["record"][-1] <= RECORDS
    evidence = stream["evidence"]
    assert "given-set-points" in evidence["kinds"]
    assert evidence["record"][-1] == RECORDS
    assert evidence["time"][-1] == START + 3600.0 * (RECORDS - 1)
    assert [column["name"] for column in stream["columns"]][-1] == "degradation"
    assert stream["requests"][0]["outcome"]["outcome"] == "promoted"
    # One that was meant for this stream, and one that names none of the lab.
    assert [letter["offset"] for letter in stream["dead_letters"]] == [RECORDS + 1, RECORDS]
    assert stream["dead_letters"][1]["reason"] == "missing-field"


def test_a_column_is_told_real_and_synthetic_and_at_birth(board: Board) -> None:
    column = told(board.column("opv", "degradation"))
    shape = column["shape"]
    for side in ("real", "synthetic", "birth"):
        assert len(shape[side]) == len(shape["edges"]) - 1
        assert sum(shape[side]) <= 1 + 1e-9
    assert column["real"] == {"first": RECORDS - 100, "last": RECORDS - 1}
    assert 0 <= column["distance"] <= 1
    with pytest.raises(KeyError):
        board.column("opv", "nothing")
    with pytest.raises(KeyError):
        board.column("nobody", "x")


def test_what_set_points_do_not_explain_is_told_in_spreads(board: Board) -> None:
    residuals = told(board.residuals("opv"))
    assert residuals["reason"] is None
    (column,) = residuals["columns"]
    assert column["column"] == "degradation"
    known = np.array([each for each in column["median"] if each is not None])
    assert np.abs(known).max() < 20
    assert residuals["records"][-1] < RECORDS


def test_looking_changes_nothing(board: Board) -> None:
    watch = next(iter(board.workers.values())).watch
    before = json.dumps(watch.state())
    for _ in range(2):
        board.state(NOW)
        board.stream("opv", NOW)
        board.column("opv", "mat_1")
        board.residuals("opv")
    assert json.dumps(watch.state()) == before


def test_a_stream_of_another_worker_is_told_by_what_it_said(board: Board) -> None:
    elsewhere = Board(board.plans, board.history)
    glance = told(elsewhere.state(NOW))["streams"]["opv"]
    assert glance["here"] is False
    here = told(board.state(NOW))["streams"]["opv"]
    assert glance["batch"]["batch_id"] == here["batch"]["batch_id"]
    assert glance["firing"] == here["firing"]
    assert elsewhere.column("opv", "degradation") is None
