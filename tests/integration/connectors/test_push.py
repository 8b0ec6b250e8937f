"""Records over HTTP, by a connect worker of its own, into a real Kafka."""

from __future__ import annotations

import asyncio
import base64
import gzip
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import aiohttp
import orjson
import pyarrow as pa
import pytest
import zstandard

from halflife.streams.broker.dead_letter import DeadLetter
from halflife.streams.broker.embedded import EmbeddedKafka
from tests.harness.connecting import Written
from tests.harness.pushing import LAB, address_of, record
from tests.harness.service import Service

from .conftest import Serve

EVENT = {"ce-specversion": "1.0", "ce-id": "e1", "ce-source": "/robot", "ce-type": "org.lab.run.v1"}
TOKEN = "sesame"  # noqa: S105  # of this test
ALL = "0.0.0.0"  # noqa: S104  # what must not be open without a token
ARROW = "application/vnd.apache.arrow.stream"


class Sender:
    """A connect worker that is ready, and a way to it."""

    def __init__(self, service: Service, written: Written, session: aiohttp.ClientSession) -> None:
        self.service = service
        self.written = written
        self.session = session
        self._before = len(written._all(service.topics.records)), len(written.letters())

    def messages(self) -> list[Any]:
        """What came to the topic of records since this was made."""
        return self.written._all(self.service.topics.records)[self._before[0] :]

    def records(self) -> list[dict[str, Any]]:
        """The same, of JSON."""
        return [orjson.loads(message.value) for message in self.messages()]

    def letters(self) -> list[DeadLetter]:
        """What came to the dead letters since."""
        return self.written.letters()[self._before[1] :]

    async def post(
        self, data: Any, kind: str = "application/json", path: str = "/v1/records", **headers: str
    ) -> tuple[int, Any]:
        """Status and body of the answer."""
        body = data if isinstance(data, bytes) else orjson.dumps(data)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        told = {"Content-Type": kind, **names}
        async with self.session.post(path, data=body, headers=told) as answer:
            return answer.status, orjson.loads(await answer.read())

    async def get(self, path: str) -> tuple[int, str]:
        """Status and text of a page."""
        async with self.session.get(path) as answer:
            return answer.status, await answer.text()


@asynccontextmanager
async def connected(service: Service, written: Written) -> AsyncIterator[Sender]:
    """A way to the last worker of a service, once it is ready."""
    async with aiohttp.ClientSession(address_of(service.workers[-1])) as session:
        sender = Sender(service, written, session)
        deadline = time.monotonic() + 60
        while (await sender.get("/ready"))[0] != 200:
            assert time.monotonic() < deadline, service.workers[-1].said
            await asyncio.sleep(0.05)
        yield sender


@pytest.fixture(scope="module")
def running(
    kafka: EmbeddedKafka, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Service, Written]]:
    """One worker for the tests that need none of their own."""
    service = Service(kafka.address, f"t{uuid4().hex[:12]}", tmp_path_factory.mktemp("push"), LAB)
    written = Written(service)
    service.start("connect", "one")
    yield service, written
    service.end()
    written.close()


@pytest.fixture
async def sender(running: tuple[Service, Written]) -> AsyncIterator[Sender]:
    async with connected(*running) as made:
        yield made


@pytest.fixture
def open_sender(serve: Serve) -> Callable[..., Any]:
    """Starts a worker with settings of its own."""

    def start(**more: str) -> Any:
        service, written = serve(LAB, **more)
        service.start("connect", "one")
        return connected(service, written)

    return start


async def test_one_and_many_in_each_form_are_in_kafka_when_they_are_answered(
    sender: Sender,
) -> None:
    lines = b"\n".join(orjson.dumps(record(i)) for i in range(3, 6)) + b"\n\n"
    assert await sender.post(record(0)) == (202, {"accepted": 1, "refused": []})
    assert (await sender.post([record(1), record(2)]))[1]["accepted"] == 2
    assert (await sender.post(lines, "application/x-ndjson; charset=utf-8"))[1]["accepted"] == 3
    packed = gzip.compress(orjson.dumps([record(6), record(7)]))
    assert (await sender.post(packed, Content_Encoding="gzip"))[1]["accepted"] == 2
    packed = zstandard.compress(orjson.dumps(record(8)))
    assert (await sender.post(packed, Content_Encoding="zstd"))[1]["accepted"] == 1
    assert [r["record_id"] for r in sender.records()] == [f"r{i}" for i in range(9)]
    assert sender.records()[4] == record(4)
    assert not sender.letters()


