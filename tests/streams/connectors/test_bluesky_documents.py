"""Documents out of bytes: whatever they are, nothing runs, and nothing but a refusal is raised."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from halflife.schemas.errors import MessageError
from halflife.schemas.settings import Settings
from halflife.schemas.sources.bluesky_source import BlueskySource
from halflife.schemas.sources.field_path import ABSENT, value_at
from halflife.streams.connectors.arrival import Arrival
from halflife.streams.connectors.bluesky.bluesky_connector import BlueskyConnector
from halflife.streams.connectors.bluesky.documents import Unread, read_document
from halflife.streams.connectors.kafka.message import Message
from halflife.streams.connectors.refusal import Refusal
from halflife.streams.connectors.surroundings import Surroundings

PATCHED = """
import sys
import msgpack_numpy
msgpack_numpy.patch()  # as bluesky-kafka does when imported
import numpy as np
from halflife.streams.connectors.bluesky.documents import read_document
print(read_document(sys.stdin.buffer.read())[1])
"""


class Evil:
    """Touches a file when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def numpy_packed(value: Any) -> bytes:
    """As bluesky-kafka's serializer packs it, without patching msgpack for all tests."""
    import msgpack_numpy

    packed = msgpack.packb(value, default=msgpack_numpy.encode)
    assert isinstance(packed, bytes)
    return packed


def connector(**more: Any) -> BlueskyConnector:
    plan = BlueskySource(name="sim", type="bluesky", topic="t", **more)
    return BlueskyConnector(plan, Surroundings(settings=Settings(), clock=lambda: 0.0))


def items(reader: BlueskyConnector, value: bytes) -> list[Any]:
    message = Message(topic="t", partition=0, offset=1, value=value, record_id="t/0/1")
    return list(asyncio.run(reader._items(message)))


DESCRIPTOR = {
    "uid": "d",
    "run_start": "r",
    "name": "primary",
    "data_keys": {
        "x": {"dtype": "number", "shape": [], "units": "mm"},
        "far": {"dtype": "array", "shape": [2, 2], "external": "FILESTORE:"},
    },
    "object_keys": {"x": ["x"]},
    "hints": {"x": {"fields": ["x"]}},
}


def begun() -> BlueskyConnector:
    reader = connector()
    start = {"uid": "r", "motors": ["x"], "beamline_id": "bmm", "sample": {"lot": "A"}}
    for name, document in (("start", start), ("descriptor", DESCRIPTOR)):
        assert items(reader, numpy_packed([name, document])) == []
    return reader


def event(**data: Any) -> dict[str, Any]:
    return {"uid": "e", "descriptor": "d", "time": 1e9, "seq_num": 1, "data": data,
            "timestamps": {}, "filled": {}}  # fmt: skip


def test_values_of_numpy_are_those_that_were_written() -> None:
    written = {
        "scalar": np.float32(0.5),
        "count": np.int64(-7),
        "yes": np.bool_(True),
        "list": np.arange(6, dtype=">i2").reshape(2, 3),
        "text": np.array(["a", "bc"]),
        "none": np.empty((0, 3)),
        "complex": 1 + 2j,
    }
    _, found = read_document(numpy_packed(["event", written]))
    assert (found["scalar"], found["count"], found["yes"]) == (0.5, -7, True)
    assert found["list"] == [[0, 1, 2], [3, 4, 5]]
    assert found["text"] == ["a", "bc"]
    assert found["none"] == []
    assert found["complex"] == 1 + 2j
    big = np.arange(10_000.0)
    assert np.array_equal(read_document(numpy_packed(["event", {"x": big}]))[1]["x"], big)


def test_names_that_are_numbers_become_texts() -> None:
    assert read_document(msgpack.packb(["start", {1: {2: "a"}}]))[1] == {"1": {"2": "a"}}


def test_a_pickle_is_never_read(tmp_path: Path) -> None:
    mark = tmp_path / "run"
    array = np.empty(1, dtype=object)
    array[0] = Evil(mark)
    value = numpy_packed(["event", {"x": array, "y": 2}])
    assert b"touch" in value
    found = read_document(value)[1]
    assert isinstance(found["x"], Unread)
    assert found["y"] == 2
    assert not mark.exists()


def test_a_pickle_is_never_read_where_msgpack_is_patched_either(tmp_path: Path) -> None:
    mark = tmp_path / "run"
    array = np.empty(1, dtype=object)
    array[0] = Evil(mark)
    done = subprocess.run(
        [sys.executable, "-c", PATCHED],
        input=numpy_packed(["event", {"x": array}]),
        capture_output=True,
        check=True,
    )
    assert b"a pickle" in done.stdout
    assert not mark.exists()


