"""What becomes of a record follows from its own bytes, whatever stands beside it."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.schemas.errors import MessageError
from halflife.schemas.record import ExperimentRecord
from halflife.schemas.window import address
from halflife.streams.watch.arrow import ARROW_TYPE
from halflife.streams.watch.decoder import LARGEST_MESSAGE, Decoder

from .stories import START, Raw, fields, plans, raw, text_time

LAB = """
[stream.opv.column]
x = { role = "set-point", unit = "K", min = 0, max = 400 }
n = { role = "context", kind = "integer" }
who = { role = "context", kind = "category" }
y = { role = "measured" }
[stream.one.column]
y = { role = "measured" }
"""
PLANS = plans(LAB)
NOW = int(1000 * START)
GOOD: dict[str, Any] = {"x": 300.5, "n": 3, "who": "ann", "y": -1.5}
HEADERS = (("content-type", ARROW_TYPE),)


def decoder() -> Decoder:
    return Decoder(PLANS)


def message(offset: int, value: bytes | None) -> Raw:
    return Raw(offset, value, timestamp=NOW)


def record(values: Any = GOOD, **changes: Any) -> dict[str, Any]:
    return {**fields({}, name="r"), "values": values, **changes}


def reason_of(value: bytes | None) -> tuple[str, str]:
    decoded = decoder().decode([message(5, value)])
    assert decoded.rows == {}
    [reject] = decoded.rejects
    assert reject.address == address(5)
    assert reject.value == (value or b"")
    assert reject.error.text
    return reject.error.reason, reject.error.path


def dumps(**changes: Any) -> bytes:
    return orjson.dumps(record(**changes))


@pytest.mark.parametrize(
    ("value", "reason", "path"),
    [
        (None, "empty", ""),
        (b"", "broken-json", ""),
        (b"{", "broken-json", ""),
        (b"\xff\xfe{}", "not-utf-8", ""),
        (b"[1, 2]", "not-an-object", ""),
        (b"null", "not-an-object", ""),
        (b'{"stream": "opv"}', "missing-field", "record_id"),
        (dumps(stream="nobody"), "unknown-stream", "stream"),
        (dumps(stream="OPV!"), "unknown-stream", "stream"),
        (dumps(stream=["opv"]), "wrong-type", "stream"),
        (dumps(extra=1), "unknown-field", "extra"),
        (dumps(recipe="a", extra=1), "unknown-field", "extra"),
        (dumps(recipe=7), "wrong-type", "recipe"),
        (dumps(recipe="r" * 201), "wrong-type", "recipe"),
        (dumps(record_id=""), "wrong-type", "record_id"),
        (dumps(record_id="r" * 201), "wrong-type", "record_id"),
        (dumps(record_id=7), "wrong-type", "record_id"),
        (dumps(instrument=None), "wrong-type", "instrument"),
        (dumps(instrument="i" * 201), "wrong-type", "instrument"),
        (dumps(time="2025-12-31T10:00:00"), "time-without-zone", "time"),
        (dumps(time="2025-12-31"), "time-without-zone", "time"),
        (dumps(time="2025-W05-1T10:00:00Z"), "bad-time", "time"),
        (dumps(time="2025-12-31T10:00Z"), "bad-time", "time"),
        (dumps(time="yesterday"), "bad-time", "time"),
        (dumps(time="1700000000"), "bad-time", "time"),
        (dumps(time=1700000000), "bad-time", "time"),
        (dumps(time=None), "bad-time", "time"),
        (dumps(time="9999-12-31T23:59:59-10:00"), "bad-time", "time"),
        (dumps(time=text_time(START + 301)), "time-in-future", "time"),
        (dumps(values=None), "wrong-type", "values"),
        (dumps(values=[1]), "wrong-type", "values"),
        (dumps(values={"z": 1.0}), "unknown-column", "values.z"),
        (dumps(values={**GOOD, "z": None}), "unknown-column", "values.z"),
        (dumps(values={"x": "300"}), "wrong-type", "values.x"),
        (dumps(values={"x": True}), "wrong-type", "values.x"),
        (dumps(values={**GOOD, "x": True}), "wrong-type", "values.x"),
        (dumps(values={**GOOD, "y": False}), "wrong-type", "values.y"),
        (dumps(values={"x": [1.0]}), "wrong-type", "values.x"),
        (dumps(values={"who": 7}), "wrong-type", "values.who"),
        (dumps(values={"who": False}), "wrong-type", "values.who"),
        (dumps(values={"n": 2.5}), "wrong-type", "values.n"),
        (dumps(values={"x": -0.001}), "out-of-range", "values.x"),
        (dumps(values={"x": 400.1}), "out-of-range", "values.x"),
        (dumps().replace(b"300.5", b"1e999"), "not-finite", "values.x"),
        (dumps().replace(b"300.5", b"Infinity"), "not-finite", "values.x"),
        (dumps().replace(b"300.5", b"NaN"), "not-finite", "values.x"),
        (dumps(values={**GOOD, "who": "a" * 10_000_000}), "too-large", ""),
        (b"[" * 100_000, "broken-json", ""),
    ],
)
def test_what_cannot_be_used_is_told_with_reason_and_path(
    value: bytes | None, reason: str, path: str
) -> None:
    assert reason_of(value) == (reason, path)


def test_the_text_says_what_is_allowed() -> None:
    decoded = decoder().decode([message(0, dumps(values={"x": 401}))])
    assert decoded.rejects[0].error.text == "401 K is above 400 K"


def test_null_and_absent_columns_are_missing_cells() -> None:
    records = [record(values) for values in (GOOD, {**GOOD, "x": None, "who": None}, {}, {"n": 1})]
    decoded = decoder().decode([message(i, orjson.dumps(r)) for i, r in enumerate(records)])
    assert decoded.rejects == []
    block = decoded.rows["opv"].block
    assert {name: block.missing(name) for name in GOOD} == {"x": 3, "n": 1, "who": 3, "y": 2}
    assert block.text("who").tolist() == ["ann", None, None, None]


def test_the_largest_record_is_accepted() -> None:
    room = LARGEST_MESSAGE - len(dumps(values={**GOOD, "who": ""}))
    value = dumps(values={**GOOD, "who": "a" * room})
    assert len(value) == LARGEST_MESSAGE
    assert len(decoder().decode([message(0, value)]).rows["opv"]) == 1
    assert reason_of(dumps(values={**GOOD, "who": "a" * (room + 1)})) == ("too-large", "")


def test_without_a_broker_no_time_is_ahead() -> None:
    decoded = Decoder(PLANS, check_clock=False).decode(
        [message(0, dumps(time="2999-01-01T00:00:00Z"))]
    )
    assert len(decoded.rows["opv"]) == 1


def test_the_last_of_two_equal_keys_counts() -> None:
    value = dumps().replace(b'"x":300.5', b'"x":1.0,"x":2.0')
    assert decoder().decode([message(0, value)]).rows["opv"].block.number("x").tolist() == [2.0]


# The fast path and the careful one


CELLS = st.one_of(
    st.sampled_from(
        [0, -0.0, 1, 2**53 + 1, 2**63, 2**64 - 1, -(2**63), 1e308, 5e-324, 2.5, 400, 401, 10**19]
    ),
    st.sampled_from([True, None, "", "ann", "1", [], {}, "\x00", "é"]),
)
VALUES = st.one_of(
    st.just(GOOD),
    st.fixed_dictionaries({"x": CELLS, "n": CELLS, "who": CELLS, "y": CELLS}),
    st.dictionaries(st.sampled_from(["x", "n", "who", "y", "z"]), CELLS),
    st.just(7),
)
TIMES = st.sampled_from(
    [
        *map(text_time, (START, START + 300, START + 300.001)),
        "2025-12-31T23:00:00.123456789z",
        "2025-12-31 10:00:00+01:00",
        "2025-12-31T10:00:00",
        "x",
        5,
    ]
)
RECORDS = st.builds(
    lambda values, changes: {**record(values), **changes},
    VALUES,
    st.one_of(
        st.just({}),
        st.fixed_dictionaries({"time": TIMES}),
        st.sampled_from([{"recipe": "a"}, {"recipe": None}, {"recipe": 1}, {"extra": 1}]),
        st.sampled_from([{"stream": "one"}, {"stream": "no"}, {"instrument": 1}]),
        st.sampled_from([{"record_id": "é" * 200}, {"record_id": "é" * 201}]),
    ),
)


def outcome(found: Any, place: int) -> Any:
    """What became of one message: its row, or why not."""
    for reject in found.rejects:
        if reject.address == place:
            return reject.error.reason, reject.error.path, reject.error.text, reject.value
    for stream, rows in found.rows.items():
        at = np.flatnonzero(rows.addresses == place)
        if len(at):
            i = int(at[0])
            numbers = rows.block.numbers[i].tobytes()
            return stream, rows.ids[i], float(rows.times[i]), numbers, rows.block.texts[i].tolist()
    return None


@settings(max_examples=150, deadline=None, derandomize=True)
@given(RECORDS)
def test_a_record_fares_the_same_among_good_ones_and_bad_ones(fields: dict[str, Any]) -> None:
    value = orjson.dumps(fields)
    clean = orjson.dumps(record({"y": 1.0}, stream="one"))
    good, sparse = dumps(), dumps(values={})
    alone = outcome(decoder().decode([message(2, value)]), address(2))
    assert alone is not None
    for before, after in ((good, clean), (sparse, b"{"), (good, sparse), (b"", good)):
        block = [message(1, before), message(2, value), message(3, after)]
        assert outcome(decoder().decode(block), address(2)) == alone


@settings(max_examples=150, deadline=None, derandomize=True)
@given(RECORDS)
def test_whatever_is_accepted_keeps_the_published_contract(fields: dict[str, Any]) -> None:
    decoded = decoder().decode([message(0, orjson.dumps(fields))])
    if decoded.rows:
        [rows] = decoded.rows.values()
        checked = ExperimentRecord.checked(fields)
        table = PLANS[checked.stream].table
        assert rows.ids == [checked.record_id]
        # What the contract cuts to microseconds is cut here as well.
        assert rows.times.tolist() == [checked.time.timestamp()]
        for name, cell in rows.block.rows()[0].items():
            given_cell = checked.values.get(name)
            assert cell == (float(given_cell) if name in table.numeric and given_cell is not None
                            else given_cell)  # fmt: skip


# Any mixture, cut anywhere


def arrow(rows: list[dict[str, Any]]) -> bytes:
    """An Arrow message of some records."""
    schema = pa.schema(
        [
            ("record_id", pa.string()),
            ("time", pa.timestamp("us", tz="UTC")),
            ("instrument", pa.string()),
            *((name, pa.float64()) for name in ("x", "n", "y")),
            ("who", pa.string()),
        ]
    )
    columns = {
        **{name: [row[name] for row in rows] for name in ("record_id", "time", "instrument")},
        **{name: [row["values"].get(name) for row in rows] for name in GOOD},
    }
    columns["time"] = [datetime.fromisoformat(time) for time in columns["time"]]
    table = pa.Table.from_pydict(columns, schema=schema)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


ROW = st.builds(
    lambda x, who, late, name: record(
        {**GOOD, "x": x, "who": who}, time=text_time(START + late), record_id=name
    ),
    st.sampled_from([0.0, 300.0, None, -1.0, 500.0]),
    st.sampled_from(["ann", None]),
    st.sampled_from([0, 0.25, 299, 301]),
    st.sampled_from(["a", "b", "c", "", "d" * 201]),
)
MESSAGES = st.one_of(
    ROW.map(orjson.dumps).map(lambda value: (value, ())),
    st.sampled_from([b"{", b"\xff", None, dumps(stream="one", values={"y": 1})]).map(
        lambda value: (value, ())
    ),
    st.lists(ROW, max_size=4).map(lambda rows: (arrow(rows), HEADERS)),
    st.just((b"no arrow", HEADERS)),
)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(MESSAGES, max_size=14), st.lists(st.integers(0, 14), max_size=5))
def test_blocks_cut_anywhere_give_the_same(messages: list[Any], cuts: list[int]) -> None:
    log = [
        Raw(3 * i + 1, value, timestamp=NOW, headers=headers)
        for i, (value, headers) in enumerate(messages)
    ]
    whole = decoder().decode(log)
    ends = sorted({min(cut, len(log)) for cut in cuts} | {len(log)})
    parts = [decoder().decode(log[a:b]) for a, b in zip([0, *ends], ends, strict=False)]
    rejects = [reject for part in parts for reject in part.rejects]
    assert [(r.address, r.error.args, r.value) for r in whole.rejects] == [
        (r.address, r.error.args, r.value) for r in rejects
    ]
    for stream in PLANS:
        found = [part.rows[stream] for part in parts if stream in part.rows]
        assert (stream in whole.rows) == bool(found)
        if not found:
            continue
        rows = whole.rows[stream]
        assert rows.addresses.tolist() == [a for part in found for a in part.addresses.tolist()]
        assert np.all(np.diff(rows.addresses) > 0)
        assert list(rows.ids) == [name for part in found for name in part.ids]
        assert rows.times.tobytes() == b"".join(part.times.tobytes() for part in found)
        assert rows.block.numbers.tobytes() == b"".join(p.block.numbers.tobytes() for p in found)
        assert rows.block.texts.tolist() == [t for p in found for t in p.block.texts.tolist()]


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(ROW, min_size=1, max_size=6))
def test_an_arrow_row_fares_as_the_json_record_of_the_same_fields(rows: list[Any]) -> None:
    one = decoder().decode([Raw(4, arrow(rows), timestamp=NOW, headers=HEADERS)])
    for i, row in enumerate(rows):
        json = decoder().decode([message(0, orjson.dumps(row))])
        told, expected = outcome(one, address(4, i)), outcome(json, address(0))
        if json.rejects:
            assert told[:2] == (expected[0], f"row {i}.{expected[1]}")
            again = decoder().decode([message(0, told[3])])
            assert outcome(again, address(0))[:2] == expected[:2]
            with pytest.raises(MessageError):
                raise json.rejects[0].error
        else:
            assert told == expected


def test_a_time_is_the_same_instant_in_json_and_arrow() -> None:
    for seconds in (START, START + 0.000001, START - 0.123456, -1.5, 4e9 + 0.7):
        stamp = int(1000 * (seconds + 1000))
        row = record(time=datetime.fromtimestamp(seconds, UTC).isoformat())
        json = decoder().decode([raw(0, row, timestamp=stamp)]).rows["opv"].times
        other = decoder().decode([Raw(0, arrow([row]), timestamp=stamp, headers=HEADERS)])
        assert json.tobytes() == other.rows["opv"].times.tobytes()


def test_recipes_stay_with_their_records_whatever_stands_between() -> None:
    values = [
        dumps(recipe="hot"),
        dumps(),
        dumps(recipe=7),
        dumps(recipe=None),
        b"{",
        dumps(values={"x": 1e6}, recipe="lost"),
        dumps(recipe="cold", time="2026-01-01T00:00:00.5z"),
    ]
    messages = [message(i, value) for i, value in enumerate(values)]
    rows = decoder().decode(messages).rows["opv"]
    assert rows.recipes is not None
    assert rows.recipes.tolist() == ["hot", None, None, "cold"]
    assert decoder().decode(messages[1:4]).rows["opv"].recipes is None


@pytest.mark.parametrize("field", ["instrument", "time", "values", "recipe"])
def test_a_value_deeper_than_python_calls_itself_is_refused(field: str) -> None:
    deep = b"[" * 1000 + b"]" * 1000
    value = dumps(**{field: {"y": "deep"} if field == "values" else "deep"})
    assert reason_of(value.replace(b'"deep"', deep))[0] in {"wrong-type", "bad-time"}
