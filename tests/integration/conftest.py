"""A real Apache Kafka for the tests of this folder, one for all of them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer

from halflife.schemas.lab import Lab
from halflife.schemas.settings import Settings
from halflife.streams.broker.broker_error import BrokerError
from halflife.streams.broker.embedded import EmbeddedKafka
from halflife.streams.broker.jar_lock import JarLock
from halflife.streams.broker.jars import cache_folder, kafka_jars
from halflife.streams.broker.java import find_java
from halflife.streams.broker.topics import TopicPlan, create_topics

from .generator_bench import LAB, PARTITIONS, Bench
from .terminal import Case

HERE = Path(__file__).parent
QUICK_START = ("-XX:TieredStopAtLevel=1",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is in this folder talks to Kafka."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.kafka)


@pytest.fixture(scope="session")
def kafka_is_here() -> None:
    """Java and the jars; where they are missing, tests are skipped, but never by CI."""
    try:
        find_java()
        kafka_jars(cache_folder(), JarLock.read())
    except BrokerError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def kafka(kafka_is_here: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    """One broker for the whole session; tests keep apart by ``topic_prefix``."""
    with EmbeddedKafka(tmp_path_factory.mktemp("kafka"), options=QUICK_START) as broker:
        yield broker


@pytest.fixture
def topic_prefix() -> str:
    """Names of topics and groups that begin so are this test's alone."""
    return f"t{uuid4().hex[:12]}"


@pytest.fixture
def case(tmp_path: Path, kafka: EmbeddedKafka, topic_prefix: str) -> Case:
    """The program on the broker of the session, with topics of its own."""
    return Case(tmp_path, kafka, topic_prefix)


@pytest.fixture
async def bench(
    kafka: EmbeddedKafka, topic_prefix: str, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Bench]:
    """Topics for generator workers; a parameter is how many rows their batches have."""
    text = LAB.format(rows=getattr(request, "param", 300))
    (tmp_path / "lab.toml").write_text(text)
    settings = Settings(broker=kafka.address, topic_prefix=topic_prefix, data=tmp_path / "data")
    plan = TopicPlan.with_prefix(topic_prefix)
    await asyncio.to_thread(create_topics, settings, plan, partitions=PARTITIONS)
    producer = AIOKafkaProducer(bootstrap_servers=kafka.address)
    await producer.start()
    made = Bench(settings, tmp_path, Lab.parse(text), producer)
    try:
        yield made
    finally:
        made.end()
        await producer.stop()