@pytest.mark.parametrize(
    "lie",
    [
        {b"type": "|O", b"shape": [1], b"data": b"x" * 8},
        {b"type": "<f8", b"shape": [1 << 40], b"data": b"x" * 8},
        {b"type": "<f8", b"shape": [-1], b"data": b"x" * 8},
        {b"type": "<f8", b"shape": "x", b"data": b"x" * 8},
        {b"type": "<f8", b"shape": [2], b"data": b"x" * 8},
        {b"type": "<U999999", b"shape": [1], b"data": b""},
        {b"type": [["a", "|O"]], b"kind": b"V", b"shape": [1], b"data": b"x" * 8},
        {b"type": "<f8", b"shape": [1], b"data": "text"},
    ],
)
def test_arrays_that_are_not_what_they_say_are_not_made(lie: dict[bytes, Any]) -> None:
    value = msgpack.packb(["event", {"x": {b"nd": True, b"kind": b"", **lie}}])
    assert isinstance(read_document(value)[1]["x"], Unread)


def test_lists_that_claim_to_be_long_cost_nothing() -> None:
    value = b"\xdd\x00\x03\x0d\x40" * 1000
    began = time.process_time()
    with pytest.raises(MessageError):
        read_document(value)
    assert time.process_time() - began < 1.0


def test_an_event_is_a_record_with_units_and_roles() -> None:
    found = items(begun(), numpy_packed(["event", event(x=np.float64(2.5), far="datum/1")]))
    assert len(found) == 1
    arrival = found[0]
    assert isinstance(arrival, Arrival)
    assert (arrival.record_id, arrival.instrument) == ("e", "bmm")
    assert arrival.values["x"] == 2.5
    assert arrival.values["start"]["sample"] == {"lot": "A"}
    assert "far" not in arrival.values
    assert arrival.units == {"x": "mm", "data.x": "mm"}
    assert arrival.roles == {"x": "set-point"}


def test_events_come_in_pages_and_in_bulk() -> None:
    page = {
        "uid": ["a", "b"],
        "descriptor": "d",
        "time": [1.0, 2.0],
        "seq_num": [1, 2],
        "data": {"x": np.array([5.0, 6.0])},
        "timestamps": {"x": [1.0, 2.0]},
    }
    found = items(begun(), numpy_packed(["event_page", page]))
    assert [(one.record_id, one.values["x"]) for one in found] == [("a", 5.0), ("b", 6.0)]
    found = items(begun(), numpy_packed(["bulk_events", {"primary": [event(x=1), event(x=2)]}]))
    assert [one.values["x"] for one in found] == [1, 2]
    wrong = items(begun(), numpy_packed(["event_page", {**page, "uid": ["a"]}]))
    assert isinstance(wrong[0], Refusal)


def test_events_after_the_end_and_of_unknown_runs_are_refused() -> None:
    reader = begun()
    assert items(reader, numpy_packed(["stop", {"uid": "s", "run_start": "r"}])) == []
    found = items(reader, numpy_packed(["event", event(x=1)]))
    assert isinstance(found[0], Refusal)
    assert found[0].error.reason == "unknown-run"
    assert reader.memory() == {"runs": {}}


def test_of_too_many_open_runs_the_oldest_are_forgotten() -> None:
    reader = connector()
    for i in range(150):
        items(reader, numpy_packed(["start", {"uid": f"r{i}"}]))
    assert list(reader.memory()["runs"]) == [f"r{i}" for i in range(50, 150)]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=5)
    | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["uid", "descriptor", "run_start", "time", "data", "data_keys", "name", "x", "hints",
             "object_keys", "motors", "filled", "seq_num", "timestamps", b"nd", b"type", b"shape",
             b"data", b"kind", b"complex"]
        ),
        inner,
        max_size=6,
    ),
    max_leaves=20,
)  # fmt: skip
NAMES = st.sampled_from(
    ["start", "descriptor", "event", "event_page", "bulk_events", "stop", "resource", "new"]
)


@given(st.binary(max_size=200))
def test_any_bytes_become_records_or_refusals(value: bytes) -> None:
    assert all(isinstance(one, Arrival | Refusal) for one in items(begun(), value))


@given(NAMES, st.dictionaries(st.text(max_size=3), VALUES) | VALUES)
def test_any_document_becomes_records_or_refusals(name: str, document: Any) -> None:
    reader = begun()
    known = {"uid": "d", "run_start": "r", "descriptor": "d", "time": 1.0, "data": {"x": 1}}
    for one in (document, {**known, **document} if isinstance(document, dict) else document):
        value = msgpack.packb([name, one])
        assert all(isinstance(item, Arrival | Refusal) for item in items(reader, value))
        assert all(
            isinstance(item, Arrival | Refusal)
            for item in items(reader, numpy_packed(["event", event(x=1)]))
        )


def test_what_is_beside_the_data_is_found_by_name_alone() -> None:
    (found,) = items(begun(), numpy_packed(["event", event(x=1, start="here")]))
    assert dict(found.values.items()) == {"x": 1, "start": "here"}
    (found,) = items(begun(), numpy_packed(["event", event(x=1)]))
    assert dict(found.values.items()) == {"x": 1}
    assert value_at(found.values, "start.sample.lot") == "A"
    assert value_at(found.values, "data.x") == 1
    assert value_at(found.values, "seq_num") == 1
    assert value_at(found.values, "y") is ABSENT
