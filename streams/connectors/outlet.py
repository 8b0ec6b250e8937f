"""Records, dead letters and the position behind them: all of them in Kafka, or none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Self

from aiokafka import AIOKafkaProducer

from halflife.schemas.errors import MessageError
from halflife.schemas.message import instant
from halflife.schemas.source_event import SourceEvent
from halflife.schemas.source_position import SourcePosition
from halflife.schemas.sources.source_plan import SourcePlan
from halflife.streams.broker.compacted import read_latest
from halflife.streams.broker.dead_letter import DeadLetter
from halflife.streams.broker.topics import DEAD_LETTER_ROOM, MAX_MESSAGE_BYTES, TopicPlan
from halflife.streams.generator.closing import close
from halflife.streams.watch.identity import identity

from .arrival import Arrival
from .batch import Batch, Position
from .gap import Gap
from .record_maker import RecordMaker
from .refusal import Refusal
from .within import within

_TRANSACTION_SECONDS: Final = 60
_BEGIN_SECONDS: Final = (
    90.0  # what a predecessor had open is ended within a minute, then it is ours
)


@dataclass(frozen=True, slots=True)
class Written:
    """What one batch became.

    Args:
        records: That are now in the topic of records.
        refusals: Reasons of what went to the dead letters.
        gaps: That were told.
        latest: Event time of the latest record, in seconds since 1970; None without records.
    """

    records: int = 0
    refusals: list[str] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    latest: float | None = None


class Outlet:
    """Writes what one source says, each batch in a transaction with the position behind it.

    Its transactional id belongs to the source: whoever enters ends what a predecessor had open, and
    the predecessor can write no more (``ProducerFenced``). The position that is read after that is
    therefore final, and a restart neither skips nor repeats.

    Args:
        arguments: Of every aiokafka client.
        topics: Names of the topics.
        prefix: Of all transactional ids.
        partitions: Of the topics.
        plan: Of the source.
        maker: Makes its records.
        worker: Name of this worker.
        clock: Seconds since 1970 in UTC.

    Raises:
        KafkaError: By each call, for troubles of the broker, after which nobody knows whether a
            batch was written: enter another outlet and read its position.
    """

    def __init__(
        self,
        arguments: Mapping[str, Any],
        topics: TopicPlan,
        *,
        prefix: str,
        partitions: int,
        plan: SourcePlan,
        maker: RecordMaker,
        worker: str,
        clock: Callable[[], float],
    ) -> None:
        self.position: Position | None = None
        self.records = 0
        self._arguments = dict(arguments)
        self._topics = topics
        self._partition = partition_of(plan.name, partitions)
        self._plan = plan
        self._maker = maker
        self._worker = worker
        self._clock = clock
        self._producer: Any = AIOKafkaProducer(
            **arguments,
            transactional_id=f"{prefix}-source-{plan.name}",
            transaction_timeout_ms=1000 * _TRANSACTION_SECONDS,
            max_request_size=MAX_MESSAGE_BYTES + DEAD_LETTER_ROOM,
            compression_type="zstd",  # a quarter of the time of aiokafka's lz4, and smaller
        )

    async def __aenter__(self) -> Self:
        try:
            last = await within(_BEGIN_SECONDS, self._begin(), "entering Kafka's transactions")
        except BaseException:
            await close(self._producer)
            raise
        if last is not None:
            self.records = last.records
            self.position = last.position if last.type == self._plan.type else None
        return self

    async def __aexit__(self, *_: object) -> None:
        await close(self._producer)

    async def _begin(self) -> SourcePosition | None:
        await self._producer.start()
        return await read_position(
            self._arguments, self._topics.sources, self._partition, self._plan.name
        )

    async def write(self, batch: Batch) -> Written:
        """Write a batch with its position; what is in it that is no record, as what it is."""
        written, messages = Written(), []
        latest: float | None = None
        records = 0
        for item in batch.items:
            made = self._maker.take(item) if isinstance(item, Arrival) else item
            if isinstance(made, Refusal):
                written.refusals.append(made.error.reason)
                messages.append(self._letter(made))
            elif isinstance(made, Gap):
                written.gaps.append(made)
                messages.append(self._event("gap", made.text, made))
            else:
                records += 1
                latest = max(made.time.timestamp(), latest or -1e18)
                key = made.stream.encode()
                messages.append((self._topics.records, key, made.to_bytes(), []))
        if messages or batch.position is not None:
            await self._commit(messages, batch.position, records)
        return Written(records, written.refusals, written.gaps, latest)

    async def tell(self, kind: str, text: str) -> None:
        """Write what happened to the source."""
        await self._commit([self._event(kind, text)], None, 0)

    async def _commit(self, messages: list[Any], position: Position | None, records: int) -> None:
        if position is not None:
            messages = [*messages, self._place(position, self.records + records)]
        await within(_TRANSACTION_SECONDS, self._transaction(messages), "a transaction of Kafka's")
        self.records += records
        if position is not None:
            self.position = position

    async def _transaction(self, messages: list[Any]) -> None:
        async with self._producer.transaction():
            sent = []
            for topic, key, value, headers in messages:
                here = self._partition if topic == self._topics.sources else None
                future = await self._producer.send(
                    topic, value, key=key, headers=headers, partition=here
                )
                # If a later one is refused, asyncio would complain of each nobody looked at.
                future.add_done_callback(lambda done: done.cancelled() or done.exception())
                sent.append(future)
            await asyncio.gather(*sent)

    def _place(self, position: Position, records: int) -> tuple[str, bytes, bytes, list[Any]]:
        message = SourcePosition(
            source=self._plan.name,
            type=self._plan.type,
            position=dict(position),
            records=records,
            time=self._now(),
        )
        return self._topics.sources, self._plan.name.encode(), message.to_bytes(), []

    def _letter(self, refusal: Refusal) -> tuple[str, bytes | None, bytes | None, list[Any]]:
        letter = DeadLetter(
            reason=refusal.error.reason,
            text=refusal.error.text,
            path=refusal.error.path,
            topic=self._topics.records if refusal.is_record else "",
            partition=-1,
            offset=-1,
            key=self._plan.stream_name.encode(),
            value=refusal.raw,
            source=self._plan.name,
            address=refusal.address,
        )
        key, value, headers = letter.to_message()
        return self._topics.dead_letters, key, value, headers

    def _event(
        self, kind: str, text: str, gap: Gap | None = None
    ) -> tuple[str, bytes, bytes, list[Any]]:
        event = SourceEvent.checked(
            {
                "source": self._plan.name,
                "stream": self._plan.stream_name,
                "kind": kind,
                "text": text[:2000],
                "first": gap and gap.first and instant(gap.first),
                "last": gap and instant(gap.last),
                "worker": self._worker,
                "time": instant(self._now()),
            }
        )
        return self._topics.source_events, self._plan.name.encode(), event.to_bytes(), []

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def partition_of(source: str, partitions: int) -> int:
    """The partition of the topic of sources that stands for a source.

    Example:
        >>> partition_of("hplc", 4) == partition_of("hplc", 4)
        True
    """
    return int(identity("source", source)[:8], 16) % partitions


async def read_position(
    arguments: Mapping[str, Any], topic: str, partition: int, source: str
) -> SourcePosition | None:
    """The last committed position of a source; None if there is none that can be read.

    Args:
        arguments: Of every aiokafka client.
        topic: Full name of the topic of sources.
        partition: That stands for the source.
        source: Its name.
    """
    latest = (await read_latest(arguments, topic, partition)).get(source.encode())
    try:
        return None if latest is None else SourcePosition.from_bytes(latest)
    except MessageError:
        return None
