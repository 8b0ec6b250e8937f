"""Arrow messages: what they may hold, and what is said of those that cannot be used."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.schemas.window import address
from halflife.streams.watch.arrow import ARROW_TYPE
from halflife.streams.watch.decoder import Decoder

from .stories import START, Raw, plans

LAB = """
[stream.opv.column]
x = { role = "set-point", min = 0, max = 400 }
n = { role = "context", kind = "integer" }
who = { role = "context", kind = "category" }
"""
DECODER = Decoder(plans(LAB))
ZONED = pa.timestamp("us", tz="UTC")
TIME = datetime.fromtimestamp(START, UTC)


def columns(count: int = 2) -> dict[str, Any]:
    return {
        "record_id": pa.array([f"r{i}" for i in range(count)]),
        "time": pa.array([TIME] * count, ZONED),
        "instrument": pa.array(["robot"] * count),
        "x": pa.array([1.0] * count),
    }


def stream_of(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def read(value: bytes | None, **more: Any) -> Any:
    headers = (("Content-Type", ARROW_TYPE + b"; v=1"), ("ce_id", b"7"))
    given_more = {"timestamp": int(1000 * START), "headers": headers, **more}
    return DECODER.decode([Raw(9, value, **given_more)])


def read_columns(**changes: Any) -> Any:
    named = {k: v for k, v in {**columns(), **changes}.items() if v is not None}
    return read(stream_of(pa.table(named)))


@pytest.mark.parametrize(
    ("changes", "reason", "path"),
    [
        ({"z": pa.array([1.0, 2.0])}, "unknown-column", "z"),
        ({"record_id": None}, "missing-field", "record_id"),
        ({"time": None}, "missing-field", "time"),
        ({"instrument": None}, "missing-field", "instrument"),
        ({"time": pa.array([TIME] * 2, pa.timestamp("us"))}, "time-without-zone", "time"),
        ({"time": pa.array(["2026-01-01T00:00:00Z"] * 2)}, "bad-time", "time"),
        ({"record_id": pa.array([1, 2])}, "wrong-type", "record_id"),
        ({"instrument": pa.array([1, 2])}, "wrong-type", "instrument"),
        ({"recipe": pa.array([1, 2])}, "wrong-type", "recipe"),
        ({"x": pa.array(["1", "2"])}, "wrong-type", "x"),
        ({"x": pa.array([True, False])}, "wrong-type", "x"),
        ({"who": pa.array([1.0, 2.0])}, "wrong-type", "who"),
    ],
)
def test_a_batch_of_other_columns_is_refused_as_a_whole(
    changes: dict[str, Any], reason: str, path: str
) -> None:
    decoded = read_columns(**changes)
    [reject] = decoded.rejects
    assert (reject.error.reason, reject.error.path) == (reason, path)
    assert reject.address == address(9)
    assert decoded.rows == {}
    assert reject.headers == reject.message.headers


def test_a_column_that_is_there_twice_is_refused() -> None:
    table = pa.table(columns()).append_column("x", pa.array([3.0, 4.0]))
    [reject] = read(stream_of(table)).rejects
    assert (reject.error.reason, reject.error.path) == ("broken-arrow", "x")


@pytest.mark.parametrize(
    ("cells", "reason", "path"),
    [
        ({"x": pa.array([1.0, np.inf])}, "not-finite", "row 1.values.x"),
        ({"x": pa.array([1.0, -np.inf])}, "not-finite", "row 1.values.x"),
        ({"x": pa.array([1.0, 500.0])}, "out-of-range", "row 1.values.x"),
        ({"n": pa.array([1.0, 1.5])}, "wrong-type", "row 1.values.n"),
        ({"time": pa.array([TIME, None], ZONED)}, "bad-time", "row 1.time"),
        ({"time": pa.array([0, 2**62], pa.timestamp("s", tz="UTC"))}, "bad-time", "row 1.time"),
        ({"time": pa.array([0, -(2**62)], pa.timestamp("us", tz="UTC"))}, "bad-time", "row 1.time"),
        ({"time": pa.array([TIME, TIME + timedelta(1)], ZONED)}, "time-in-future", "row 1.time"),
        ({"record_id": pa.array(["a", None])}, "wrong-type", "row 1.record_id"),
        ({"record_id": pa.array(["a", ""])}, "wrong-type", "row 1.record_id"),
        ({"record_id": pa.array(["a", "é" * 201])}, "wrong-type", "row 1.record_id"),
        ({"instrument": pa.array(["a", None])}, "wrong-type", "row 1.instrument"),
        ({"recipe": pa.array([None, "r" * 201])}, "wrong-type", "row 1.recipe"),
    ],
)
def test_a_bad_row_is_refused_alone(cells: dict[str, Any], reason: str, path: str) -> None:
    decoded = read_columns(**cells)
    assert decoded.rows["opv"].addresses.tolist() == [address(9, 0)]
    [reject] = decoded.rejects
    assert (reject.error.reason, reject.error.path) == (reason, path)
    assert reject.address == address(9, 1)
    # Its one row is JSON, and so are its headers: it can be sent again as it lies there.
    assert reject.headers == (("ce_id", b"7"),)
    [again] = DECODER.decode([Raw(0, reject.value, timestamp=int(1000 * START))]).rejects
    assert again.error.path == path.removeprefix("row 1.")


def test_an_infinite_cell_does_not_become_a_missing_one_in_its_dead_letter() -> None:
    [reject] = read_columns(x=pa.array([1.0, np.inf])).rejects
    assert orjson.loads(reject.value)["values"]["x"] == "inf"


def test_null_and_nan_are_missing_cells_and_absent_columns_too() -> None:
    rows = read_columns(x=pa.array([None, np.nan])).rows["opv"]
    assert {name: rows.block.missing(name) for name in ("x", "n", "who")} == {
        "x": 2,
        "n": 2,
        "who": 2,
    }
    assert len(read_columns(x=pa.nulls(2), who=pa.nulls(2)).rows["opv"]) == 2


def test_texts_may_be_dictionaries_and_large() -> None:
    rows = read_columns(
        who=pa.array(["ann", None]).dictionary_encode(),
        instrument=pa.array(["robot", "robot"]).dictionary_encode(),
        record_id=pa.array(["a", "b"], pa.large_string()),
        x=pa.array([1, 2], pa.int8()),
    ).rows["opv"]
    assert rows.block.text("who").tolist() == ["ann", None]
    assert rows.block.number("x").tolist() == [1.0, 2.0]
    assert list(rows.ids) == ["a", "b"]


@pytest.mark.parametrize(
    ("unit", "factor"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)]
)
def test_times_of_every_unit_are_the_same_instants(unit: str, factor: int) -> None:
    zone = "+02:00"  # where the clock hangs does not move the instant
    times = pa.array([int(START) * factor + factor // 2, 0], pa.timestamp(unit, tz=zone))
    assert read_columns(time=times).rows["opv"].times.tolist() == [
        START + (0 if unit == "s" else 0.5),
        0.0,
    ]


@pytest.mark.parametrize(
    ("value", "more", "reason"),
    [
        (None, {}, "empty"),
        (b"", {}, "broken-arrow"),
        (b"no arrow at all", {}, "broken-arrow"),
        (b"{}", {"key": b"nobody"}, "unknown-stream"),
        (b"{}", {"key": None}, "unknown-stream"),
        (b"{}", {"key": b"\xff"}, "unknown-stream"),
    ],
)
def test_what_is_no_batch_is_told(value: bytes | None, more: dict[str, Any], reason: str) -> None:
    [reject] = read(value, **more).rejects
    assert reject.error.reason == reason
    assert reject.value == (value or b"")


@pytest.mark.parametrize("text", [b"Europe/Berlin", b"instrument"])
def test_names_and_zones_that_are_no_text_are_told(text: bytes) -> None:
    zoned = pa.array([TIME] * 2, pa.timestamp("us", tz="Europe/Berlin"))
    value = stream_of(pa.table({**columns(), "time": zoned}))
    assert value.count(text) == 1
    [reject] = read(value.replace(text, b"\x80" + text[1:])).rejects
    assert reject.error.reason == "broken-arrow"
    assert "utf-8" in reject.error.text


def test_a_batch_without_rows_is_nothing() -> None:
    decoded = read(stream_of(pa.table(columns(0))))
    assert decoded.rows == {}
    assert decoded.rejects == []


@settings(max_examples=50, deadline=None, derandomize=True)
@given(place=st.integers(0, 2000), byte=st.integers(0, 255), cut=st.integers(0, 2000))
def test_damaged_bytes_are_told_and_never_a_crash(place: int, byte: int, cut: int) -> None:
    value = bytearray(stream_of(pa.table(columns(3))))
    value[place % len(value)] = byte
    for damaged in (bytes(value), bytes(value[: cut % len(value)])):
        decoded = read(damaged)
        rows = sum(len(rows) for rows in decoded.rows.values())
        assert rows <= 3
        assert {reject.error.reason for reject in decoded.rejects} <= {
            "broken-arrow", "bad-time", "time-in-future", "wrong-type", "unknown-column",
            "missing-field", "not-finite", "out-of-range", "time-without-zone", "too-large",
        }  # fmt: skip


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        (pa.array(["hot", None]), ["hot", None]),
        (pa.array(["hot", "cold"]).dictionary_encode(), ["hot", "cold"]),
        (pa.array([None, None]), None),
        (pa.array([None, None], pa.string()), None),
        (None, None),
    ],
)
def test_recipes_stay_with_their_rows(recipe: Any, expected: list[str | None] | None) -> None:
    rows = read_columns(recipe=recipe).rows["opv"]
    assert (None if rows.recipes is None else rows.recipes.tolist()) == expected


def test_a_row_that_is_left_out_takes_its_recipe_along() -> None:
    rows = read_columns(recipe=pa.array(["hot", "cold"]), x=pa.array([1e6, 1.0])).rows["opv"]
    assert rows.recipes.tolist() == ["cold"]
