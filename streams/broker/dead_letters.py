"""The topic of dead letters: what lies there, one of them, and sending one again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from halflife.schemas.settings import Settings

from .access import reach
from .broker_error import BrokerError
from .clients import kafka_python_arguments
from .dead_letter import RESENT, DeadLetter
from .topics import DEAD_LETTER_ROOM, MAX_MESSAGE_BYTES

_POLL: Final = 500  # milliseconds


@dataclass(frozen=True, slots=True)
class Found:
    """A dead letter and where it lies.

    Args:
        partition: Of the topic of dead letters.
        offset: In that partition.
        time: When it was written.
        letter: What lies there.
    """

    partition: int
    offset: int
    time: datetime
    letter: DeadLetter

    @property
    def place(self) -> str:
        """``partition:offset``, as the commands name it."""
        return f"{self.partition}:{self.offset}"


class DeadLetters:
    """Reads the dead letters of a cluster, and sends them again.

    Args:
        settings: How the cluster is reached.
        topic: Of the dead letters.
        seconds: How long a call may take.
        clock: Seconds that only grow, for that.

    Raises:
        BrokerError: By each call, if the cluster does not answer or there is no such topic.
    """

    def __init__(
        self,
        settings: Settings,
        topic: str,
        *,
        seconds: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._topic = topic
        self._seconds = seconds
        self._clock = clock

    def newest(self, limit: int = 100) -> list[Found]:
        """The newest dead letters, oldest first, at most ``limit``.

        Raises:
            ValueError: For a limit under 1.
        """
        if limit < 1:
            raise ValueError(f"limit {limit} is under 1")
        with self._consumer() as (consumer, partitions):
            firsts, ends = consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
            found: list[Found] = []
            for at in partitions:
                # Transaction markers take offsets too: go back until there are enough messages.
                step, begin = limit, ends[at]
                batch: list[Found] = []
                while begin > firsts[at] and len(batch) < limit:
                    begin = max(firsts[at], ends[at] - step)
                    batch = self._read(consumer, at, begin, ends[at])
                    step *= 2
                found += batch
        found.sort(key=lambda one: (one.time, one.partition, one.offset))
        return found[-limit:]

    def show(self, partition: int, offset: int) -> Found:
        """The dead letter at a place.

        Raises:
            BrokerError: If there is none.
        """
        with self._consumer() as (consumer, partitions):
            for at in partitions:
                if at.partition == partition:
                    first = consumer.beginning_offsets([at])[at]
                    end = consumer.end_offsets([at])[at]
                    if first <= offset < end:
                        for one in self._read(consumer, at, offset, min(end, offset + 1)):
                            if one.offset == offset:
                                return one
        raise BrokerError(f"no dead letter at {partition}:{offset} of {self._topic}")

    def resend(self, partition: int, offset: int, *, topic: str | None = None) -> str:
        """Sends the message of a dead letter again: its bytes, its key, its headers.

        A header ``halflife-resent`` says which dead letter it was.

        Args:
            partition: Of the dead letter.
            offset: Of the dead letter.
            topic: Where to; where it came from if None.

        Returns:
            Where it went, ``topic:partition:offset``.

        Raises:
            BrokerError: If there is no such dead letter, or it was cut off when it was written.
        """
        (sent,) = self.resend_all([self.show(partition, offset)], topic=topic)
        return sent

    def resend_all(self, found: Iterable[Found], *, topic: str | None = None) -> Iterator[str]:
        """As ``resend``, for many; each is there when its place is told.

        Args:
            found: What to send, in this order.
            topic: Where to; where each came from if None.

        Yields:
            Where each went, ``topic:partition:offset``.

        Raises:
            BrokerError: At one that was cut off when it was written, or could not be sent.
        """
        from kafka import KafkaProducer
        from kafka.errors import KafkaError

        reach(self._settings, seconds=self._seconds)
        producer = KafkaProducer(
            **kafka_python_arguments(self._settings),
            acks="all",
            max_request_size=MAX_MESSAGE_BYTES + DEAD_LETTER_ROOM,
        )
        try:
            for one in found:
                letter = _sendable(one, topic)
                headers = [*letter.headers, (RESENT, one.place.encode())]
                to = topic or letter.topic
                waiting = producer.send(to, letter.value, key=letter.key, headers=headers)
                sent = waiting.get(timeout=self._seconds)
                yield f"{sent.topic}:{sent.partition}:{sent.offset}"
        except KafkaError as error:
            raise BrokerError(f"could not send {one.place} again: {error}") from error
        finally:
            producer.close(timeout=self._seconds)

    @contextmanager
    def _consumer(self) -> Iterator[tuple[Any, list[Any]]]:
        """A consumer of committed messages that belongs to no group, and the partitions."""
        from kafka import KafkaConsumer, TopicPartition
        from kafka.errors import KafkaError

        reach(self._settings, seconds=self._seconds)
        try:
            consumer = KafkaConsumer(
                **kafka_python_arguments(self._settings),
                isolation_level="read_committed",
                enable_auto_commit=False,
                bootstrap_timeout_ms=int(1000 * self._seconds),
            )
        except KafkaError as error:
            raise BrokerError(f"Kafka at {self._settings.broker}: {error}") from error
        try:
            numbers = consumer.partitions_for_topic(self._topic)
            if not numbers:
                raise BrokerError(f"no topic {self._topic} at {self._settings.broker}")
            partitions = [TopicPartition(self._topic, number) for number in sorted(numbers)]
            consumer.assign(partitions)
            yield consumer, partitions
        except KafkaError as error:
            raise BrokerError(f"could not read {self._topic}: {error}") from error
        finally:
            consumer.close()

    def _read(self, consumer: Any, at: Any, begin: int, end: int) -> list[Found]:
        """The dead letters of one partition from ``begin`` to before ``end``."""
        consumer.pause(*consumer.assignment())
        consumer.resume(at)
        consumer.seek(at, begin)
        deadline = self._clock() + self._seconds
        found: list[Found] = []
        while consumer.position(at) < end:
            if self._clock() > deadline:
                raise BrokerError(f"{self._topic} was not read within {self._seconds:g} s")
            messages = consumer.poll(_POLL).get(at, [])
            found += [_found(message) for message in messages if message.offset < end]
        return found


def _sendable(found: Found, topic: str | None) -> DeadLetter:
    """The letter, if nothing was cut off and it has somewhere to go."""
    letter = found.letter
    if not (topic or letter.topic):
        raise BrokerError(
            f"dead letter {found.place} never was a record: it came from {letter.address}, source "
            f"{letter.source!r}. Mend it there, or name the topic that it is for"
        )
    if not letter.whole:
        raise BrokerError(
            f"dead letter {found.place} was cut off at {len(letter.value or b'')} of "
            f"{letter.size} bytes: send it from its source, or from {letter.topic} partition "
            f"{letter.partition} offset {letter.offset} while it is there"
        )
    return letter


def _found(message: Any) -> Found:
    """A message of the topic; one that is no dead letter of ours is shown as what it is."""
    try:
        letter = DeadLetter.from_message(message.key, message.value, message.headers)
    except ValueError as error:
        letter = DeadLetter(
            reason="foreign",
            text=str(error),
            path="",
            topic=message.topic,
            partition=message.partition,
            offset=message.offset,
            key=message.key,
            value=message.value,
            headers=tuple((name, text or b"") for name, text in message.headers),
        )
    written = datetime.fromtimestamp(message.timestamp / 1000, tz=UTC)
    return Found(message.partition, message.offset, written, letter)
