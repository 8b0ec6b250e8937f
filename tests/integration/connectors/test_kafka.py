"""Topics that others write, read by a real connect worker out of a real Kafka."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition

from halflife.streams.broker.embedded import EmbeddedKafka
from tests.harness.chaos_kafka import run
from tests.harness.connecting import Written
from tests.harness.service import Service, Worker

from .conftest import Serve

RECORDS = 800
KILLS = 1
RESTARTS = 1

LAB = """
[stream.opv]
[stream.opv.column]
x = {{ role = "set-point" }}
y = {{ role = "measured", unit = "K" }}
sensor = {{ role = "context", kind = "category" }}
[source.opv]
type = "kafka"
{keys}
"""


class Lab:
    """Somebody else's topics."""

    def __init__(self, address: str, prefix: str) -> None:
        self.topic = f"other-{prefix}"
        self.admin = KafkaAdminClient(bootstrap_servers=address)
        self._address = address

    def make(self, name: str = "", partitions: int = 1, **configs: str) -> str:
        topic = self.topic + name
        wanted = {
            topic: {"num_partitions": partitions, "replication_factor": 1, "configs": configs}
        }
        self.admin.create_topics(wanted)
        self.admin.wait_for_topics([topic])
        return topic

    def send(self, topic: str, *messages: Any, headers: Any = (), **more: Any) -> None:
        producer = KafkaProducer(bootstrap_servers=self._address, **more)
        for message in messages:
            value = message if isinstance(message, bytes | None) else json.dumps(message).encode()
            producer.send(topic, value=value, key=b"k", headers=list(headers))
        producer.flush()
        producer.close()


@pytest.fixture
def lab(kafka: EmbeddedKafka, topic_prefix: str) -> Iterator[Lab]:
    made = Lab(kafka.address, topic_prefix)
    yield made
    made.admin.close()


def test_json_with_paths_and_what_cannot_be_used(serve: Serve, lab: Lab) -> None:
    topic = lab.make()
    lab.send(topic, {"in": {"x": 1}, "c": 25.0, "at": "2026-11-22T10:00:00Z"})
    lab.send(topic, b"{", None, b"", {"in": {"x": "far"}, "at": "2026-11-22T10:00:00Z"})
    lab.send(topic, [{"in": {"x": 2}, "at": 1e9}, {"in": {"x": 3}, "c": float("nan"), "at": 1e9}])
    service, written = serve(
        LAB.format(
            keys=f'topic = "{topic}"\ntime_from = "at"\ninstrument_from = "kafka.key"\n'
            '[source.opv.column]\nx = "in.x"\ny = { from = "c", unit = "degC" }'
        )
    )
    service.start("connect", "one")
    found = written.wait_for_records(3)
    assert [r["record_id"] for r in found] == [f"{topic}/0/0", f"{topic}/0/5/0", f"{topic}/0/5/1"]
    assert found[0]["values"] == {"x": 1, "y": pytest.approx(298.15)}
    assert found[0]["time"] == "2026-11-22T10:00:00Z"
    assert found[2]["values"] == {"x": 3, "y": None}
    assert {r["instrument"] for r in found} == {"k"}
    letters = {letter.address: letter for letter in written.letters()}
    assert set(letters) == {f"kafka://{topic}/0/{i}" for i in (1, 3, 4)}
    assert letters[f"kafka://{topic}/0/1"].reason == "broken-json"
    assert letters[f"kafka://{topic}/0/3"].reason == "empty"
    assert letters[f"kafka://{topic}/0/4"].path == "values.x"


def has_read(serve: Serve, lab: Lab, records: int) -> tuple[str, Service, Written, Worker]:
    """A topic with so many records, which a worker has read."""
    topic = lab.make()
    lab.send(topic, *({"x": i} for i in range(records)))
    service, written = serve(LAB.format(keys=f'topic = "{topic}"'))
    worker = service.start("connect", "one")
    written.wait_for_records(records)
    return topic, service, written, worker


