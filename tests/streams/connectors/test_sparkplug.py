"""Sparkplug B: bytes to values, and what births, deaths and missing messages mean."""

from __future__ import annotations

import base64
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.schemas.errors import MessageError
from halflife.schemas.sources.sparkplug_source import SparkplugSource
from halflife.streams.connectors.arrival import Arrival
from halflife.streams.connectors.gap import Gap
from halflife.streams.connectors.mqtt.heard import Heard
from halflife.streams.connectors.refusal import Refusal
from halflife.streams.connectors.sparkplug.codec import decode, message_class, rebirth_command
from halflife.streams.connectors.sparkplug.sparkplug_records import SparkplugRecords
from tests.harness.sparkplug_node import BOOLEAN, DOUBLE, INT64, message

# Bytes that the generated Go classes of another implementation wrote: benthos-umh (Apache-2.0),
# sparkplug_plugin/test_vectors.go.
NBIRTH = (
    "CNLig7n6MhINCgViZFNlcRABIAhYWBIcChROb2RlIENvbnRyb2wvUmViaXJ0aBACIAtwABIaCgtUZW1wZXJhdHVyZRBk"
    "IAppAAAAAACANUAYAA=="
)
NDATA = "CNLig7n6MhINEGQgCmkAAAAAAIA2QBgB"
WIDTHS = {1: "b", 2: "h", 3: "i", 4: "q", 5: "B", 6: "H", 7: "I", 8: "Q"}


def test_bytes_of_another_implementation_are_read() -> None:
    born = decode(base64.b64decode(NBIRTH), 1000)
    assert [(m.name, m.alias, m.type, m.value) for m in born.metrics] == [
        ("bdSeq", 1, 8, 88),
        ("Node Control/Rebirth", 2, 11, False),
        ("Temperature", 100, 10, 21.5),
    ]
    assert (born.seq, born.time) == (0, 1750855643474)
    (told,) = decode(base64.b64decode(NDATA), 1000).metrics
    assert (told.name, told.alias, told.value) == (None, 100, 22.5)


def test_the_command_is_as_the_specification_has_it() -> None:
    (metric,) = decode(rebirth_command(1.0), 1000).metrics
    assert (metric.name, metric.type, metric.value) == ("Node Control/Rebirth", BOOLEAN, True)


@settings(deadline=None)
@given(st.sampled_from(sorted(WIDTHS)), st.data(), st.booleans())
def test_whole_numbers_keep_their_sign(kind: int, data: st.DataObject, typed: bool) -> None:
    bits = 8 * struct.calcsize(WIDTHS[kind])
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if kind < 5 else (0, (1 << bits) - 1)
    value = data.draw(st.integers(low, high))
    field = "long_value" if bits == 64 else "int_value"
    # Writers differ: some fill up the sign to 32 bits, some send 8 bits of it.
    width = data.draw(st.sampled_from([bits, max(32, bits)]))
    made = message_class()()
    made.metrics.add(name="n", datatype=kind, **{field: value % (1 << width)})
    (metric,) = decode(made.SerializeToString(), 1000).metrics
    assert metric.value == value


@settings(deadline=None)
@given(st.lists(st.floats(allow_nan=False), max_size=5), st.integers(-(2**31), 2**31 - 1))
def test_arrays(numbers: list[float], whole: int) -> None:
    made = message_class()()
    packed = struct.pack(f"<{len(numbers)}d", *numbers)
    made.metrics.add(name="a", datatype=31, bytes_value=packed)
    made.metrics.add(name="b", datatype=24, bytes_value=struct.pack("<i", whole))
    made.metrics.add(name="c", datatype=31, bytes_value=b"123")
    assert [m.value for m in decode(made.SerializeToString(), 1000).metrics] == [
        numbers,
        [whole],
        None,
    ]


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_refused(raw: bytes) -> None:
    reasons = set()
    try:
        decode(raw, 200)
    except MessageError as error:
        reasons.add(error.reason)
    assert reasons <= {"broken-protobuf", "too-large"}
    assert ("too-large" in reasons) == (len(raw) > 200)


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["NBIRTH", "DBIRTH", "NDATA", "DDATA", "NDEATH"]))
def test_a_golden_message_with_a_part_exchanged_breaks_nothing(part: bytes, kind: str) -> None:
    records = SparkplugRecords(plan())
    golden = base64.b64decode(NBIRTH)
    for raw in (golden, golden[:20] + part, part + golden[20:], golden):
        topic = f"spBv1.0/lab/{kind}/edge" + ("/d" if kind[0] == "D" else "")
        for item in records.take(Heard(topic, raw, 0, False, False, 0, 1.0)):
            assert isinstance(item, Arrival | Refusal | Gap)


def plan(**more: Any) -> SparkplugSource:
    return SparkplugSource(
        **{"name": "s", "type": "sparkplug", "host": "h", "group": "lab", **more}
    )


class Story:
    """What becomes of messages, one after the other."""

    def __init__(self, **more: Any) -> None:
        self.records = SparkplugRecords(plan(**more))
        self.time = 100.0

    def tell(self, kind: str, metrics: Any, seq: int | None, **more: Any) -> list[Any]:
        self.time += 1
        topic = f"spBv1.0/lab/{kind}/edge" + ("/oven" if kind[0] == "D" else "")
        raw = message(metrics, seq=seq, time_ms=more.pop("at", int(1000 * self.time)), **more)
        return self.records.take(Heard(topic, raw, 0, False, False, 0, self.time))

    def bear(self) -> None:
        assert self.tell("NBIRTH", {"bdSeq": (INT64, 7)}, 0) == []
        values = {"t": (DOUBLE, 20.0), "p": (DOUBLE, 1.0), "n": (INT64, -3)}
        aliases = {"t": 1, "p": 2, "n": 3}
        assert self.tell("DBIRTH", values, 1, aliases=aliases, units={"t": "degC"}) == []

    def data(self, seq: int, values: Any, **more: Any) -> list[Any]:
        aliases = {"t": 1, "p": 2, "n": 3}
        metrics = {name: (DOUBLE, value) for name, value in values.items()}
        return self.tell("DDATA", metrics, seq, aliases=aliases, names=False, **more)


