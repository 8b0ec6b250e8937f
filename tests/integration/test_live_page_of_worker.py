"""The live page as a monitor worker serves it: what was said before it started is there again."""

from __future__ import annotations

import http.client
import json
import time
import urllib.request
from pathlib import Path
from typing import Any

import orjson
from kafka import KafkaProducer
from playwright.sync_api import expect

from halflife.streams.broker.dead_letter import DeadLetter
from halflife.streams.broker.embedded import EmbeddedKafka
from tests.harness.browser import chromium, opened
from tests.harness.records import LAB, PARTITIONS, STREAMS, partition_of
from tests.harness.service import Service, wait_until
from tests.harness.trial import GOES_ON
from tests.streams.monitor.test_stream_history import alert, report

START = 60.0
STREAM = STREAMS[0]


def said_before(service: Service) -> None:
    """What another worker wrote before: reports, an alert, a request with its outcome, letters."""
    producer = KafkaProducer(bootstrap_servers=service.broker)

    def write(topic: str, message: dict[str, Any]) -> None:
        value = orjson.dumps({**message, "stream": STREAM})
        producer.send(topic, value, key=STREAM.encode(), partition=partition_of(STREAM))

    for record in range(100, 2100, 100):
        write(service.topics.fidelity, report(record))
    write(service.topics.alerts, alert(700))
    request = {"kind": "request", "request_id": "r1", "cause": "drift", "record": 900, "text": "x"}
    write(
        service.topics.regenerations,
        request | {"time": "2026-01-01T00:00:00Z", "window": {"count": 9}},
    )
    for offset in range(80):
        letter = DeadLetter(
            reason="broken-json", text="It ends too soon.", path="", topic="halflife.records",
            partition=partition_of(STREAM), offset=offset, key=STREAM.encode(), value=b"{",
        )  # fmt: skip
        key, value, headers = letter.to_message()
        producer.send(
            service.topics.dead_letters, value, key=key, headers=headers,
            partition=partition_of(STREAM),
        )  # fmt: skip
    producer.flush()
    producer.close()


def test_the_page_knows_what_was_said_before_and_lets_go_when_the_worker_ends(
    kafka: EmbeddedKafka, topic_prefix: str, tmp_path: Path
) -> None:
    service = Service(kafka.address, topic_prefix, tmp_path, LAB)
    assert service.settings.partitions == PARTITIONS
    said_before(service)
    worker = service.start("monitor", "one", HALFLIFE_PARTITIONS=str(PARTITIONS))
    try:
        worker.wait_for(r"live page and metrics at http://127.0.0.1:\d+", START)
        port = int(worker.said.split("live page and metrics at http://127.0.0.1:")[1].split("/")[0])
        worker.wait_for(GOES_ON, START)

        def stream() -> dict[str, Any]:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/streams/{STREAM}") as answer:
                told: dict[str, Any] = json.load(answer)
            return told

        def all_told() -> bool:
            told = stream()
            counts = len(told["fidelity"]["fields"]["record"]), len(told["dead_letters"])
            return counts == (20, 50) and bool(told["alerts"]) and bool(told["requests"])

        wait_until(all_told, START, lambda: str(stream()), every=0.3)
        told = stream()
        assert told["fidelity"]["fields"]["record"] == list(range(100, 2100, 100))
        assert [each["record"] for each in told["alerts"]] == [700]
        assert told["requests"][0]["record"] == 900
        assert [letter["offset"] for letter in told["dead_letters"]] == list(range(79, 29, -1))

        with chromium() as browser, opened(browser, f"http://localhost:{port}/") as page:
            expect(page.locator(".card")).to_have_count(len(STREAMS))
            expect(page.locator(".card", has_text=STREAM)).to_contain_text("record 650")
            expect(page.locator("#connection")).to_have_text("live")

        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/events", headers={"Host": f"localhost:{port}"})
        events = connection.getresponse()
        while not events.readline().startswith(b"data: "):
            pass
        began = time.monotonic()
        assert worker.terminate() == 0
        assert time.monotonic() - began < 10
        events.read()  # to its end
        connection.close()
        assert "Traceback" not in worker.said
    finally:
        service.end()
