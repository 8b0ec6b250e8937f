"""Rows as records."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from halflife.schemas.errors import MessageError
from halflife.streams.commands.replay import identities
from halflife.streams.commands.replayer import Replayer

START = datetime(2026, 1, 1, tzinfo=UTC)


def test_each_record_is_stamped_when_it_is_made() -> None:
    times = iter(START + timedelta(seconds=s) for s in (5, 9))
    replayer = Replayer(stream="gas", now=lambda: next(times))
    records = list(replayer.records([{"x": 1}, {"x": 2}], ["a", "b"]))
    assert [(r.time - START).total_seconds() for r in records] == [5.0, 9.0]


def test_missing_cells_are_null_and_kinds_are_kept() -> None:
    replayer = Replayer(stream="gas", start=START, every=1.0)
    (record,) = replayer.records([{"x": math.nan, "n": 3, "w": "ann", "y": 0.1, "z": None}], ["a"])
    assert record.values == {"x": None, "n": 3, "w": "ann", "y": 0.1, "z": None}
    assert isinstance(record.values["n"], int)


def test_what_is_no_record_is_refused() -> None:
    with pytest.raises(MessageError, match=r"row 1, values\.x: .*finite"):
        list(Replayer(stream="gas").records([{"x": 1.0}, {"x": math.inf}], ["a", "b"]))
    with pytest.raises(MessageError, match="stream"):
        list(Replayer(stream="Gas!").records([{"x": 1.0}], ["a"]))


def test_identities_follow_from_file_row_and_run() -> None:
    frame = pd.DataFrame({"name": ["p", "q"], "x": [1.0, 2.0]})
    assert identities(frame, "f.csv", None, "") == ["f.csv:0", "f.csv:1"]
    assert identities(frame, "f.csv", None, "two") == ["two:f.csv:0", "two:f.csv:1"]
    assert identities(frame, "f.csv", "name", "") == ["p", "q"]


def test_a_recipe_goes_with_its_record_where_there_is_one() -> None:
    rows = [{"x": 1.0}, {"x": 2.0}]
    hot, plain = Replayer(stream="gas").records(rows, ["a", "b"], ["hot", None])
    assert (hot.recipe, plain.recipe) == ("hot", None)
