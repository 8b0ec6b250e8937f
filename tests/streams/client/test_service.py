"""One address, one connection: TLS, paths, and what answers say."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import pytest

from halflife.streams.client.answer import Answer
from halflife.streams.client.service import Service
from halflife.streams.client.service_away import ServiceAway
from halflife.streams.client.token import Token
from tests.harness.push_server import Behaviour, PushServer, Request, accepts, drops, says

LINE = [b'{"record_id":"a","values":{"n":1}}']


def service(url: str, *, ca_file: Path | None = None, seconds: float = 5.0) -> Service:
    file = None if ca_file is None else str(ca_file)
    return Service(url, Token("sesame", {}), ca_file=file, seconds=seconds)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of 127.0.0.1, with its key in the same file; signed by nobody else."""
    file, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=lab"
    names = ("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", file)
    subprocess.run(["openssl", *words.split(), *names], check=True, capture_output=True)
    file.write_text(file.read_text() + key.read_text())
    return file


def test_tls_with_an_authority_of_the_lab(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = PushServer(context)
    try:
        trusting = service(server.url, ca_file=certificate)
        assert trusting.post(LINE).status == 202
        assert trusting.post(LINE).status == 202
        trusting.close()
        with pytest.raises(ServiceAway, match=r"certificate verify failed"):
            service(server.url).post(LINE)
    finally:
        server.stop()
    assert len(server.records) == 2
    assert server.requests[0][1]["Authorization"] == "Bearer sesame"


def test_a_path_before_ours_is_kept(server: PushServer) -> None:
    for url in (f"{server.url}/halflife/", f"{server.url}/halflife"):
        once = service(url)
        once.post(LINE)
        once.close()
    assert {path for path, _ in server.requests} == {"/halflife/v1/records"}


def test_one_connection_is_kept_and_replaced_when_it_was_closed(server: PushServer) -> None:
    ports: list[int] = []

    def notes(request: Request) -> None:
        ports.append(request.client_address[1])
        accepts(request)

    server.usual = notes
    kept = service(server.url)
    kept.post(LINE)
    kept.post(LINE)
    server.next.append(drops)
    assert kept.post(LINE).status == 202, "once more on a new one"
    kept.close()
    assert len(ports) == 3
    assert len(set(ports)) == 2


def test_what_a_slow_answer_left_of_the_time_is_not_all_that_the_next_one_has(
    server: PushServer,
) -> None:
    kept = service(server.url, seconds=5.0)
    kept.post(LINE)
    assert kept._connection is not None
    kept._connection.sock.settimeout(1e-9)
    assert kept.post(LINE).status == 202
    assert len(server.records) == 2, "and not by a second connection"
    kept.close()


@pytest.mark.parametrize(
    "behaviour",
    [
        lambda request: request.wfile.write(b"HTTP/1.1 202 Accepted\r\n" + b"X: y\r\n" * 200),
        lambda request: request.wfile.write(b"no HTTP at all\r\n\r\n"),
        lambda request: request.answer(202, b" " * (9 << 20)),
    ],
)
def test_answers_that_are_none(server: PushServer, behaviour: Behaviour) -> None:
    server.usual = lambda request: (behaviour(request), request.drop())[1]
    with pytest.raises(ServiceAway):
        service(server.url).post(LINE)


def test_redirections_are_not_followed(server: PushServer) -> None:
    server.usual = says(307, Location=f"{server.url}/elsewhere")
    once = service(server.url)
    answer = once.post(LINE)
    once.close()
    assert answer.told() == f"HTTP 307 to {server.url}/elsewhere, which is not followed"
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3", 3.0),
        ("0", 0.0),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 90.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
    ],
)
def test_how_long_to_wait(text: str, seconds: float | None) -> None:
    assert Answer(503, b"", text).wait_seconds(now=10.0) == seconds
