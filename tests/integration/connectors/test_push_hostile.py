"""Whatever is sent to the running worker, it answers, with no 5xx, and goes on."""

from __future__ import annotations

import gzip
import random
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import orjson
import pyarrow as pa
import pytest
import zstandard

from halflife.streams.broker.embedded import EmbeddedKafka
from tests.harness.pushing import LAB, address_of, record
from tests.harness.service import Service, wait_until

MUTANTS: Final = 400
BOMB: Final = 64 << 20
PATHS: Final = ("/v1/records", "/v1/records?stream=opv", "/v1/sources/hplc", "/v1/sources/bare")
TYPES: Final = (
    "application/json", "application/x-ndjson", "application/cloudevents+json",
    "application/cloudevents-batch+json", "application/vnd.apache.arrow.stream",
)  # fmt: skip


@pytest.fixture(scope="module")
def address(kafka: EmbeddedKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a worker that must be the same, and well, when all is over."""
    service = Service(kafka.address, f"t{uuid4().hex[:12]}", tmp_path_factory.mktemp("push"), LAB)
    worker = service.start("connect", "one")
    found = address_of(worker)
    wait_until(lambda: is_ready(found), 60, lambda: worker.said)
    yield found
    try:
        assert worker.process.poll() is None, worker.said[-4000:]
        assert is_ready(found), worker.said[-4000:]
        assert "a fault in" not in worker.said, worker.said[-8000:]
        assert "Traceback" not in worker.said, worker.said[-8000:]
    finally:
        service.end()


def is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/ready", timeout=5) as answer:  # noqa: S310  # ours
            return bool(answer.status == 200)
    except OSError:
        return False


def raw(address: str, request: bytes, *, shut: bool = False) -> int:
    """The status with which some bytes are answered; 0 if the connection just ends."""
    place = urlsplit(address)
    with socket.create_connection((place.hostname, place.port), timeout=30) as wire:
        try:
            wire.sendall(request)
            if shut:
                wire.shutdown(socket.SHUT_WR)
            head = b""
            while b"\r\n" not in head and (piece := wire.recv(65536)):
                head += piece
        except (BrokenPipeError, ConnectionResetError):
            return 0
    return int(head.split(b" ")[1]) if head.startswith(b"HTTP/") else 0


def request(
    body: bytes, kind: str = TYPES[0], path: str = PATHS[0], headers: str = "", method: str = "POST"
) -> bytes:
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    )
    return head.encode("utf-8", "surrogateescape") + body


def arrow(rows: int, **options: Any) -> bytes:
    table = pa.table(
        {
            "record_id": [f"a{i}" for i in range(rows)],
            "time": pa.array([1_772_352_000] * rows).cast(pa.timestamp("s", "UTC")),
            "instrument": pa.array(["robot"] * rows).dictionary_encode(),
            "x": pa.array([1.0] * rows),
        }
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, **options) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def dictionary_bomb() -> bytes:
    """Ten thousand rows that each stand for a megabyte of text."""
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 9_000, pa.int32()), ["x" * (1 << 20)])
    table = pa.table({"record_id": texts, "time": pa.nulls(9_000), "instrument": texts})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def packed_bomb() -> bytes:
    """Numbers that are nothing when packed."""
    table = pa.table({"x": pa.array([0.0] * 5_000_000)})
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def good_bodies() -> list[tuple[bytes, str, str]]:
    events = {"specversion": "1.0", "id": "e", "source": "s", "type": "t", "subject": "opv",
              "data": {"x": 1}}  # fmt: skip
    foreign = {"meta": {"run": "q", "at": 1_772_352_000}, "answer": {"pressure": 2}}
    return [
        (orjson.dumps(record(0)), TYPES[0], PATHS[0]),
        (orjson.dumps([record(1), record(2)]), TYPES[0], PATHS[0]),
        (orjson.dumps(record(3)) + b"\n" + orjson.dumps(record(4)), TYPES[1], PATHS[0]),
        (orjson.dumps(events), TYPES[2], PATHS[0]),
        (orjson.dumps([events, events]), TYPES[3], PATHS[0]),
        (arrow(5), TYPES[4], PATHS[1]),
        (arrow(5, options=pa.ipc.IpcWriteOptions(compression="lz4")), TYPES[4], PATHS[1]),
        (orjson.dumps([foreign]), TYPES[0], PATHS[2]),
    ]


def mutated(body: bytes, chance: random.Random) -> bytes:
    """Some bytes changed, cut, doubled or put in."""
    made = bytearray(body)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(made) + 1)
        kind = chance.randrange(5)
        if kind == 0 and at < len(made):
            made[at] = chance.randrange(256)
        elif kind == 1:
            made[at:at] = chance.randbytes(chance.randint(1, 9))
        elif kind == 2:
            del made[at : at + chance.randint(1, 40)]
        elif kind == 3:
            made[at:at] = made[at : at + chance.randint(1, 60)]
        else:
            made[at:at] = chance.choice(
                [b"[", b"{", b'"', b"\\", b"1e999", b"9" * 400, b"null", b"NaN", b"\xff", b"\x00"]
            )
    return bytes(made)


def test_mutants_are_answered(address: str) -> None:
    for body, kind, path in good_bodies():
        assert raw(address, request(body, kind, path)) == 202, (kind, path)
    chance = random.Random(7)  # noqa: S311  # no secret
    allowed = {202, 400, 413, 415, 422}
    for i in range(MUTANTS):
        body, kind, path = chance.choice(good_bodies())
        if i % 5 == 0:
            kind, path = chance.choice(TYPES), chance.choice(PATHS)
        body = mutated(body, chance)
        status = raw(address, request(body, kind, path))
        assert status in allowed, (status, kind, path, body)


TWICE = gzip.compress(gzip.compress(b"[]", mtime=0), mtime=0)


def deep(count: int) -> bytes:
    return b"[" * count + b"]" * count


@pytest.mark.parametrize(
    ("body", "kind", "headers", "status"),
    [
        (gzip.compress(bytes(BOMB), mtime=0), TYPES[0], "Content-Encoding: gzip\r\n", 413),
        (zstandard.compress(bytes(BOMB)), TYPES[0], "Content-Encoding: zstd\r\n", 413),
        (TWICE, TYPES[0], "Content-Encoding: gzip, gzip\r\n", 415),
        (gzip.compress(b"[]", mtime=0)[:-4], TYPES[0], "Content-Encoding: gzip\r\n", 400),
        (gzip.compress(b"", mtime=0) * 5000, TYPES[0], "Content-Encoding: gzip\r\n", 400),
        (deep(100_000), TYPES[0], "", 400),
        (deep(900), TYPES[0], "", 400),
        (b'{"a":' + deep(1000) + b"}", TYPES[1], "", 422),
        (b"[" + b"[]," * 200_000 + b"0]", TYPES[0], "", 400),
        (b"[" + b"0," * 20_000 + b"0]", TYPES[0], "", 413),
        (b"{}\n" * 20_000, TYPES[1], "", 413),
        (b"9" * 100_000, TYPES[0], "", 400),
        (b'{"stream": "opv", "values": {"x": ' + b"9" * 300 + b"}}", TYPES[1], "", 422),
        (b'{"stream": "\\ud800"}', TYPES[1], "", 422),
        (b'{"stream": "\xff"}', TYPES[0], "", 400),
        (b"\xef\xbb\xbf{}", TYPES[0], "", 400),
        (b"", TYPES[0], "", 400),
        (b"[]", TYPES[0], "", 400),
        (b"\n \n", TYPES[1], "", 400),
        (b"null", TYPES[0], "", 422),
        (b"{}", "text/plain", "", 415),
        (b"{}", "", "", 415),
        (b"{}", "application/json; charset=latin-1", "", 415),
        (b"{}", TYPES[0], "Idempotency-Key: \udcff\r\n", 400),
        (b"{}", TYPES[0], "Authorization: Bearer \udcff\r\n", 422),
        (b"{}", TYPES[0], "ce-specversion: 1.0\r\nce-id: %FF\udcff\r\n", 422),
        (b"x" * (9 << 20), TYPES[0], "", 413),
    ],
    ids=lambda value: f"{len(value)} bytes" if isinstance(value, bytes) else ascii(value),
)  # fmt: skip
def test_what_is_too_much_or_wrong_is_told_so(
    address: str, body: bytes, kind: str, headers: str, status: int
) -> None:
    assert raw(address, request(body, kind, headers=headers)) in {status, 0}


@pytest.mark.parametrize("make", [dictionary_bomb, packed_bomb, lambda: arrow(20_000)])
def test_arrow_that_would_not_fit_is_not_unpacked(address: str, make: Any) -> None:
    status = raw(address, request(make(), TYPES[4], PATHS[1]))
    assert status in {400, 413}


@pytest.mark.parametrize(
    ("line", "statuses"),
    [
        (b"POST /v1/records/../records HTTP/1.1", {404, 415}),
        (b"POST //v1/records HTTP/1.1", {400, 404}),
        (b"POST /v1/records/ HTTP/1.1", {404}),
        (b"POST /v1/sources/..%2f..%2fetc%2fpasswd HTTP/1.1", {404}),
        (b"POST /v1/sources/%00 HTTP/1.1", {404}),
        (b"POST /v1/sources/%FF%FE HTTP/1.1", {400, 404}),
        (b"POST /v1/sources/\xff HTTP/1.1", {400, 404}),
        (b"GET http://evil.example/v1/records HTTP/1.1", {404, 405}),
        (b"CONNECT evil.example:443 HTTP/1.1", {400, 404, 405}),
        (b"OPTIONS * HTTP/1.1", {400, 404, 405}),
        (b"PUT /v1/records HTTP/1.1", {405}),
        (b"BREW /v1/records HTTP/1.1", {400, 405}),
        (b"POST /v1/records HTTP/9.9", {0, 400}),
        (b"POST /" + b"a" * 100_000 + b" HTTP/1.1", {400, 414}),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", {0, 400}),
    ],
)
def test_tricks_with_paths_and_lines(address: str, line: bytes, statuses: set[int]) -> None:
    head = b"\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    assert raw(address, line + head) in statuses


@pytest.mark.parametrize(
    "body",
    [
        b"5\r\n[{}]",
        b"\r\n",
        b"zz\r\n{}\r\n0\r\n\r\n",
        b"2\r\n{}\r\n",
        b"FFFFFFFFFFFFFFFFFF\r\n{}",
        b"2\r\n{}XX0\r\n\r\n",
    ],
)
def test_broken_chunks(address: str, body: bytes) -> None:
    head = (
        b"POST /v1/records HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    assert raw(address, head + body, shut=True) in {0, 400}


def test_a_body_that_grows_by_chunks_is_ended(address: str) -> None:
    head = (
        b"POST /v1/records HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    assert raw(address, head + (b"100000\r\n" + bytes(1 << 20) + b"\r\n") * 12) in {0, 413}


def test_what_openapi_promises_is_kept(address: str, tmp_path: Path) -> None:
    checks = (
        "not_a_server_error", "status_code_conformance", "content_type_conformance",
        "response_headers_conformance", "response_schema_conformance", "unsupported_method",
    )  # fmt: skip
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "st"), "run", f"{address}/openapi.json",
            "--checks", ",".join(checks), "--max-examples", "40", "--seed", "1",
            "--mode", "all", "--phases", "examples,coverage,fuzzing",
            "--request-timeout", "20", "--no-color",
        ],
        cwd=tmp_path, capture_output=True, text=True, timeout=150, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
