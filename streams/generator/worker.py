"""The generator worker: takes one request at a time and answers each exactly once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError, ProducerFenced
from prometheus_client import CollectorRegistry

from halflife.schemas.errors import MessageError
from halflife.schemas.lab import Lab
from halflife.schemas.regeneration import RegenerationRequest
from halflife.schemas.settings import Settings
from halflife.streams.broker.clients import aiokafka_arguments
from halflife.streams.broker.topics import TopicPlan
from halflife.streams.watch.reject import RawMessage

from .answer import Answer
from .answerer import Answerer
from .closing import close
from .log_reader import LogReader
from .metrics import GeneratorMetrics
from .progress_reporter import ProgressReporter
from .publisher import Publisher
from .training_step import TrainingStep
from .trouble import Trouble

_log = logging.getLogger(__name__)

_POLL: Final = 0.2  # seconds
_SESSION: Final = 15.0  # seconds without a heartbeat after which the group goes on without us
_HEARTBEAT: Final = 3.0
_BACK_OFF: Final = (0.5, 1.0, 2.0, 5.0, 10.0)  # seconds, then the last for ever
_PATIENCE: Final = 10.0  # seconds for an open transaction to end when we are stopped
_STALE: Final = 60.0  # seconds without a turn of the loop after which we are not ready


class GeneratorWorker:
    """Reads requests, has them answered, and publishes each answer exactly once.

    While a request is worked on, its consumer is paused but goes on polling, so that the group
    knows that it lives; other requests wait. When the partition of the work goes to another worker
    the work is dropped. What makes each answer single stands in `Publisher`.

    Args:
        lab: All streams.
        settings: How Kafka is reached, and where files are kept.
        registry: Of the metrics.
        clock: Seconds since 1970 in UTC: for ``created`` and for metrics, never for a decision.

    Raises:
        BrokerError: For settings that no client can use.
    """

    def __init__(
        self,
        lab: Lab,
        settings: Settings,
        *,
        registry: CollectorRegistry,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._arguments = aiokafka_arguments(settings)
        self._topics = TopicPlan.with_prefix(settings.topic_prefix)
        self._group = f"{settings.topic_prefix}-generator"
        self._worker_id = settings.worker_id
        self._metrics = GeneratorMetrics(registry)
        self._reporter = ProgressReporter(self._arguments, self._topics.progress, clock=clock)
        self._answerer = Answerer(
            lab, settings.data, self._arguments, self._topics, self._reporter.tell
        )
        self._trouble = Trouble(_log)
        self._troubles = 0
        self._stopping = asyncio.Event()
        self._publishers: dict[TopicPartition, Publisher] = {}
        self._work: tuple[TopicPartition, asyncio.Task[None]] | None = None
        self._ready_answer: Answer | None = None
        self._turned: float | None = None

    def stop(self) -> None:
        """Asks `run` to end; a training is killed, and its request stays for the next worker."""
        self._stopping.set()

    @property
    def not_ready(self) -> str | None:
        """Why this worker cannot answer requests now; None if it can."""
        if self._turned is None:
            return "not connected to Kafka"
        age = time.monotonic() - self._turned
        return f"no sign of life for {age:.0f} s" if age > _STALE else None

    async def run(self) -> None:
        """Answers requests until `stop`; a broker that is away is waited for."""
        reporting = asyncio.create_task(self._reporter.run())
        try:
            while not self._stopping.is_set():
                self._answerer.prepare()
                try:
                    await self._session()
                except (KafkaError, OSError) as error:
                    await self._wait_out(error)
        finally:
            self._answerer.close()
            reporting.cancel()
            await asyncio.wait({reporting})

    async def _session(self) -> None:
        """Takes part in the group until it is to stop, or something breaks."""
        consumer = AIOKafkaConsumer(
            **self._arguments,
            group_id=self._group,
            group_instance_id=self._worker_id and f"{self._group}-{self._worker_id}",
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=int(1000 * _SESSION),
            heartbeat_interval_ms=int(1000 * _HEARTBEAT),
        )
        consumer.subscribe([self._topics.regenerations], listener=_Assignments(self))
        try:
            await consumer.start()
            _log.info("waiting for requests in %s", self._topics.regenerations)
            while not self._stopping.is_set():
                self._turn()
                timeout = int(1000 * _POLL)
                for place, messages in (
                    await consumer.getmany(timeout_ms=timeout, max_records=1)
                ).items():
                    for message in messages:
                        await self._handle(consumer, place, message)
        finally:
            self._turned = None
            await close(consumer)
            await self._drop(*self._publishers)

    async def _handle(self, consumer: Any, place: TopicPartition, message: RawMessage) -> None:
        """Answers a request while polling goes on; other messages are passed over."""
        request = _request_in(message)
        if request is None:
            await _commit(consumer, place, message.offset)
            return
        work = asyncio.create_task(self._answer(consumer, place, message.offset, request))
        self._work = place, work
        try:
            await self._poll_until_done(consumer, work)
            if work.done() and not work.cancelled():
                work.result()
                self._troubles = 0
        except ProducerFenced:
            _log.warning("another worker answers the requests of partition %d now", place.partition)
            await self._put_back(consumer, place, message.offset)
        except (KafkaError, OSError) as error:
            await self._wait_out(error)
            await self._put_back(consumer, place, message.offset)
        finally:
            self._work = None
            work.cancel()
            await asyncio.wait({work}, timeout=_PATIENCE)
        await self._drop(*(set(self._publishers) - consumer.assignment()))
        self._answerer.prepare()
        consumer.resume(*consumer.paused())

    async def _poll_until_done(self, consumer: Any, work: asyncio.Task[None]) -> None:
        """Until the work is done, or we are to stop: then it is cancelled."""
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            while not work.done():
                await asyncio.wait(
                    {work, stopping}, timeout=_POLL, return_when=asyncio.FIRST_COMPLETED
                )
                if self._stopping.is_set():
                    work.cancel()
                    await asyncio.wait({work}, timeout=_PATIENCE)
                    return
                self._turn()
                consumer.pause(*consumer.assignment())
                # A rebalance may have unpaused some, and fetched what is not due yet.
                for place, messages in (await consumer.getmany(timeout_ms=0)).items():
                    if place in consumer.assignment():
                        consumer.seek(place, messages[0].offset)
        finally:
            stopping.cancel()

    async def _answer(
        self, consumer: Any, place: TopicPartition, offset: int, request: RegenerationRequest
    ) -> None:
        """From a request to its outcome, in Kafka once."""
        publisher = await self._claim(place)
        # Only what is read after the claim is final.
        committed = await consumer.committed(place)
        if committed is not None and committed > offset:
            return
        if await self._outcome_stands(place, offset, request.request_id):
            await _commit(consumer, place, offset)
            return
        _log.info("%s: %s", request.stream, request.text)
        answer = self._ready_answer
        if answer is None or answer.request != request:
            # Kept until it is published: a broker that goes away then costs no second training.
            answer = self._ready_answer = await self._answerer.answer(request)
        self._reporter.tell(request, TrainingStep("publishing", f"outcome: {answer.outcome}"))
        try:
            outcome = await publisher.publish(answer, offset)
        except ValueError as error:  # rows or a verdict that no message can hold: it would stay so
            _log.exception("%s: the batch cannot be published", request.stream)
            failed = replace(answer, challenger=None, text=f"cannot be published: {error}")
            outcome = await publisher.publish(failed, offset)
        self._ready_answer = None
        self._answerer.published(request)
        self._metrics.answered(outcome)
        _log.info("%s: %s: %s", outcome.stream, outcome.outcome, outcome.text)

    async def _claim(self, place: TopicPartition) -> Publisher:
        """The publisher of a partition; nobody else publishes for it from here on."""
        if place not in self._publishers:
            publisher = Publisher(
                self._arguments,
                self._topics,
                group=self._group,
                partition=place.partition,
                clock=self._clock,
            )
            await publisher.start()
            self._publishers[place] = publisher
        return self._publishers[place]

    async def _outcome_stands(self, place: TopicPartition, offset: int, request_id: str) -> bool:
        """Whether a request is answered although the group's offset says otherwise.

        Offsets of a group can expire or be set back by hand; what stands in the log does not.
        """
        async with LogReader(self._arguments) as reader:
            end = await reader.end(*place)
            if end <= offset + 1:
                return False
            later = await reader.read(*place, first=offset + 1, last=end - 1)
        for message in later:
            fields = _fields(message)
            if fields.get("kind") == "outcome" and fields.get("request_id") == request_id:
                return True
        return False

    async def _put_back(self, consumer: Any, place: TopicPartition, offset: int) -> None:
        """The request is read again, by whoever has the partition then."""
        await self._drop(place)
        if place in consumer.assignment():
            consumer.seek(place, offset)

    async def _drop(self, *places: TopicPartition) -> None:
        for place in places:
            publisher = self._publishers.pop(place, None)
            if publisher is not None:
                await publisher.stop()

    def assigned(self, places: set[TopicPartition]) -> None:
        """The group has dealt its partitions anew: what went to others is not worked on."""
        if self._work is not None and self._work[0] not in places:
            _log.info("partition %d went to another worker", self._work[0].partition)
            self._work[1].cancel()

    def _turn(self) -> None:
        self._turned = time.monotonic()
        self._metrics.alive(self._clock())

    async def _wait_out(self, error: Exception) -> None:
        """Waits longer after each trouble in a row, but not for long when it is to stop."""
        seconds = _BACK_OFF[min(self._troubles, len(_BACK_OFF) - 1)]
        self._troubles += 1
        self._trouble.say(f"trouble with Kafka, will go on: {error!r}")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)


class _Assignments(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Tells the worker which partitions are its own."""

    def __init__(self, worker: GeneratorWorker) -> None:
        self._worker = worker

    def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Nothing: most come back at once, and the publisher's claim guards the others."""

    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Work on what went elsewhere ends."""
        self._worker.assigned(set(assigned))


def _request_in(message: RawMessage) -> RegenerationRequest | None:
    """The request that a message is, if it is one."""
    if _fields(message).get("kind") == "outcome":
        return None
    try:
        return RegenerationRequest.from_bytes(message.value or b"")
    except MessageError as error:
        _log.error(
            "offset %d of the requests is none, and is passed over: %s", message.offset, error
        )
        return None


def _fields(message: RawMessage) -> dict[str, Any]:
    try:
        fields = orjson.loads(message.value or b"")
    except orjson.JSONDecodeError:
        return {}
    return fields if isinstance(fields, dict) else {}


async def _commit(consumer: Any, place: TopicPartition, offset: int) -> None:
    """Moves the group past a message that needs no answer; it serves the lag metric alone."""
    try:
        await consumer.commit({place: offset + 1})
    except KafkaError as error:
        _log.debug("could not commit offset %d: %r", offset, error)
