from __future__ import annotations

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from prometheus_client import CollectorRegistry

from halflife.schemas.settings import Settings
from halflife.streams.broker.access import open_admin
from halflife.streams.broker.broker_error import BrokerError
from halflife.streams.broker.clients import aiokafka_arguments
from halflife.streams.broker.embedded import EmbeddedKafka
from halflife.streams.broker.lag import LagCollector, PartitionLag, read_lag


async def test_lag_is_end_less_committed(kafka: EmbeddedKafka, topic_prefix: str) -> None:
    settings = Settings(broker=kafka.address)
    topic, group = f"{topic_prefix}.records", f"{topic_prefix}-group"
    with open_admin(settings) as admin:
        admin.create_topics({topic: {"num_partitions": 2}}, wait_for_metadata=True)
    async with AIOKafkaProducer(**aiokafka_arguments(settings)) as producer:
        for i in range(10):
            await producer.send_and_wait(topic, b"%d" % i, partition=0)
    assert read_lag(settings, group, [topic]) == [
        PartitionLag(topic, 0, end=10, committed=None, lag=10),
        PartitionLag(topic, 1, end=0, committed=None, lag=0),
    ]
    arguments = aiokafka_arguments(settings)
    consumer = AIOKafkaConsumer(**arguments, group_id=group, enable_auto_commit=False)
    consumer.assign([TopicPartition(topic, 0)])
    async with consumer:
        await consumer.commit({TopicPartition(topic, 0): 7})
    assert read_lag(settings, group, [topic])[0] == PartitionLag(topic, 0, 10, 7, 3)
    collector = LagCollector(settings, group, [topic])
    registry = CollectorRegistry()
    registry.register(collector)
    collector.refresh()
    place = {"topic": topic, "partition": "0"}
    assert registry.get_sample_value("halflife_input_lag_records", place) == 3


async def test_an_open_transaction_is_no_lag(kafka: EmbeddedKafka, topic_prefix: str) -> None:
    settings = Settings(broker=kafka.address)
    topic = f"{topic_prefix}.records"
    with open_admin(settings) as admin:
        admin.create_topics({topic: {"num_partitions": 1}}, wait_for_metadata=True)
    arguments = aiokafka_arguments(settings)
    async with AIOKafkaProducer(**arguments, transactional_id=topic_prefix) as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"one", partition=0)
        assert read_lag(settings, "nobody", [topic])[0].lag == 0
        await producer.commit_transaction()
    assert read_lag(settings, "nobody", [topic])[0].lag == 2  # the message, and the commit


def test_a_topic_that_is_not_there_has_no_lag(kafka: EmbeddedKafka, topic_prefix: str) -> None:
    assert read_lag(Settings(broker=kafka.address), "nobody", [topic_prefix]) == []


def test_no_broker_is_an_error() -> None:
    with pytest.raises(BrokerError, match="did not answer"):
        read_lag(Settings(broker="127.0.0.1:1"), "nobody", ["topic"], seconds=0.5)
