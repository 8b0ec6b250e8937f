"""The client against a server that behaves badly."""

from __future__ import annotations

import json
import logging
import os
import stat
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from halflife import Lab
from tests.harness.push_server import (
    PushServer,
    Request,
    accepts,
    accepts_and_cuts,
    accepts_and_drops,
    drops,
    says,
)
from tests.harness.service import wait_until

from .conftest import Client


def numbers(server: PushServer) -> list[int]:
    """What was recorded, in the order in which it was first accepted."""
    seen = {record["record_id"]: record["values"]["n"] for record in server.records}
    return list(seen.values())


def test_three_lines(server: PushServer) -> None:
    before = datetime.now(UTC)
    lab = Lab(server.url)
    lab.record("opv", mat_1=0.2, degradation=0.5)
    assert lab.flush(10, sent=True)
    (record,) = server.records
    assert record["stream"] == "opv"
    assert record["values"] == {"mat_1": 0.2, "degradation": 0.5}
    assert record["instrument"] == os.uname().nodename
    assert before <= datetime.fromisoformat(record["time"]) <= datetime.now(UTC)
    path, headers = server.requests[0]
    assert path == "/v1/records"
    assert headers["Content-Type"] == "application/x-ndjson"
    assert "Authorization" not in headers
    assert lab.status.sent == 1
    assert lab.close()


def test_columns_may_be_called_anything(server: PushServer, client: Client) -> None:
    lab = client()
    lab.record(
        "opv",
        {"mat 1": 1, "time": 2, "recipe": 3, "record_id": 4},
        recipe="a",
        time=0,
        record_id="mine",
        stream=5,
        values=6,
        self=7,
        more=8,
    )
    assert lab.flush(10, sent=True)
    (record,) = server.records
    assert record["values"] == {
        "mat 1": 1,
        "time": 2,
        "recipe": 3,
        "record_id": 4,
        "stream": 5,
        "values": 6,
        "self": 7,
        "more": 8,
    }
    assert (record["recipe"], record["record_id"]) == ("a", "mine")
    assert record["time"] == "1970-01-01T00:00:00.000000Z"


def test_each_has_an_identity_of_its_own(server: PushServer, client: Client) -> None:
    labs = [client(), client()]
    for n in range(50):
        for lab in labs:
            lab.record("opv", n=n)
    assert all(lab.flush(10, sent=True) for lab in labs)
    assert len(server.ids()) == 100
    assert not server.doubled()


def test_a_service_that_is_away_gets_all_later_in_order_once(
    server: PushServer, client: Client
) -> None:
    server.stop()
    lab = client()
    for n in range(700):
        lab.record("opv", n=n)
    assert lab.flush(10)
    assert not lab.flush(0.1, sent=True)
    assert lab.status.waiting == 700
    wait_until(lambda: lab.status.connected is False, 10, lambda: str(lab.status))
    assert "refused" in lab.status.trouble
    server.start()
    assert lab.flush(20, sent=True)
    assert numbers(server) == list(range(700))
    assert not server.doubled()
    assert (lab.status.trouble, lab.status.connected, lab.status.waiting) == ("", True, 0)


def trickles(request: Request) -> None:
    """A byte now and then, for longer than a request may take."""
    request.wfile.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        request.wfile.write(b" ")
        request.wfile.flush()
        if request.server.owner.stopping.wait(0.05):  # type: ignore[attr-defined]  # set by the test
            return