async def test_bad_records_are_refused_one_by_one_and_kept(sender: Sender) -> None:
    bad = [
        record(0),
        record(1, values={"x": -1.0, "y": 0, "kind": "a"}),
        record(2, stream="nowhere"),
        record(3, time="2126-03-01T08:00:00Z"),
        {"stream": "opv", "values": {}},
        5,
        record(6),
    ]
    status, answer = await sender.post(bad)
    assert (status, answer["accepted"]) == (202, 2)
    told = [(r["index"], r["reason"], r["path"]) for r in answer["refused"]]
    assert told == [
        (1, "out-of-range", "values.x"),
        (2, "unknown-stream", "stream"),
        (3, "time-in-future", "time"),
        (4, "missing-field", "record_id"),
        (5, "not-an-object", ""),
    ]
    letters = {letter.address: letter for letter in sender.letters()}
    assert set(letters) == {f"POST /v1/records from 127.0.0.1, record {i}" for i in range(1, 6)}
    first = letters["POST /v1/records from 127.0.0.1, record 1"]
    assert (first.source, first.reason, first.path) == ("http", "out-of-range", "values.x")
    assert orjson.loads(first.value or b"") == bad[1]
    status, answer = await sender.post(b'{"a": 1}\n{"b"\n', "application/x-ndjson")
    assert status == 422
    assert [r["reason"] for r in answer["refused"]] == ["missing-field", "broken-json"]


async def test_what_was_left_out_is_filled_in(sender: Sender) -> None:
    bare = {"stream": "opv", "values": {"x": 1}}
    status, answer = await sender.post([bare, bare], Idempotency_Key='"run-7"')
    assert (status, answer["accepted"]) == (202, 2)
    found = sender.records()
    assert [r["record_id"] for r in found] == ["run-7-0", "run-7-1"]
    assert {r["instrument"] for r in found} == {"http"}
    assert all(r["time"].endswith("Z") for r in found)
    assert (await sender.post(bare, Idempotency_Key="a b"))[0] == 400


async def test_cloud_events_in_each_mode(sender: Sender) -> None:
    event = {
        "specversion": "1.0", "id": "s1", "source": "/robot/1", "type": "t", "subject": "opv",
        "time": "2026-03-01T08:00:00Z", "data": {"x": 1, "y": 2},
    }  # fmt: skip
    kind = "application/cloudevents+json"
    assert (await sender.post(event, kind))[0] == 202
    packed = base64.b64encode(orjson.dumps(record(1, record_id="own"))).decode()
    other = {k: v for k, v in event.items() if k != "data"} | {"data_base64": packed}
    batch = [event | {"id": "b1"}, other, event | {"id": ""}, 7]
    status, answer = await sender.post(batch, "application/cloudevents-batch+json")
    assert (status, answer["accepted"]) == (202, 2)
    assert [(r["index"], r["path"]) for r in answer["refused"]] == [(2, "id"), (3, "")]
    status, _ = await sender.post(
        {"x": 3}, **EVENT, ce_subject="opv", ce_time="2026-03-01T08:00:00Z"
    )
    assert status == 202
    found = sender.records()
    assert [r["record_id"] for r in found] == ["s1", "b1", "own", "e1"]
    assert [r["instrument"] for r in found] == ["/robot/1", "/robot/1", "robot", "/robot"]
    assert found[3]["values"] == {"x": 3}
    status, answer = await sender.post({"x": 3}, **EVENT)
    assert (status, answer["refused"][0]["path"]) == (422, "stream")


def arrow(rows: list[dict[str, Any]], **options: Any) -> bytes:
    flat = [{k: v for k, v in row.items() if k not in {"stream", "values"}} | row["values"]
            for row in rows]  # fmt: skip
    table = pa.Table.from_pylist(flat)
    times = pa.array(table.column("time").to_pylist()).cast(pa.timestamp("us", "UTC"))
    table = table.set_column(table.column_names.index("time"), "time", times)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, **options) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


