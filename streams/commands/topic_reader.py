"""Reads committed messages of a topic: all of them, the newest, or those to come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from halflife.schemas.errors import MessageError
from halflife.schemas.message import Message
from halflife.schemas.settings import Settings
from halflife.streams.broker.broker_error import BrokerError
from halflife.streams.broker.clients import kafka_python_arguments

_POLL: Final = 250  # milliseconds
_M = TypeVar("_M", bound=Message)


class TopicReader:
    """A consumer that belongs to no group and commits nothing; use it in a ``with``.

    Args:
        settings: How the cluster is reached.
        seconds: How long a call may take.
        clock: Seconds that only rise.

    Raises:
        BrokerError: If the cluster does not answer, or there is no such topic.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        seconds: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        from kafka import KafkaConsumer
        from kafka.errors import KafkaError

        self._settings = settings
        self._seconds = seconds
        self._clock = clock
        try:
            self._consumer: Any = KafkaConsumer(
                **kafka_python_arguments(settings),
                isolation_level="read_committed",
                enable_auto_commit=False,
                bootstrap_timeout_ms=10_000,
            )
        except (KafkaError, OSError) as error:
            raise BrokerError(f"Kafka at {settings.broker} does not answer: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._consumer.close()

    def newest(self, topic: str, limit: int | None = None) -> list[Any]:
        """Messages of all partitions, oldest first.

        Args:
            topic: The topic.
            limit: Offsets to go back in each partition; all if None.
        """
        partitions = self._assign([topic])
        firsts = self._consumer.beginning_offsets(partitions)
        ends = self._consumer.end_offsets(partitions)
        begins = {
            at: firsts[at] if limit is None else max(firsts[at], ends[at] - limit)
            for at in partitions
        }
        left = {at for at in partitions if begins[at] < ends[at]}
        for at in partitions:
            self._consumer.seek(at, begins[at])
        self._consumer.pause(*(at for at in partitions if at not in left))
        deadline = self._clock() + self._seconds
        found: list[Any] = []
        while left:
            if self._clock() > deadline:
                raise BrokerError(f"{topic} was not read within {self._seconds:g} s")
            for at, messages in self._consumer.poll(_POLL).items():
                found += [message for message in messages if message.offset < ends[at]]
            left = {at for at in left if self._consumer.position(at) < ends[at]}
        found.sort(key=lambda message: (message.timestamp, message.partition, message.offset))
        return found

    def begin_following(self, topics: Iterable[str]) -> None:
        """From here on, ``follow`` gives what is written to these topics."""
        partitions = self._assign(topics)
        self._consumer.seek_to_end(*partitions)
        for at in partitions:
            self._consumer.position(at)  # makes the end that of now, not of the first poll

    def follow(self) -> list[Any]:
        """What was written since the last call; waits for a quarter of a second at most."""
        return [m for messages in self._consumer.poll(_POLL).values() for m in messages]

    def _assign(self, topics: Iterable[str]) -> list[Any]:
        from kafka import TopicPartition

        partitions = []
        for topic in topics:
            numbers = self._consumer.partitions_for_topic(topic)
            if not numbers:
                raise BrokerError(f"no topic {topic} at {self._settings.broker}")
            partitions += [TopicPartition(topic, number) for number in sorted(numbers)]
        self._consumer.assign(partitions)
        return partitions


def parsed(kind: type[_M], messages: Iterable[Any]) -> list[_M]:
    """The messages of one kind; others, and what is no message of ours, are left out."""
    found = []
    for message in messages:
        try:
            found.append(kind.from_bytes(message.value or b""))
        except MessageError:
            continue
    return found