@pytest.mark.parametrize(
    "behaviour",
    [
        drops,
        accepts_and_drops,
        accepts_and_cuts,
        says(503, Retry_After="0"),
        says(503, b"<html>busy"),
        says(429, b'{"text": "slowly"}', Retry_After="0.05"),
        says(500),
        says(400, b'{"text": "I am a proxy"}'),
        says(401, b'{"detail": "who?"}'),
        says(404, b"no such page"),
        says(301, Location="http://127.0.0.1:1/"),
        says(202, b"<html>a portal</html>"),
        says(202, b'{"accepted": 0, "refused": []}'),
        says(202, b'{"accepted": 1, "refused": [{"index": 7}]}'),
        says(202, b"[" * 100_000),
        says(200, b'{"accepted": 1, "refused": []}'),
    ],
)
def test_it_sends_again_until_it_is_answered(
    server: PushServer, client: Client, behaviour: Any
) -> None:
    server.next.extend([behaviour] * 3)
    lab = client()
    for n in range(20):
        lab.record("opv", n=n)
    assert lab.flush(20, sent=True), lab.status
    assert numbers(server) == list(range(20))
    assert lab.status.refused == 0
    if behaviour not in (accepts_and_drops, accepts_and_cuts):
        assert not server.doubled()


def test_a_server_that_trickles_is_left(server: PushServer, client: Client) -> None:
    server.stopping = threading.Event()  # type: ignore[attr-defined]  # for the handler
    server.next.append(trickles)
    lab = client(request_seconds=0.3)
    lab.record("opv", n=1)
    try:
        assert lab.flush(4, sent=True), lab.status
    finally:
        server.stopping.set()  # type: ignore[attr-defined]  # as above
    assert numbers(server) == [1]


def test_it_waits_as_long_as_it_is_asked_to(server: PushServer, client: Client) -> None:
    server.next.append(says(429, Retry_After="1"))
    lab = client()
    began = time.monotonic()
    lab.record("opv", n=1)
    assert lab.flush(10, sent=True)
    assert time.monotonic() - began >= 1.0


def test_too_large_a_batch_is_halved(server: PushServer, client: Client) -> None:
    def at_most_7(request: Request) -> None:
        if len(request.lines) > 7:
            request.answer(413)
        else:
            accepts(request)

    server.usual = at_most_7
    server.stop()
    lab = client()
    for n in range(100):
        lab.record("opv", n=n)
    assert lab.flush(10)
    server.start()
    assert lab.flush(20, sent=True)
    assert numbers(server) == list(range(100))
    assert not server.doubled()


def test_one_that_cannot_be_understood_does_not_hold_up_the_others(
    server: PushServer, client: Client
) -> None:
    def understands_no_13(request: Request) -> None:
        if any(json.loads(line)["values"]["n"] == 13 for line in request.lines):
            request.answer(400, b'{"reason": "broken", "detail": "what is this?"}')
        else:
            accepts(request)

    server.usual = understands_no_13
    server.stop()
    lab = client()
    for n in range(40):
        lab.record("opv", n=n)
    assert lab.flush(10)
    server.start()
    assert lab.flush(20, sent=True)
    assert numbers(server) == [n for n in range(40) if n != 13]
    (refused,) = lab.refused()
    assert refused.reason == "not-understood"
    assert "what is this?" in refused.text
    assert json.loads(refused.record)["values"] == {"n": 13}


