"""Records out of messages of each form, and refusals out of everything else."""

from __future__ import annotations

import asyncio
import http.server
import json
import struct
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from halflife.schemas.settings import Settings
from halflife.schemas.sources.kafka_source import KafkaSource
from halflife.streams.connectors.arrival import Arrival
from halflife.streams.connectors.errors import SourceAway
from halflife.streams.connectors.kafka.kafka_connector import KafkaConnector
from halflife.streams.connectors.kafka.message import Message
from halflife.streams.connectors.kafka.places import Places, TopicPlace
from halflife.streams.connectors.kafka.template import Template
from halflife.streams.connectors.refusal import Refusal
from halflife.streams.connectors.surroundings import Surroundings

FORMATS = ("json", "cloudevents", "arrow", "confluent", "auto")
STAMP = datetime(2026, 11, 22, 10, tzinfo=UTC)
CE = [("ce_specversion", b"1.0"), ("ce_id", b"7"), ("ce_source", b"/lab/hplc"),
      ("ce_time", b"2026-11-22T11:00:00Z"), ("ce_type", b"run")]  # fmt: skip
EVENT = {"specversion": "1.0", "id": "7", "source": "/lab/hplc", "type": "run", "data": {"x": 1}}


def items(kind: str, value: bytes | None, headers: Any = (), **more: Any) -> list[Any]:
    topic = more.pop("topic", "t")
    plan = KafkaSource(name="k", type="kafka", format=kind, **{"topic": "t", **more})
    reader = KafkaConnector(plan, Surroundings(settings=Settings(), clock=lambda: 0.0))
    message = Message(topic=topic, partition=0, offset=3, value=value, record_id=f"{topic}/0/3",
                      headers=headers, time=STAMP, key=b"k")  # fmt: skip
    return list(asyncio.run(reader._items(message)))


def arrow(table: pa.Table, **more: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, **more) as writer:
        writer.write_table(table)
    value: bytes = sink.getvalue().to_pybytes()
    return value


def test_a_cloudevent_in_binary_mode() -> None:
    (found,) = items("cloudevents", b'{"x": 1}', CE, id_from="ce.type")
    assert (found.record_id, found.instrument) == ("/lab/hplc#7", "/lab/hplc")
    assert found.time == datetime(2026, 11, 22, 11, tzinfo=UTC)
    assert (found.values["x"], found.values["ce"]["type"]) == (1, "run")


def test_cloudevents_in_structured_mode_and_in_a_batch() -> None:
    kind = [("Content-Type", b"application/cloudevents+json; charset=UTF-8")]
    (found,) = items("auto", json.dumps(EVENT).encode(), kind)
    assert (found.record_id, found.values, found.time) == ("/lab/hplc#7", {"x": 1}, STAMP)
    batch = [("content-type", b"application/cloudevents-batch+json")]
    two = [EVENT, {**EVENT, "id": "8", "data": None, "data_base64": "eyJ4IjogMn0="}]
    found = items("auto", json.dumps(two).encode(), batch)
    assert [(one.record_id[-1], one.values["x"]) for one in found] == [("7", 1), ("8", 2)]


@pytest.mark.parametrize(
    ("value", "headers", "reason"),
    [
        (b'{"x": 1}', [], "no-cloudevent"),
        (b'{"x": 1}', [("ce_specversion", b"1.0"), ("ce_id", b"1")], "missing-field"),
        (b"<x/>", [*CE, ("content-type", b"application/xml")], "wrong-content"),
        (b'{"x": 1}', [*CE[:3], ("ce_time", b"soon")], "bad-time"),
        (b"3", CE, "not-an-object"),
    ],
)
def test_what_is_no_cloudevent(value: bytes, headers: Any, reason: str) -> None:
    (found,) = items("cloudevents", value, headers)
    assert found.error.reason == reason


def test_each_row_of_arrow_is_a_record() -> None:
    schema = pa.schema([pa.field("x", pa.float64(), metadata={"unit": "mV"}), ("s", pa.string())])
    table = pa.table({"x": [1.5, None], "s": ["a", "b"]}, schema=schema)
    kind = [("content-type", b"application/vnd.apache.arrow.stream")]
    found = items("auto", arrow(table), kind)
    assert [(one.record_id, one.values) for one in found] == [
        ("t/0/3/0", {"x": 1.5, "s": "a"}),
        ("t/0/3/1", {"x": None, "s": "b"}),
    ]
    assert found[0].units == {"x": "mV"}