def test_while_kafka_is_away_for_long_the_source_waits_and_then_goes_on(
    serve: Serve, lab: Lab, kafka: EmbeddedKafka
) -> None:
    topic, _, written, worker = has_read(serve, lab, 20)
    kafka.kill()
    # Its reader is given up: what that breaks off must not end the source.
    worker.wait_for("source opv: away: ", 120)
    kafka.start()
    lab.send(topic, *({"x": i} for i in range(20, 40)))
    found = written.wait_for_records(40)
    assert [record["values"]["x"] for record in found] == list(range(40))
    assert worker.terminate() == 0


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_compressed_topics_are_read(
    serve: Serve, lab: Lab, kafka: EmbeddedKafka, codec: str
) -> None:
    topic = lab.make()
    # Unlike kafka-python it brings all codecs.
    producer = Producer({"bootstrap.servers": kafka.address, "compression.type": codec})
    for i in range(50):
        producer.produce(topic, json.dumps({"x": i, "more": "x" * 200}).encode())
    producer.flush()
    service, written = serve(LAB.format(keys=f'topic = "{topic}"'))
    service.start("connect", "one")
    assert [r["values"]["x"] for r in written.wait_for_records(50)] == list(range(50))


def test_topics_by_template_and_those_that_come_later(serve: Serve, lab: Lab) -> None:
    first = lab.make("-opv-hplc-2", partitions=2)
    lab.send(first, {"x": 1})
    service, written = serve(
        LAB.format(keys=f'topic_template = "{lab.topic}-{{recipe}}-{{sensor}}"\nstart = "latest"')
    )
    worker = service.start("connect", "one")
    worker.wait_for("connected", 60)
    lab.send(first, {"x": 2})
    later = lab.make("-opv-gc")
    lab.send(later, {"x": 3})
    found = written.wait_for_records(2)
    assert {(r["values"]["x"], r["values"]["sensor"], r["recipe"]) for r in found} == {
        (2, "hplc-2", "opv"),
        (3, "gc", "opv"),
    }


def test_what_was_deleted_meanwhile_is_a_gap(serve: Serve, lab: Lab) -> None:
    topic, service, written, worker = has_read(serve, lab, 10)
    worker.kill()
    lab.send(topic, *({"x": i} for i in range(10, 20)))
    lab.admin.delete_records({TopicPartition(topic, 0): 15})
    worker = service.start("connect", "one")
    assert {r["values"]["x"] for r in written.wait_for_records(15)} == {*range(10), *range(15, 20)}
    gap = next(e for e in written.events() if e.kind == "gap")
    assert f"offsets 10 to 14 of {topic}/0 were deleted" in gap.text
    assert gap.first is not None


def test_a_topic_made_anew_is_told_and_its_records_are_others(serve: Serve, lab: Lab) -> None:
    topic = lab.make()
    lab.send(topic, *({"x": i} for i in range(3)))
    service, written = serve(LAB.format(keys=f'topic = "{topic}"'))
    service.start("connect", "one")
    written.wait_for_records(3)
    lab.admin.delete_topics([topic])
    written.wait_until(lambda: any(e.kind == "lost" for e in written.events()))
    lab.make()
    lab.send(topic, *({"x": i} for i in range(100, 102)))
    written.wait_for_records(5)
    assert set(written.ids()) == {f"{topic}/0/{i}" for i in range(3)} | {
        f"{topic}~1/0/{i}" for i in range(2)
    }
    assert any("deleted and made anew" in e.text for e in written.events() if e.kind == "gap")


def test_a_topic_that_is_not_there_is_told_and_waited_for(serve: Serve, lab: Lab) -> None:
    service, written = serve(LAB.format(keys=f'topic = "{lab.topic}"\nstart = "latest"'))
    service.start("connect", "one")
    written.wait_until(lambda: any(e.kind == "lost" for e in written.events()))
    assert lab.topic not in set(lab.admin.list_topics())
    lab.make()
    lab.send(lab.topic, {"x": 1})
    written.wait_for_records(1)


def test_its_own_topics_are_refused(serve: Serve, topic_prefix: str) -> None:
    service, written = serve(LAB.format(keys=f'topic = "{topic_prefix}.records"'))
    worker = service.start("connect", "one")
    worker.wait_for("refused: topic .* is Halflife's own: it would read what it writes", 60)
    assert written.records() == []


@pytest.mark.slow
def test_killed_and_restarted_each_record_is_there_once(
    kafka: EmbeddedKafka, topic_prefix: str, tmp_path: Path
) -> None:
    figures = run(kafka, topic_prefix, tmp_path, records=RECORDS, kills=KILLS, restarts=RESTARTS)
    print(figures)  # noqa: T201  # figures
    assert figures["lost"] == figures["doubled"] == figures["letters"] == 0
