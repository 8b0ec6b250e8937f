"""What a connect worker has written, as readers of Kafka see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import orjson
from kafka import KafkaConsumer, TopicPartition

from halflife.schemas.source_event import SourceEvent
from halflife.streams.broker.dead_letter import DeadLetter

from .service import Service, wait_until


class Written:
    """Reads the topics of a service from their beginning, committed messages only.

    Args:
        service: Whose topics they are.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._read: dict[str, list[Any]] = {}
        self._consumer = KafkaConsumer(
            bootstrap_servers=service.broker,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        self._positions: dict[Any, int] = {}

    def records(self) -> list[dict[str, Any]]:
        """All records so far, in the order of each partition."""
        return [orjson.loads(message.value) for message in self._all(self._service.topics.records)]

    def ids(self) -> Counter[str]:
        """How often each identity stands in the topic of records."""
        return Counter(record["record_id"] for record in self.records())

    def letters(self) -> list[DeadLetter]:
        """All dead letters so far."""
        return [
            DeadLetter.from_message(message.key, message.value, message.headers)
            for message in self._all(self._service.topics.dead_letters)
        ]

    def events(self) -> list[SourceEvent]:
        """What happened to sources so far."""
        found = self._all(self._service.topics.source_events)
        return [SourceEvent.from_bytes(message.value) for message in found]

    def wait_for_records(self, count: int, seconds: float = 60.0) -> list[dict[str, Any]]:
        """All records, as soon as there are so many of different identities."""
        self.wait_until(lambda: len(self.ids()) >= count, seconds)
        return self.records()

    def wait_until(self, condition: Callable[[], Any], seconds: float = 60.0) -> None:
        """Returns when a condition holds; else tells what was written and what workers said."""

        def told() -> str:
            said = "\n".join(worker.said[-3000:] for worker in self._service.workers)
            return (
                f"{len(self.ids())} records, letters {self.letters()[:3]}, "
                f"events {self.events()[-5:]}\n{said}"
            )

        wait_until(condition, seconds, told)

    def close(self) -> None:
        """Lets go of the connection."""
        self._consumer.close()

    def _all(self, topic: str) -> list[Any]:
        """Every message of a topic that is committed now."""
        consumer = self._consumer
        numbers = consumer.partitions_for_topic(topic) or set()
        places = [TopicPartition(topic, number) for number in sorted(numbers)]
        consumer.assign(places)
        ends = consumer.end_offsets(places)
        for place in places:
            consumer.seek(place, self._positions.get(place, 0))
        read = self._read.setdefault(topic, [])
        while any(consumer.position(place) < ends[place] for place in places):
            for messages in consumer.poll(timeout_ms=200).values():
                read += messages
        for place in places:
            self._positions[place] = consumer.position(place)
        return read
