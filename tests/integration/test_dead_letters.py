from __future__ import annotations

from dataclasses import replace

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from halflife.schemas.settings import Settings
from halflife.streams.broker.broker_error import BrokerError
from halflife.streams.broker.clients import aiokafka_arguments
from halflife.streams.broker.dead_letter import DeadLetter
from halflife.streams.broker.dead_letters import DeadLetters
from halflife.streams.broker.embedded import EmbeddedKafka
from halflife.streams.broker.topics import MAX_MESSAGE_BYTES, TopicPlan, create_topics

ROOM = 2 * MAX_MESSAGE_BYTES


class Case:
    """Topics of a test, and dead letters in them, written in transactions as the worker does."""

    def __init__(self, kafka: EmbeddedKafka, prefix: str) -> None:
        self.settings = Settings(broker=kafka.address)
        self.plan = TopicPlan.with_prefix(prefix)
        create_topics(self.settings, self.plan, partitions=2)
        self.dead_letters = DeadLetters(self.settings, self.plan.dead_letters)

    def letter(self, number: int, value: bytes = b"\xff\x00 no JSON") -> DeadLetter:
        return DeadLetter(
            reason="broken-json",
            text=f"Message {number} is no JSON.",
            path="",
            topic=self.plan.records,
            partition=number % 2,
            offset=number,
            key=b"opv",
            value=value,
            headers=(("content-type", b"application/json"), ("ce_id", b"%d" % number)),
        )

    async def write(self, *transactions: list[DeadLetter], limit: int | None = None) -> None:
        producer = AIOKafkaProducer(
            **aiokafka_arguments(self.settings),
            transactional_id=self.plan.dead_letters,
            max_request_size=ROOM,
        )
        async with producer:
            for letters in transactions:
                async with producer.transaction():
                    for letter in letters:
                        sized = letter.to_message(limit=limit) if limit else letter.to_message()
                        key, value, headers = sized
                        await producer.send_and_wait(
                            self.plan.dead_letters,
                            key=key,
                            value=value,
                            headers=headers,
                            partition=letter.partition,
                        )


@pytest.fixture
def case(kafka: EmbeddedKafka, topic_prefix: str) -> Case:
    return Case(kafka, topic_prefix)


async def test_the_newest_are_listed_in_order(case: Case) -> None:
    letters = [case.letter(i) for i in range(12)]
    await case.write(*([letter] for letter in letters))  # a marker after each in the log
    found = case.dead_letters.newest(limit=100)
    assert [one.letter for one in found] == letters
    assert [one.letter for one in case.dead_letters.newest(limit=5)] == letters[-5:]
    assert case.dead_letters.show(found[3].partition, found[3].offset) == found[3]


async def test_an_aborted_one_is_not_there(case: Case) -> None:
    producer = AIOKafkaProducer(**aiokafka_arguments(case.settings), transactional_id="aborts")
    async with producer:
        await producer.begin_transaction()
        key, value, headers = case.letter(0).to_message()
        await producer.send_and_wait(
            case.plan.dead_letters, key=key, value=value, headers=headers, partition=0
        )
        await producer.abort_transaction()
    assert case.dead_letters.newest() == []
    with pytest.raises(BrokerError, match="no dead letter at 0:0"):
        case.dead_letters.show(0, 0)


async def test_the_original_is_sent_again_byte_for_byte(case: Case) -> None:
    largest = case.letter(0, value=b"\xfe" * (MAX_MESSAGE_BYTES - 500))
    await case.write([largest, case.letter(1)])
    for found in case.dead_letters.newest():
        topic, partition, offset = case.dead_letters.resend(found.partition, found.offset).split(
            ":"
        )
        assert topic == case.plan.records
        arguments = aiokafka_arguments(case.settings)
        consumer = AIOKafkaConsumer(**arguments, max_partition_fetch_bytes=ROOM)
        at = TopicPartition(topic, int(partition))
        consumer.assign([at])
        async with consumer:
            consumer.seek(at, int(offset))
            message = await consumer.getone()
        assert (message.key, message.value) == (found.letter.key, found.letter.value)
        resent = ("halflife-resent", found.place.encode())
        assert message.headers == (*found.letter.headers, resent)


async def test_one_that_was_cut_is_not_sent_again(case: Case) -> None:
    await case.write([case.letter(0, value=b"x" * 2**18)], limit=2**16)
    (found,) = case.dead_letters.newest()
    assert found.letter.size == 2**18
    with pytest.raises(BrokerError, match=r"cut off at \d+ of 262144 bytes.*records partition 0"):
        case.dead_letters.resend(found.partition, found.offset)


async def test_a_foreign_message_is_shown_as_what_it_is(case: Case) -> None:
    async with AIOKafkaProducer(**aiokafka_arguments(case.settings)) as producer:
        await producer.send_and_wait(case.plan.dead_letters, b"hello", partition=1)
    (found,) = case.dead_letters.newest()
    assert replace(found.letter, text="") == DeadLetter(
        reason="foreign",
        text="",
        path="",
        topic=case.plan.dead_letters,
        partition=1,
        offset=found.offset,
        key=None,
        value=b"hello",
    )


def test_no_such_topic_is_an_error(kafka: EmbeddedKafka, topic_prefix: str) -> None:
    with pytest.raises(BrokerError, match=f"no topic {topic_prefix}"):
        DeadLetters(Settings(broker=kafka.address), topic_prefix).newest()


def test_a_limit_under_one_is_refused(case: Case) -> None:
    with pytest.raises(ValueError, match="limit 0 is under 1"):
        case.dead_letters.newest(limit=0)