async def test_arrow_goes_on_as_it_came_or_without_its_bad_rows(sender: Sender) -> None:
    good = arrow([record(i) for i in range(5)])
    path = "/v1/records?stream=opv"
    assert await sender.post(good, ARROW, path) == (202, {"accepted": 5, "refused": []})
    rows = [record(i, values={"x": i - 1.0, "y": 0.0, "kind": "b"}) for i in range(3)]
    status, answer = await sender.post(arrow(rows), ARROW, path)
    assert (status, answer["accepted"]) == (202, 2)
    assert [(r["index"], r["path"]) for r in answer["refused"]] == [(0, "values.x")]
    (letter,) = sender.letters()
    assert orjson.loads(letter.value or b"")["values"]["x"] == -1.0
    messages = sender.messages()
    assert messages[0].value == good
    assert dict(messages[0].headers)["content-type"] == ARROW.encode()
    with pa.ipc.open_stream(messages[1].value) as reader:
        assert reader.read_all().column("record_id").to_pylist() == ["r1", "r2"]
    for body, at in ((good, "/v1/records"), (good, "/v1/records?stream=z"), (b"x", path)):
        assert (await sender.post(body, ARROW, at))[0] == 400


async def test_a_source_of_the_labs_own_shape(sender: Sender) -> None:
    foreign = {"meta": {"run": 7, "at": 1_772_352_000}, "answer": {"pressure": 2}}
    lines = orjson.dumps(foreign) + b"\n" + b'{"answer": 1}'
    status, answer = await sender.post(lines, "application/x-ndjson", "/v1/sources/hplc")
    assert (status, answer["accepted"]) == (202, 1)
    assert answer["refused"][0]["index"] == 1
    (found,) = sender.records()
    assert found == {
        "stream": "gas", "record_id": "7", "time": "2026-03-01T08:00:00Z", "instrument": "hplc",
        "recipe": None, "values": {"p": 200_000.0},
    }  # fmt: skip
    assert sender.letters()[0].source == "hplc"
    assert (await sender.post({"p": 1}, path="/v1/sources/bare"))[0] == 400
    status, _ = await sender.post({"p": 1}, path="/v1/sources/bare", Idempotency_Key="k")
    assert status == 202
    assert (await sender.post({"p": 1}, path="/v1/sources/none"))[0] == 404
    _, metrics = await sender.get("/metrics")
    for line in (
        'halflife_source_records_total{outcome="accepted",source="hplc"} 1.0',
        'halflife_source_records_total{outcome="refused",source="hplc"} 1.0',
        'halflife_source_up{source="bare"} 1.0',
        'halflife_push_requests_total{code="404"} 1.0',
        "halflife_push_in_flight_bytes 0.0",
    ):
        assert line in metrics


async def test_pages_say_how(sender: Sender) -> None:
    status, text = await sender.get("/openapi.json")
    assert (status, orjson.loads(text)["openapi"]) == (200, "3.1.0")
    async with sender.session.get("/docs") as answer:
        assert "curl http://127.0.0.1" in await answer.text()
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert (await sender.get("/v1/records"))[0] == 405
    assert (await sender.get("/v1"))[0] == 404


async def test_a_token_is_asked_for(open_sender: Callable[..., Any]) -> None:
    async with open_sender(HALFLIFE_PUSH_TOKEN=TOKEN) as sender:
        assert (await sender.post(record(0)))[0] == 401
        assert (await sender.post(record(0), Authorization="Bearer Sesame"))[0] == 401
        assert (await sender.post(record(0), Authorization=f"Bearer {TOKEN}"))[0] == 202
        assert len(sender.records()) == 1


async def test_pages_of_strangers_are_turned_away(sender: Sender) -> None:
    assert (await sender.post(record(0), Origin="https://evil.example"))[0] == 403
    assert (await sender.post(record(0), Origin="null"))[0] == 403
    assert (await sender.post(record(0), Host="evil.example"))[0] == 421
    own = str(sender.session._base_url).rstrip("/")
    assert (await sender.post(record(0), Origin=own))[0] == 202


async def test_other_machines_need_a_token(open_sender: Callable[..., Any]) -> None:
    async with open_sender(HALFLIFE_WEB_HOST=ALL) as sender:
        status, answer = await sender.post(record(0))
        assert status == 403
        assert "HALFLIFE_PUSH_TOKEN_FILE" in answer["detail"]
