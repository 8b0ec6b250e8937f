"""A topic of JSON in three partitions, read while the reader and Kafka are killed."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any, Final

from kafka import KafkaAdminClient, KafkaProducer

from halflife.streams.broker.embedded import EmbeddedKafka

from .chaos_topics import disturbed

PARTITIONS: Final = 3
_PER_SECOND: Final = 400.0
_LAB: Final = """
[stream.opv]
[stream.opv.column]
x = {{ role = "set-point" }}
[source.opv]
type = "kafka"
topic = "{topic}"
"""


def run(
    kafka: EmbeddedKafka, prefix: str, folder: Path, *, records: int, kills: int, restarts: int
) -> dict[str, Any]:
    """Lost and doubled records, and how long it took.

    Args:
        kafka: Holds the topic and all of ours.
        prefix: Of all topics.
        folder: For the worker.
        records: Messages that are written.
        kills: Of the worker.
        restarts: Of Kafka.
    """
    topic = f"other-{prefix}"
    with KafkaAdminClient(bootstrap_servers=kafka.address) as admin:
        admin.create_topics({topic: {"num_partitions": PARTITIONS, "replication_factor": 1}})
        admin.wait_for_topics([topic])
    sent: list[str] = []
    sender = threading.Thread(target=_send, args=(kafka.address, topic, records, sent))
    sender.start()
    try:
        return disturbed(
            kafka,
            prefix,
            folder,
            _LAB.format(topic=topic),
            due=lambda: None if sender.is_alive() else set(sent),
            writer=lambda: f"{len(sent)} of {records} messages confirmed",
            kills=kills,
            restarts=restarts,
            seed=records,
        )
    finally:
        sender.join()


def _send(address: str, topic: str, records: int, sent: list[str]) -> None:
    """Write messages at a steady pace, each once; their identities."""
    producer = KafkaProducer(
        bootstrap_servers=address, enable_idempotence=True, delivery_timeout_ms=120_000, linger_ms=5
    )
    waiting = []
    for i in range(records):
        value = json.dumps({"x": i}).encode()
        waiting.append(producer.send(topic, value=value, partition=i % PARTITIONS))
        time.sleep(1 / _PER_SECOND)
    producer.flush()
    for one in waiting:
        place = one.get(timeout=120)
        sent.append(f"{topic}/{place.partition}/{place.offset}")
    producer.close()