def test_arrow_of_too_many_rows_is_refused() -> None:
    (found,) = items("arrow", arrow(pa.table({"x": pa.nulls(10_001, pa.int8())})))
    assert found.error.reason == "too-large"


BOMBS: dict[str, Callable[[], Any]] = {
    "compressed": lambda: pa.array([bytes(1 << 27)], pa.binary()),
    "nothing": lambda: pa.ListArray.from_arrays([0, 1 << 30], pa.nulls(1 << 30)),
    "dictionary": lambda: pa.DictionaryArray.from_arrays(
        pa.array([0] * 9000, pa.int8()), ["x" * (1 << 20)]
    ),
    "views": lambda: pa.ListViewArray.from_arrays(
        [0] * 9000, [9000] * 9000, pa.array([0] * 9000, pa.int8())
    ),
    "runs": lambda: pa.RunEndEncodedArray.from_arrays(pa.array([1 << 30]), pa.array([1])),
}
"""A few bytes in a message, and gigabytes in memory."""


@pytest.mark.parametrize("name", BOMBS)
def test_what_is_small_and_claims_to_be_large_is_refused(name: str) -> None:
    table = pa.table({"x": BOMBS[name]()})
    value = arrow(table, options=pa.ipc.IpcWriteOptions(compression="zstd"))
    assert len(value) < 1 << 20
    before = pa.total_allocated_bytes()
    began = time.process_time()
    (found,) = items("arrow", value)
    assert found.error.reason in {"too-large", "wrong-type"}
    assert pa.total_allocated_bytes() - before < 64 << 20
    assert time.process_time() - began < 1.0


def test_what_compresses_well_and_is_not_large_is_read() -> None:
    table = pa.table({"x": [1.0] * 9000, "s": pa.array(["a"] * 9000).dictionary_encode()})
    for codec in ("lz4", "zstd", None):
        found = items("arrow", arrow(table, options=pa.ipc.IpcWriteOptions(compression=codec)))
        assert len(found) == 9000
        assert found[-1].values == {"x": 1.0, "s": "a"}


def test_a_message_that_is_too_large_is_not_parsed() -> None:
    (found,) = items("json", b"[" * (6 << 20))
    assert found.error.reason == "too-large"


@pytest.mark.parametrize("value", [b"[" * 100_000, b'{"a":' * 100_000, b"1" * 100_000])
def test_deep_and_long_json_is_refused(value: bytes) -> None:
    (found,) = items("json", value)
    assert isinstance(found, Refusal)


def test_a_tombstone_is_nothing_and_an_empty_message_is_refused() -> None:
    assert items("json", None) == []
    (found,) = items("json", b" ")
    assert found.error.reason == "empty"


def test_what_the_name_of_a_topic_says() -> None:
    (found,) = items(
        "json", b'{"x": 1}', topic_template="mdml-{recipe}-{sensor}", topic="mdml-opv-hplc-2"
    )
    assert (found.recipe, found.instrument) == ("opv", None)
    assert found.values == {"sensor": "hplc-2", "x": 1}


@given(st.lists(st.text("ab", min_size=1), min_size=2, max_size=4))
def test_a_template_finds_what_was_put_in(values: list[str]) -> None:
    parts = ["x-"]
    for i in range(len(values)):
        parts += [f"f{i}", "-" if i + 1 < len(values) else "-end"]
    name = "x-" + "-".join(values) + "-end"
    assert list(Template(parts).fields(name).values()) == values


class Registry(http.server.BaseHTTPRequestHandler):
    """Answers as a schema registry does."""

    asked: list[str] = []  # noqa: RUF012  # the server makes a new handler for each request

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        schema = {"properties": {"t": {"type": "number", "unit": "degC"}}}
        answers = {
            "/schemas/ids/1": (200, {"schemaType": "JSON", "schema": json.dumps(schema)}),
            "/schemas/ids/2": (200, {"schema": '"string"'}),
            "/schemas/ids/3": (404, {"error_code": 40403}),
        }
        status, body = answers.get(self.path, (500, {}))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def registry() -> Iterator[str]:
    Registry.asked.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def confluent(number: int, value: bytes = b'{"t": 25}') -> bytes:
    return struct.pack(">bI", 0, number) + value


