"""An order given on the live page of a running worker, and what comes of it."""

from __future__ import annotations

import http.client
import json
import urllib.request
from pathlib import Path
from typing import Any

from kafka import KafkaProducer

from halflife.streams.broker.embedded import EmbeddedKafka
from tests.harness.ledger import Ledger
from tests.harness.records import LAB, STREAMS, json_record, rows_of
from tests.harness.service import Service, wait_until

START, WORK = 60.0, 120.0
STREAM = STREAMS[0]


def ask(port: int, order: dict[str, object], token: str) -> int:
    """The status of the answer; 0 while nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    try:
        connection.request("POST", f"/streams/{STREAM}/orders", json.dumps(order), headers)
        return connection.getresponse().status
    except ConnectionError:
        return 0
    finally:
        connection.close()


def test_an_order_goes_through_kafka_and_is_answered_in_the_history(
    kafka: EmbeddedKafka, topic_prefix: str, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("correct-horse\n")
    secret = {"HALFLIFE_TOKEN_FILE": str(tmp_path / "token")}
    service = Service(kafka.address, topic_prefix, tmp_path, LAB, more=secret)
    producer, source = KafkaProducer(bootstrap_servers=service.broker), rows_of(STREAM)
    for _ in range(5):
        value = json.dumps(json_record(STREAM, next(source))).encode()
        producer.send(service.topics.records, value, key=STREAM.encode())  # where clients put it
    producer.close()
    worker = service.start("monitor", "one")
    try:
        worker.wait_for(r"live page and metrics at http://127.0.0.1:\d+", START)
        port = int(worker.said.split("live page and metrics at http://127.0.0.1:")[1].split("/")[0])
        note = {"action": "annotate", "reason": "new bottle", "by": "ann", "first": 1, "last": 3}
        wait_until(lambda: ask(port, note, "wrong") == 401, START, lambda: worker.said)

        def told() -> list[dict[str, Any]]:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/state") as answer:
                if json.load(answer)["streams"][STREAM]["records"] < 5:
                    return []
            return [{}]

        wait_until(told, START, lambda: worker.said, every=0.2)
        assert ask(port, note, "correct-horse") == 202

        def history() -> list[dict[str, Any]]:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/streams/{STREAM}") as answer:
                decisions: list[dict[str, Any]] = json.load(answer)["decisions"]
            return decisions

        (decision,) = wait_until(history, WORK, lambda: worker.said, every=0.2)
        assert (decision["by"], decision["reason"]) == ("ann", "new bottle")
        assert (decision["outcome"], decision["first"], decision["last"]) == ("done", 1, 3)
        (written,) = Ledger.read(service).found["decision"].values()
        assert written["stream"] == STREAM
        assert worker.terminate() == 0
        assert "correct-horse" not in worker.said
    finally:
        service.end()
