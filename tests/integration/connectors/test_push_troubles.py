"""Records over HTTP by TLS, and while Kafka is away."""

from __future__ import annotations

import asyncio
import ssl
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from halflife import Lab
from halflife.streams.broker.embedded import EmbeddedKafka
from tests.harness.mosquitto import make_certificates
from tests.harness.pushing import LAB, address_of, record
from tests.harness.service import Service

from .conftest import Serve

TOKEN = "sesame"  # noqa: S105  # of this test


def test_by_tls_and_with_a_token_from_the_client(serve: Serve, tmp_path: Path) -> None:
    keys = make_certificates(tmp_path / "keys")
    (tmp_path / "token").write_text(TOKEN)
    service, written = serve(
        LAB,
        HALFLIFE_PUSH_CERTFILE=str(keys / "server.pem"),
        HALFLIFE_PUSH_KEYFILE=str(keys / "server.key"),
        HALFLIFE_PUSH_TOKEN_FILE=str(tmp_path / "token"),
    )
    address = address_of(service.start("connect", "one"))
    assert address.startswith("https://")
    with Lab(address, token=TOKEN, ca_file=keys / "ca.pem", spool=tmp_path / "spool") as lab:
        for i in range(20):
            lab.record("opv", x=float(i), y=0.5, kind="a")
        assert lab.flush(60, sent=True)
    assert len(written.wait_for_records(20)) == 20
    assert TOKEN not in service.workers[-1].said


async def test_a_certificate_that_nobody_vouches_for_is_not_believed(
    serve: Serve, tmp_path: Path
) -> None:
    keys = make_certificates(tmp_path / "keys")
    service, _ = serve(
        LAB,
        HALFLIFE_PUSH_CERTFILE=str(keys / "server.pem"),
        HALFLIFE_PUSH_KEYFILE=str(keys / "server.key"),
    )
    address = address_of(service.start("connect", "one"))
    async with aiohttp.ClientSession(address) as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.post("/v1/records", json=record(0))
        trusted = ssl.create_default_context(cafile=keys / "ca.pem")
        # It answers before it has found Kafka, and then says: not yet.
        await sent_at_last(session, record(0), ssl=trusted)


async def test_while_kafka_is_away_the_sender_is_told_to_wait(
    tmp_path: Path, kafka_is_here: None
) -> None:
    kafka = EmbeddedKafka(tmp_path / "kafka", options=("-XX:TieredStopAtLevel=1",))
    kafka.start()
    service = Service(kafka.address, f"t{uuid4().hex[:12]}", tmp_path / "lab", LAB)
    try:
        address = address_of(service.start("connect", "one"))
        async with aiohttp.ClientSession(address) as session:
            await sent_at_last(session, record(0))
            await asyncio.to_thread(kafka.kill)
            async with session.post("/v1/records", json=record(1)) as answer:
                assert answer.status == 503
                assert int(answer.headers["Retry-After"]) >= 1
            await asyncio.to_thread(kafka.start)
            await sent_at_last(session, record(1))
    finally:
        service.end()
        kafka.stop()


async def sent_at_last(
    session: aiohttp.ClientSession, sent: dict[str, Any], **options: Any
) -> None:
    """Sends until it is taken, as senders are told to."""
    deadline = time.monotonic() + 60
    status = 0
    while status != 202:
        assert time.monotonic() < deadline, status
        async with session.post("/v1/records", json=sent, **options) as answer:
            status = answer.status
            assert status in {202, 503}
