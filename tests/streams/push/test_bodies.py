"""Bodies of requests: limits before parsing, and the monitor's own verdicts after it."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
import pyarrow as pa
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.schemas.errors import MessageError
from halflife.schemas.lab import Lab
from halflife.streams.connectors.arrow_shape import arrow_shape
from halflife.streams.push.arrow_records import ArrowRecords
from halflife.streams.push.cloud_events import structured_events
from halflife.streams.push.documents import lines
from halflife.streams.push.gaps import Gaps
from halflife.streams.push.intake import Intake
from halflife.streams.push.judge import Judge, Judged
from halflife.streams.push.limits import Limits
from halflife.streams.push.nesting import check_nesting
from halflife.streams.push.plain_records import plain_records
from halflife.streams.push.turned_away import TurnedAway
from halflife.streams.push.unpack import unpack
from halflife.streams.watch.decoder import Decoder
from tests.harness.pushing import LAB, record

PLANS = Lab.parse(LAB).streams
LIMITS = Limits(body=100_000, records=50, depth=8, containers=500)
GAPS = Gaps("2026-03-01T08:00:00Z", "k")
NOW = 1_772_400_000.0
TIMES = ("2026-03-01T08:00:00Z", "2026-03-01", "2126-03-01T08:00:00Z")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=9)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
NEARLY = st.fixed_dictionaries(
    {},
    optional={
        "stream": st.sampled_from(["opv", "gas", "none"]) | JSON,
        "record_id": st.text(max_size=3) | JSON,
        "time": st.sampled_from(TIMES) | JSON,
        "instrument": st.text(max_size=3) | JSON,
        "recipe": st.none() | st.text(max_size=3) | JSON,
        "values": st.dictionaries(st.sampled_from(["x", "y", "kind", "p", "z"]), JSON) | JSON,
        "more": JSON,
    },
)  # fmt: skip


def judge(intake: Intake) -> Judged:
    return asyncio.run(Judge(PLANS).judge(intake, now=NOW))


def depth_of(value: Any) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, list) else 0


def outcome(call: Callable[[], Any]) -> tuple[Any, Any]:
    """What a call gives, and with what it was refused."""
    try:
        return call(), None
    except (TurnedAway, MessageError) as error:
        return None, error


@given(JSON, st.integers(1, 5))
def test_depth_is_told_before_it_is_parsed(value: Any, most: int) -> None:
    for text in (orjson.dumps(value), orjson.dumps(value, option=orjson.OPT_INDENT_2)):
        _, error = outcome(partial(check_nesting, text, depth=most, containers=1000))
        assert (error is not None) == (depth_of(value) > most)
        assert error is None or error.reason == "too-deep"


@given(st.binary(max_size=3000), st.integers(0, 3000), st.sampled_from(["gzip", "zstd"]), st.data())
def test_what_was_packed_is_unpacked_whole_or_not_at_all(
    body: bytes, most: int, name: str, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(body)))
    pack = gzip.compress if name == "gzip" else zstandard.ZstdCompressor().compress
    packed = pack(body[:at]) + pack(body[at:])
    found, error = outcome(lambda: unpack(packed, name, most))
    if len(body) <= most:
        assert found == body
    else:
        assert error.status == 413
    cut = data.draw(st.integers(1, len(pack(body[at:])) - 1))
    with pytest.raises(TurnedAway):
        unpack(packed[:-cut], name, 10_000)


@given(st.binary(max_size=200), st.sampled_from(["gzip", "zstd"]))
def test_bytes_that_were_never_packed_are_told(body: bytes, name: str) -> None:
    _, error = outcome(lambda: unpack(body, name, 100))
    assert error is None or error.status in {400, 413}


@settings(deadline=None)
@given(st.lists(NEARLY, min_size=1, max_size=8))
def test_the_verdicts_are_those_of_the_monitor_in_each_form(records: list[dict[str, Any]]) -> None:
    array = plain_records(orjson.dumps(records), by_line=False, gaps=GAPS, limits=LIMITS)
    by_line = plain_records(
        b"\n".join(map(orjson.dumps, records)), by_line=True, gaps=GAPS, limits=LIMITS
    )
    found = [judge(intake) for intake in (array, by_line)]
    told = [[(r.index, r.error.reason, r.error.path) for r in each.refused] for each in found]
    assert told[0] == told[1]
    for each in found:
        refused = {r.index for r in each.refused}
        assert each.accepted == len(records) - len(refused)
        for stream, messages in each.messages.items():
            values = [due.value for due in messages]
            decoded = Decoder(PLANS, check_clock=False).decode([_Raw(v) for v in values])
            assert not decoded.rejects
            assert set(decoded.rows) == {stream}
            ids = [orjson.loads(value)["record_id"] for value in values]
            due = [
                row.get("record_id", f"k-{i}")
                for i, row in enumerate(records)
                if i not in refused and row["stream"] == stream
            ]
            assert ids == due


@settings(deadline=None)
@given(st.lists(st.lists(NEARLY, min_size=1, max_size=4), min_size=2, max_size=6))
def test_requests_that_are_judged_together_get_the_verdicts_that_each_gets_alone(
    requests: list[list[dict[str, Any]]],
) -> None:
    def intakes() -> list[Intake]:
        return [
            plain_records(orjson.dumps(records), by_line=False, gaps=GAPS, limits=LIMITS)
            for records in requests
        ]

    async def together() -> list[Judged]:
        found = Judge(PLANS)
        return await asyncio.gather(*(found.judge(one, now=NOW) for one in intakes()))

    def told(judged: Judged) -> Any:
        refused = [(r.index, r.error.reason, r.error.path, r.raw) for r in judged.refused]
        return judged.messages, judged.accepted, refused, judged.latest

    assert list(map(told, asyncio.run(together()))) == [told(judge(one)) for one in intakes()]


def test_a_large_request_among_small_ones_is_judged_whole() -> None:
    rows = [record(i) for i in range(1200)]
    limits = Limits()
    large = plain_records(orjson.dumps(rows), by_line=False, gaps=GAPS, limits=limits)
    small = plain_records(orjson.dumps(rows[:1]), by_line=False, gaps=GAPS, limits=limits)

    async def all_of_them() -> list[Judged]:
        found = Judge(PLANS)
        return await asyncio.gather(*(found.judge(one, now=NOW) for one in (small, large, small)))

    assert [judged.accepted for judged in asyncio.run(all_of_them())] == [1, 1200, 1]


class _Raw:
    key = None
    headers = ()
    offset = 0
    timestamp = 0

    def __init__(self, value: bytes) -> None:
        self.value = value


@settings(deadline=None)
@given(st.binary(max_size=300) | JSON.map(orjson.dumps), st.booleans())
def test_any_bytes_become_records_or_a_refusal(body: bytes, by_line: bool) -> None:
    for read in (
        lambda: plain_records(body, by_line=by_line, gaps=GAPS, limits=LIMITS),
        lambda: structured_events(body, many=by_line, gaps=GAPS, limits=LIMITS),
    ):
        intake, error = outcome(read)
        if error is not None:
            assert error.status in {400, 413}
        else:
            judged = judge(intake)
            assert judged.accepted + len(judged.refused) == intake.count


@given(st.dictionaries(st.sampled_from(
    ["specversion", "id", "source", "type", "subject", "time", "data", "data_base64",
     "datacontenttype"]), JSON | st.sampled_from(["1.0", "opv", "e30="])))  # fmt: skip
@settings(deadline=None)
def test_any_event_becomes_a_record_or_a_refusal(event: dict[str, Any]) -> None:
    intake = structured_events(orjson.dumps([event]), many=True, gaps=GAPS, limits=LIMITS)
    assert intake.count == 1
    judge(intake)


def arrow() -> bytes:
    rows = [record(i) for i in range(4)]
    table = pa.table(
        {
            "record_id": [row["record_id"] for row in rows],
            "time": pa.array([1_772_352_000] * 4).cast(pa.timestamp("s", "UTC")),
            "instrument": pa.array(["robot"] * 4).dictionary_encode(),
            "x": [row["values"]["x"] for row in rows],
        }
    )
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


GOOD_ARROW = arrow()


def test_the_shape_of_arrow_is_read_off_its_metadata() -> None:
    shape = arrow_shape(GOOD_ARROW)
    assert shape.rows == 4
    judged = ArrowRecords(PLANS, LIMITS).judge(GOOD_ARROW, "opv", now=NOW)
    assert judged.accepted == 4
    table = pa.table({"x": [0.0] * 100_000})
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    assert arrow_shape(bytes(sink.getvalue())).unpacked >= 800_000


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(GOOD_ARROW) - 1), st.integers(0, 255)), max_size=6),
       st.integers(0, len(GOOD_ARROW)))  # fmt: skip
def test_any_arrow_becomes_records_or_a_refusal(changes: list[tuple[int, int]], end: int) -> None:
    body = bytearray(GOOD_ARROW)
    for at, byte in changes:
        body[at] = byte
    for whole in (bytes(body), bytes(body[:end])):
        records = ArrowRecords(PLANS, LIMITS)
        judged, error = outcome(partial(records.judge, whole, "opv", now=NOW))
        if error is not None:
            assert error.status in {400, 413}
        else:
            assert judged.accepted + len(judged.refused) <= LIMITS.records


def test_lines_that_are_too_long_are_not_parsed() -> None:
    long = b'{"a": "' + b"x" * (1 << 20) + b'"}'
    (part,) = lines(long, LIMITS)
    assert part[2] is not None
    assert part[2].reason == "too-large"
