"""Rows, manifest, outcome and consumed offset of a request: all of them, or none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from halflife.schemas.batch import SyntheticBatch
from halflife.schemas.record import SyntheticRecord
from halflife.schemas.regeneration import RegenerationOutcome, RegenerationRequest
from halflife.streams.broker.topics import MAX_MESSAGE_BYTES, TopicPlan
from halflife.streams.watch.identity import identity

from .answer import Answer
from .challenger import Challenger
from .closing import close

_TRANSACTION_SECONDS: Final = 60


class Publisher:
    """Publishes the outcomes of one partition of requests, each exactly once.

    Its transactional id belongs to the partition: whoever starts a publisher for it ends what a
    predecessor had open, and the predecessor can write no more (``ProducerFenced``). What the
    group has committed *after* that start is therefore final, and a request behind it is answered.

    Args:
        arguments: Of every aiokafka client.
        topics: Names of the topics.
        group: The consumer group of the generator workers.
        partition: Of the requests; rows, manifest and outcome go to the same one.
        clock: Seconds since 1970 in UTC.
    """

    def __init__(
        self,
        arguments: Mapping[str, Any],
        topics: TopicPlan,
        *,
        group: str,
        partition: int,
        clock: Callable[[], float],
    ) -> None:
        self.partition = partition
        self._topics = topics
        self._group = group
        self._clock = clock
        self._producer: Any = AIOKafkaProducer(
            **arguments,
            transactional_id=f"{group}-{partition}",
            transaction_timeout_ms=1000 * _TRANSACTION_SECONDS,
            max_request_size=MAX_MESSAGE_BYTES,
            compression_type="lz4",
        )

    async def start(self) -> None:
        """Fences whoever published for this partition before.

        Raises:
            KafkaError: For troubles of the broker, which pass.
        """
        try:
            await self._producer.start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Lets go of the connections."""
        await close(self._producer)

    async def publish(self, answer: Answer, offset: int) -> RegenerationOutcome:
        """Writes the outcome of a request, with rows and manifest if it is promoted.

        Args:
            answer: What it led to.
            offset: Of the request: with the same transaction it is consumed.

        Raises:
            ProducerFenced: If another publisher has this partition now. Nothing was written.
            KafkaError: For other troubles, after which nobody knows whether it was written: start
                another publisher and look at what is committed.
        """
        # Rows are made before the transaction: while it is open, no reader gets past it.
        challenger = answer.challenger if answer.outcome == "promoted" else None
        batch_id = "" if challenger is None else batch_identity(answer.request, challenger)
        rows = [] if challenger is None else row_messages(answer, batch_id)
        async with self._producer.transaction():
            manifest = None
            if challenger is not None:
                first, last = await self._send_rows(answer.request.stream, rows)
                manifest = self._manifest(answer, challenger, batch_id, first, last)
                if not answer.request.approval:
                    await self._send(self._topics.batches, manifest.stream, manifest.to_bytes())
            outcome = self._outcome(answer, manifest)
            await self._send(self._topics.regenerations, outcome.stream, outcome.to_bytes())
            place = TopicPartition(self._topics.regenerations, self.partition)
            await self._producer.send_offsets_to_transaction({place: offset + 1}, self._group)
        return outcome

    async def _send_rows(self, stream: str, rows: list[bytes]) -> tuple[int, int]:
        """The offsets of the first and the last row."""
        sent = []
        for value in rows:
            future = await self._producer.send(
                self._topics.synthetic, value, key=stream.encode(), partition=self.partition
            )
            # If a later one is refused, asyncio would complain of each that nobody looked at.
            future.add_done_callback(_look_at)
            sent.append(future)
        offsets = [done.offset for done in await asyncio.gather(*sent)]
        if min(offsets) < 0:
            # A batch that was sent twice, and whose place the broker has forgotten.
            raise KafkaError("the broker did not say where the rows stand")
        return offsets[0], offsets[-1]

    async def _send(self, topic: str, stream: str, value: bytes) -> None:
        sent = await self._producer.send(
            topic, value, key=stream.encode(), partition=self.partition
        )
        await sent

    def _manifest(
        self, answer: Answer, challenger: Challenger, batch_id: str, first: int, last: int
    ) -> SyntheticBatch:
        request = answer.request
        return SyntheticBatch(
            batch_id=batch_id,
            stream=request.stream,
            request_id=request.request_id,
            generator=challenger.generator,
            options=challenger.options,
            model_id=challenger.model_id,
            warm_from=challenger.warm_from,
            rows=len(challenger.batch),
            seed=request.seed,
            window=request.window,
            trained_on=challenger.trained_on,
            gate=challenger.verdict,
            supersedes=None if request.champion is None else request.champion.batch_id,
            created=self._now(),
            digest=challenger.batch.digest(),
            plan=answer.plan,
            declared=challenger.declared,
            versions=challenger.versions,
            cpu_seconds=answer.cpu_seconds,
            gpu_joules=challenger.gpu_joules,
            partition=self.partition,
            first_offset=first,
            last_offset=last,
        )

    def _outcome(self, answer: Answer, manifest: SyntheticBatch | None) -> RegenerationOutcome:
        request = answer.request
        return RegenerationOutcome(
            request_id=request.request_id,
            stream=request.stream,
            cause=request.cause,
            outcome=answer.outcome,
            more_records=answer.more_records,
            batch=manifest,
            verdict=answer.verdict,
            text=answer.text,
            attempts=answer.attempts,
            seconds=answer.seconds,
            cpu_seconds=answer.cpu_seconds,
            gpu_joules=None if answer.challenger is None else answer.challenger.gpu_joules,
            created=self._now(),
        )

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def _look_at(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()


def batch_identity(request: RegenerationRequest, challenger: Challenger) -> str:
    """The same for the same request, model, seed and rows: a second one is known as a repeat."""
    return identity(
        request.request_id, challenger.model_id, request.seed, challenger.batch.digest()
    )


def row_messages(answer: Answer, batch_id: str) -> list[bytes]:
    """The rows as they stand in Kafka; their time is the request's, so that a replay agrees.

    Raises:
        ValueError: For rows that are no records: an infinite number.
    """
    request, challenger = answer.request, answer.challenger
    return [
        SyntheticRecord(
            stream=request.stream,
            record_id=f"{batch_id}-{row}",
            time=request.time,
            values=values,
            origin="synthetic",
            batch_id=batch_id,
            row=row,
        ).to_bytes()
        for row, values in enumerate([] if challenger is None else challenger.batch.rows())
    ]