@pytest.mark.parametrize("status", [202, 422])
def test_refused_records_are_kept_with_the_reason(
    server: PushServer, client: Client, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    def refuses_odd(request: Request) -> None:
        body = request.accept(lambda record: "too odd" if record["values"]["n"] % 2 else None)
        request.answer(status, body)

    server.usual = refuses_odd
    lab = client()
    with caplog.at_level(logging.WARNING):
        for n in range(1 if status == 422 else 0, 40, 2 if status == 422 else 1):
            lab.record("opv", n=n)
        assert lab.flush(10, sent=True)
    odd = list(range(1, 40, 2))
    assert [json.loads(one.record)["values"]["n"] for one in lab.refused()] == odd
    assert {(one.reason, one.path, one.text) for one in lab.refused()} == {
        ("out-of-range", "values.x", "too odd")
    }
    assert lab.status.refused == 20
    assert [json.loads(one.record)["values"]["n"] for one in lab.status.last_refusals] == odd[-5:]
    assert len([r for r in caplog.records if "not accepted" in r.message]) == 1, "once in a while"
    assert lab.close()
    assert len(client().refused()) == 20, "they are still there the next time"


def test_the_token_is_sent_and_shown_nowhere(
    server: PushServer,
    client: Client,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    secret = "s3cret-t0ken"  # noqa: S105  # of this test alone
    server.usual = says(401, b'{"text": "no"}')
    monkeypatch.setenv("HALFLIFE_PUSH_TOKEN_FILE", str(tmp_path / "token"))
    (tmp_path / "token").write_text("an old one\n")
    with caplog.at_level(logging.DEBUG):
        lab = client()
        lab.record("opv", n=1)
        wait_until(lambda: "characters" in lab.status.trouble, 10, lambda: str(lab.status))
        (tmp_path / "token").write_text(f"{secret}\n")
        wait_until(lambda: "401" in lab.status.trouble, 10, lambda: str(lab.status))
        server.usual = accepts
        assert lab.flush(10, sent=True)
    assert server.requests[-1][1]["Authorization"] == f"Bearer {secret}"
    lab.close()
    told = caplog.text + repr(lab) + repr(vars(lab)) + repr(lab.status)
    for path in (tmp_path / "spool").iterdir():
        told += path.read_bytes().decode("latin-1")
    assert secret not in told
    with pytest.raises(ValueError, match=r"^token: ") as error:
        Lab(server.url, token=f"{secret}\n{secret}")
    assert secret not in str(error.value)


@pytest.mark.parametrize(
    ("url", "more"),
    [
        ("", {}),
        (None, {}),
        ("127.0.0.1:8602", {}),
        ("ftp://127.0.0.1", {}),
        ("http://", {}),
        ("http://ada:pass@lab", {}),
        ("http://lab:99999", {}),
        ("http://lab/?a=b", {}),
        ("http://lab\r\nX: y", {}),
        ("http://lab", {"instrument": ""}),
        ("http://lab", {"instrument": 7}),
        ("http://lab", {"spool_bytes": 0}),
        ("http://lab", {"longest_wait": "soon"}),
        ("https://lab", {"ca_file": "/no/such/file"}),
    ],
)
def test_arguments_that_can_never_do_are_told_at_once(url: Any, more: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^(url|instrument|spool_bytes|longest_wait|ca_file): "):
        Lab(url, **more)


def test_only_the_owner_can_read_the_spool(client: Client, tmp_path: Path) -> None:
    lab = client()
    lab.record("opv", n=1)
    assert lab.flush(10)
    folder = tmp_path / "spool"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_it_begins_again_after_its_end(server: PushServer, client: Client) -> None:
    with client() as lab:
        lab.record("opv", n=1)
    assert numbers(server) == [1], "the end sends what can be sent"
    lab.record("opv", n=2)
    assert lab.flush(10, sent=True)
    assert numbers(server) == [1, 2]


def test_a_client_that_nobody_holds_ends(server: PushServer) -> None:
    def threads() -> set[str]:
        return {t.name for t in threading.enumerate() if t.name.startswith("halflife-")}

    wait_until(lambda: not threads(), 10, lambda: str(threads()))
    Lab(server.url).record("opv", n=1)
    wait_until(lambda: numbers(server) == [1] and not threads(), 10, lambda: str(threads()))


def test_many_threads_lose_nothing(server: PushServer, client: Client) -> None:
    lab = client()

    def work(worker: int) -> None:
        for n in range(200):
            lab.record("opv", n=1000 * worker + n)

    workers = [threading.Thread(target=work, args=(w,)) for w in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert lab.flush(20, sent=True)
    came = numbers(server)
    assert len(came) == 1600
    for w in range(8):
        assert [n for n in came if n // 1000 == w] == [1000 * w + n for n in range(200)]
    assert not server.doubled()