def values(items: list[Any]) -> list[dict[str, Any]]:
    hidden = {"group", "node", "device"}
    assert all(isinstance(item, Arrival) for item in items), items
    return [{k: v for k, v in item.values.items() if k not in hidden} for item in items]


def test_data_over_the_latest_values_are_records() -> None:
    story = Story()
    story.bear()
    (record,) = story.data(2, {"t": 21.0}, at=1_790_000_000_500)
    assert values([record]) == [{"t": 21.0, "p": 1.0, "n": -3}]
    assert record.units == {"t": "degC"}
    assert record.time.isoformat() == "2026-09-21T14:13:20.500000+00:00"
    assert record.instrument == "edge/oven"
    assert record.address == "mqtt://h/spBv1.0/lab/DDATA/edge/oven"
    assert values(story.data(3, {"p": None})) == [{"t": 21.0, "p": None, "n": -3}]
    assert story.records.ask(200.0) == []


def test_data_before_a_birth_ask_for_it_again_and_again_but_seldom() -> None:
    story = Story()
    (gap,) = story.data(7, {"t": 21.0})
    assert isinstance(gap, Gap)
    assert story.data(8, {"t": 21.5}) == []
    asked = [now for now in range(100, 200) if story.records.ask(float(now))]
    assert asked == [100, 105, 115, 135, 175]
    story.bear()
    assert story.records.ask(1000.0) == []
    assert values(story.data(2, {"t": 22.0})) == [{"t": 22.0, "p": 1.0, "n": -3}]


def test_a_missing_number_is_a_gap_and_old_values_count_no_more() -> None:
    story = Story()
    story.bear()
    for seq in range(2, 256):
        assert len(story.data(seq, {"t": 1.0})) == 1
    assert len(story.data(0, {"t": 2.0})) == 1, "after 255 comes 0"
    gap, record = story.data(3, {"t": 3.0})
    assert "2 messages of edge node edge are missing" in gap.text
    assert values([record]) == [{"t": 3.0}]
    assert story.records.ask(1000.0) == ["edge"]
    story.bear()
    gap, _ = story.data(5, {"t": 3.0})
    assert isinstance(gap, Gap)
    assert story.records.ask(1003.0) == [], "not so soon again"
    assert story.records.ask(1006.0) == ["edge"]


def test_deaths_are_gaps() -> None:
    story = Story()
    story.bear()
    assert story.tell("NDEATH", {"bdSeq": (INT64, 6)}, None) == [], "of a former connection"
    (gap,) = story.tell("DDEATH", {}, 2)
    assert "device edge/oven is gone" in gap.text
    (gap,) = story.data(3, {"t": 1.0})
    assert "birth was not heard" in gap.text
    story.bear()
    (gap,) = story.tell("NDEATH", {"bdSeq": (INT64, 7)}, None)
    assert "edge node edge is gone" in gap.text
    assert gap.first is not None
    assert gap.first < gap.last


def test_what_is_told_late_leaves_the_values_of_now_alone() -> None:
    story = Story()
    story.bear()
    story.data(2, {"t": 21.0, "p": 2.0})
    story.bear()
    late = story.data(2, {"t": 30.0}, historical=True, at=50_000)
    assert values(late) == [{"t": 30.0, "p": 2.0, "n": -3}]
    assert late[0].time.timestamp() == 50.0
    assert values(story.data(3, {"p": 5.0})) == [{"t": 20.0, "p": 5.0, "n": -3}]


def test_a_message_that_comes_twice_is_one() -> None:
    story = Story()
    story.bear()
    assert len(story.data(2, {"t": 21.0}, at=1)) == 1
    assert story.data(2, {"t": 21.0}, at=1) == []


def test_a_trigger_makes_records() -> None:
    story = Story(trigger="n")
    story.bear()
    assert story.data(2, {"t": 21.0}) == []
    aliases = {"n": 3}
    (record,) = story.tell("DDATA", {"n": (INT64, 5)}, 3, aliases=aliases, names=False)
    assert values([record]) == [{"t": 21.0, "p": 1.0, "n": 5}]


def test_an_alias_that_no_birth_had_asks_for_one() -> None:
    story = Story()
    story.bear()
    assert story.tell("DDATA", {"z": (DOUBLE, 1.0)}, 2, aliases={"z": 9}, names=False) == []
    assert story.records.ask(1000.0) == ["edge"]


def test_devices_and_nodes_that_are_not_meant() -> None:
    story = Story(devices=["gc"])
    story.bear()
    assert story.data(2, {"t": 21.0}) == []
    story = Story(nodes=["other"])
    story.tell("NBIRTH", {"bdSeq": (INT64, 7)}, 0)
    assert story.records.nodes == []
    assert story.records.ask(0.0) == ["other"]


@pytest.mark.parametrize("uuid", ["SPBV1.0_COMPRESSED", "OTHER_COMPRESSED"])
def test_compressed_messages_are_refused(uuid: str) -> None:
    raw = message_class()(uuid=uuid, body=b"\x1f\x8b").SerializeToString()
    with pytest.raises(MessageError, match="compressed"):
        decode(raw, 1000)
