"""Connectors of topics without a worker: where they begin, what they leave behind, who they are."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from kafka import KafkaAdminClient

from halflife.schemas.settings import Settings
from halflife.schemas.sources.bluesky_source import BlueskySource
from halflife.schemas.sources.kafka_source import KafkaSource
from halflife.streams.broker.embedded import EmbeddedKafka
from halflife.streams.connectors.arrival import Arrival
from halflife.streams.connectors.bluesky.bluesky_connector import BlueskyConnector
from halflife.streams.connectors.errors import SourceAway, SourceRefused
from halflife.streams.connectors.kafka.kafka_connector import KafkaConnector
from halflife.streams.connectors.surroundings import Surroundings
from tests.harness import bluesky_lab

PASSWORD = "open-sesame"  # noqa: S105  # of nobody
LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule"


@pytest.fixture
def admin(kafka: EmbeddedKafka) -> Iterator[KafkaAdminClient]:
    with KafkaAdminClient(bootstrap_servers=kafka.address) as made:
        yield made


@pytest.fixture
def topic(admin: KafkaAdminClient, topic_prefix: str) -> str:
    name = f"other-{topic_prefix}"
    admin.create_topics({name: {"num_partitions": 1, "replication_factor": 1}})
    admin.wait_for_topics([name])
    return name


def send(address: str, topic: str, numbers: range, **more: Any) -> None:
    producer = Producer({"bootstrap.servers": address, **more})
    for i in numbers:
        producer.produce(topic, json.dumps({"x": i}).encode())
    producer.flush()


def around(kafka: EmbeddedKafka, **more: Any) -> Surroundings:
    return Surroundings(settings=Settings(broker=kafka.address), clock=time.time, **more)


async def read(connector: Any, count: int, position: Any = None) -> tuple[list[Arrival], Any]:
    """The first arrivals, and the position behind them."""
    found: list[Arrival] = []
    async with aclosing(connector.read(position)) as batches:
        async for batch in batches:
            found += batch.items
            position = batch.position or position
            if len(found) >= count:
                break
    return found, position


def plan(topic: str, **more: Any) -> KafkaSource:
    return KafkaSource(name="k", type="kafka", topic=topic, **more)


async def test_a_dry_run_shows_the_last_and_leaves_no_trace(
    kafka: EmbeddedKafka, admin: KafkaAdminClient, topic: str
) -> None:
    send(kafka.address, topic, range(100))
    before = admin.list_groups(), sorted(admin.list_topics())
    connector = KafkaConnector(plan(topic), around(kafka, dry_run=True))
    found, _ = await read(connector, 20)
    assert [one.values["x"] for one in found] == list(range(80, 100))
    assert (admin.list_groups(), sorted(admin.list_topics())) == before


async def test_a_first_reading_begins_at_a_time_and_goes_on_where_it_was(
    kafka: EmbeddedKafka, topic: str
) -> None:
    send(kafka.address, topic, range(10))
    messages, _ = await read(KafkaConnector(plan(topic), around(kafka)), 10)
    last = messages[-1].time
    assert last is not None
    while time.time() <= last.timestamp() + 0.01:
        time.sleep(0.01)  # noqa: ASYNC251  # the clock has to move
    send(kafka.address, topic, range(10, 15))
    start = last.replace(microsecond=0).timestamp() + last.microsecond / 1e6 + 0.001
    begin = type(last).fromtimestamp(start, last.tzinfo)
    found, position = await read(KafkaConnector(plan(topic, start=begin), around(kafka)), 5)
    assert [one.values["x"] for one in found] == list(range(10, 15))
    send(kafka.address, topic, range(15, 18))
    found, _ = await read(KafkaConnector(plan(topic), around(kafka)), 3, position)
    assert [one.values["x"] for one in found] == [15, 16, 17]


async def test_what_a_transaction_gave_up_is_no_record(kafka: EmbeddedKafka, topic: str) -> None:
    producer = Producer({"bootstrap.servers": kafka.address, "transactional.id": topic})
    producer.init_transactions()
    for i, end in enumerate((producer.abort_transaction, producer.commit_transaction)):
        producer.begin_transaction()
        producer.produce(topic, json.dumps({"x": i}).encode())
        producer.flush()
        end()
    found, _ = await read(KafkaConnector(plan(topic), around(kafka)), 1)
    assert [one.values["x"] for one in found] == [1]
    dirty = plan(topic, isolation="read_uncommitted")
    found, _ = await read(KafkaConnector(dirty, around(kafka)), 2)
    assert [one.values["x"] for one in found] == [0, 1]


async def test_a_dry_run_tells_roles_and_units_of_a_real_scan(
    kafka: EmbeddedKafka, topic: str, tmp_path: Path
) -> None:
    bluesky_lab.publish(kafka.address, topic, tmp_path / "events.jsonl", "scan")
    sim = BlueskySource(name="sim", type="bluesky", topic=topic)
    found, _ = await read(BlueskyConnector(sim, around(kafka, dry_run=True)), 5)
    assert len(found) == 5
    assert found[0].roles == {"motor": "set-point", "det": "measured", "t": "measured"}
    assert found[0].units == {"t": "degC", "data.t": "degC"}
    assert set(found[0].values) == {"motor", "motor_setpoint", "det", "t"}


async def test_a_run_whose_start_was_deleted_is_told(
    kafka: EmbeddedKafka, admin: KafkaAdminClient, topic: str, tmp_path: Path
) -> None:
    from kafka import TopicPartition

    bluesky_lab.publish(kafka.address, topic, tmp_path / "events.jsonl", "count")
    sim = BlueskySource(name="sim", type="bluesky", topic=topic)
    whole, _ = await read(BlueskyConnector(sim, around(kafka)), 5)
    assert [one.record_id for one in whole] == [
        event["uid"] for event in bluesky_lab.events(tmp_path / "events.jsonl")
    ]
    # The start and the first descriptor are gone.
    admin.delete_records({TopicPartition(topic, 0): 2})
    found, _ = await read(BlueskyConnector(sim, around(kafka)), 1)
    assert {one.error.reason for one in found if not isinstance(one, Arrival)} == {"unknown-run"}


@pytest.fixture(scope="module")
def guarded(
    kafka_is_here: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EmbeddedKafka]:
    """A broker with a listener that asks for a name and a password."""
    user = f'username="broker" password="{PASSWORD}" user_broker="{PASSWORD}" user_ann="{PASSWORD}"'
    properties = {
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.lab.plain.sasl.jaas.config": f"{LOGIN} required {user};",
    }
    with EmbeddedKafka(
        tmp_path_factory.mktemp("guarded"),
        listeners={"LAB": "SASL_PLAINTEXT"},
        properties=properties,
        options=("-XX:TieredStopAtLevel=1",),
    ) as broker:
        yield broker


async def test_another_cluster_that_asks_who_we_are(
    kafka: EmbeddedKafka, guarded: EmbeddedKafka, tmp_path: Path
) -> None:
    with KafkaAdminClient(bootstrap_servers=guarded.address) as admin:
        admin.create_topics({"lab": {"num_partitions": 1, "replication_factor": 1}})
        admin.wait_for_topics(["lab"])
    send(guarded.address, "lab", range(3))
    secret = tmp_path / "password"
    secret.write_text(PASSWORD + "\n")
    access = {"servers": guarded.address_of("LAB"), "username": "ann", "password_file": secret}
    found, _ = await read(KafkaConnector(plan("lab", **access), around(kafka)), 3)
    assert [one.values["x"] for one in found] == [0, 1, 2]
    secret.write_text("guess-me-not")
    with pytest.raises(SourceRefused, match="refused user 'ann'"):
        await read(KafkaConnector(plan("lab", **access), around(kafka)), 3)
    with pytest.raises(SourceAway, match="did not answer"):
        await read(KafkaConnector(plan("lab", servers="127.0.0.1:1"), around(kafka)), 1)