def test_confluent_json_has_the_units_of_its_schema(registry: str) -> None:
    (found,) = items("confluent", confluent(1), registry=registry)
    assert (found.values, found.units) == ({"t": 25}, {"t": "degC"})
    assert found.address == "kafka://t/0/3, schema 1"
    (found,) = items("auto", confluent(2), registry=registry)
    assert "schema 2 is of AVRO" in found.error.text
    (found,) = items("confluent", confluent(3), registry=registry)
    assert found.error.reason == "unknown-schema"
    with pytest.raises(SourceAway, match="answered 500"):
        items("confluent", confluent(4), registry=registry)
    with pytest.raises(SourceAway, match="does not answer"):
        items("confluent", confluent(1), registry="http://127.0.0.1:1")


def test_a_schema_is_asked_for_once(registry: str) -> None:
    plan = KafkaSource(name="k", type="kafka", topic="t", format="confluent", registry=registry)
    reader = KafkaConnector(plan, Surroundings(settings=Settings(), clock=lambda: 0.0))
    message = Message(topic="t", partition=0, offset=3, value=confluent(1), record_id="1")

    async def twice() -> None:
        for _ in range(2):
            assert len(await reader._items(message)) == 1

    asyncio.run(twice())
    assert Registry.asked == ["/schemas/ids/1"]


def test_confluent_without_a_registry_reads_json_and_refuses_the_rest() -> None:
    (found,) = items("confluent", confluent(9))
    assert (found.values, found.units) == ({"t": 25}, {})
    (found,) = items("confluent", confluent(9, b"\x02\x03"))
    assert "Avro and Protobuf are not read" in found.error.text
    (found,) = items("confluent", b'{"t": 25}')
    assert found.error.reason == "no-schema-number"


def test_a_registry_password_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="registry_password_file"):
        items("confluent", confluent(1), registry="http://r", registry_username="me",
              registry_password_file=tmp_path / "none")  # fmt: skip


HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["ce_specversion", "ce_id", "ce_source", "ce_time", "content-type", "ü"]),
        st.none()
        | st.binary(max_size=5)
        | st.sampled_from(
            [b"application/cloudevents+json", b"application/cloudevents-batch+json",
             b"application/vnd.apache.arrow.stream"]
        ),
    ),
    max_size=4,
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "source", "time", "data", "data_base64", "datacontenttype", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(st.sampled_from(FORMATS), st.binary(max_size=100), HEADERS)
def test_any_bytes_become_records_or_refusals(kind: str, value: bytes, headers: Any) -> None:
    assert all(isinstance(one, Arrival | Refusal) for one in items(kind, value, headers))


@given(st.sampled_from(FORMATS), JSON, HEADERS)
def test_any_json_becomes_records_or_refusals(kind: str, value: Any, headers: Any) -> None:
    found = items(kind, json.dumps(value).encode(), headers)
    assert all(isinstance(one, Arrival | Refusal) for one in found)


@given(st.integers(0, 10_000), st.binary(max_size=8), st.sampled_from([None, "lz4", "zstd"]))
def test_damaged_arrow_becomes_records_or_refusals(at: int, other: bytes, codec: Any) -> None:
    table = pa.table({"x": list(range(50)), "s": ["abc"] * 50, "t": [STAMP] * 50})
    options = pa.ipc.IpcWriteOptions(compression=codec)
    value = bytearray(arrow(table, options=options))
    at %= len(value)
    value[at : at + len(other)] = other
    found = items("arrow", bytes(value))
    assert all(isinstance(one, Arrival | Refusal) for one in found)


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=5),
        st.tuples(
            st.text(max_size=3),
            st.integers(0, 3),
            st.dictionaries(st.integers(0, 20), st.integers(0, 2**60), max_size=3),
        ),
        max_size=3,
    )
)
def test_places_come_back_from_a_position(topics: dict[str, Any]) -> None:
    places = Places({name: TopicPlace(*place) for name, place in topics.items()}, STAMP)
    assert Places.of(json.loads(json.dumps(places.position()))) == places
