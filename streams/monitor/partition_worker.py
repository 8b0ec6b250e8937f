"""One partition's life in a worker: restore, process, commit; after any trouble, from the start."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from halflife.schemas.errors import MessageError
from halflife.schemas.messages import Command, Message, RegenerationOutcome, SyntheticBatch
from halflife.schemas.regeneration import read_regeneration
from halflife.schemas.settings import Settings
from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.table import Block
from halflife.streams.broker.dead_letter import DeadLetter
from halflife.streams.broker.topics import DEAD_LETTER_ROOM, MAX_MESSAGE_BYTES, TopicPlan
from halflife.streams.generator.batch_reader import read_batch
from halflife.streams.generator.closing import close
from halflife.streams.generator.errors import RegenerationError
from halflife.streams.generator.log_reader import LogReader
from halflife.streams.watch.partition_watch import PartitionWatch
from halflife.streams.watch.reject import Reject
from halflife.streams.watch.work import Work

from .narrator import Narrator
from .pool import Pool
from .snapshots import read_snapshot, snapshot_parts

log = logging.getLogger(__name__)

_TRANSACTION_SECONDS: Final = 60
_POLL_SECONDS: Final = 0.5
_LISTEN_SECONDS: Final = 0.1
_BLOCK: Final = 2500  # the loop stands still for 40 ms; a fetch of 1 KB records is two of these
Hand = Callable[["PartitionWorker", list[Any]], Awaitable[None]]


class PartitionWorker:
    """Owns the state of one partition and writes it, with all that follows from it, as one.

    What a block of records leads to, the state after it and the offset up to which it stands go
    out in one Kafka transaction. The transactional id belongs to the partition, so a successor
    fences whoever held it before. Any failure ends the worker; its owner starts it anew from the
    last snapshot, which is the same path as after a crash.

    Args:
        plans: Streams of the lab.
        settings: Of the machine.
        topics: Full names of the topics.
        arguments: Of every aiokafka client.
        partition: Which partition.
        pool: For heavy work.
        hand: Gives a block to the agents; they call ``process`` with it.
        on_committed: Told what was written or restored, for metrics and the live page.

    Attributes:
        progress: When it last got on, in seconds of the monotonic clock.
        saved: When all that it had taken in was in the snapshot, by the same clock.
        written: The streams that the last transaction was about.
    """

    def __init__(
        self,
        *,
        plans: Mapping[str, StreamPlan],
        settings: Settings,
        topics: TopicPlan,
        arguments: Mapping[str, Any],
        partition: int,
        pool: Pool,
        hand: Hand,
        on_committed: Callable[[PartitionWorker, list[Message], list[Reject]], None],
    ) -> None:
        self.plans = plans
        self.settings = settings
        self.topics = topics
        self.arguments = dict(arguments)
        self.partition = partition
        self.pool = pool
        self.hand = hand
        self.on_committed = on_committed
        self.watch = PartitionWatch(plans, partition)
        self.busy_since: float | None = None
        self.progress = self.saved = time.monotonic()
        self.written: set[str] = set()
        self.restored = False
        self._leaving = asyncio.Event()
        self._narrator = Narrator(self.watch)
        self._producer: Any = None
        self._companion: Any = None
        self._positions = {"control": 0, "regenerations": 0}
        self._committed = -1
        self._commit_due = 0.0

    @property
    def source(self) -> TopicPartition:
        """The partition of records."""
        return TopicPartition(self.topics.records, self.partition)

    async def run(self, consumer: Any) -> None:
        """Live until told to leave, or until something fails.

        Args:
            consumer: The worker's consumer of records, which has been given the partition.
        """
        try:
            await self._restore(consumer)
            self.restored = True
            while not self._leaving.is_set():
                await self._turn(consumer)
            await self._commit()
            self._narrator.left()
        finally:
            self.restored = False
            await asyncio.shield(self._close())

    def leave(self) -> None:
        """End ``run`` soon, after what is done has been written."""
        self._leaving.set()

    async def process(self, messages: list[Any]) -> None:
        """Take a block of messages; called by an agent."""
        await self._drive(self.watch.feed(messages))

    # Restoring

    async def _restore(self, consumer: Any) -> None:
        self._producer = AIOKafkaProducer(
            **self.arguments,
            transactional_id=f"{self.settings.topic_prefix}-monitor-{self.partition}",
            transaction_timeout_ms=_TRANSACTION_SECONDS * 1000,
            max_request_size=MAX_MESSAGE_BYTES + DEAD_LETTER_ROOM,
            compression_type="zstd",
        )
        # Fences a predecessor and aborts what it had begun: only then the snapshot is final.
        await self._producer.start()
        state = await read_snapshot(self.arguments, self.topics.snapshots, self.partition)
        if state is not None:
            await self._refill(state)
        self._committed = self.watch.next_offset if state is not None else -1
        await self._open_companion()
        if state is None:
            await consumer.seek_to_beginning(self.source)
        else:
            consumer.seek(self.source, self.watch.next_offset)
        self._narrator = Narrator(self.watch)
        self._narrator.began()
        self.written = set(self.watch.streams)
        self.on_committed(self, [], [])

    async def _refill(self, state: dict[str, Any]) -> None:
        """Take a snapshot, and read from the log what it does not hold."""
        for name in self.watch.restore(state):
            log.warning("stream %s: the lab file has changed; it begins anew", name)
        self._positions = dict(state["positions"])
        blocks: dict[str, Block] = {}
        for stream, batch in self.watch.batches():
            try:
                blocks[str(batch.batch_id)] = await self._read_batch(stream, batch)
            except RegenerationError as error:
                log.error("stream %s: its batch is no longer in circulation: %s", stream, error)  # noqa: TRY400 - the log's retention, not a fault of ours
        first, end = self.watch.needed(state)
        messages: list[Any] = []
        async with LogReader(self.arguments) as reader:
            first = max(first, await reader.start(self.topics.records, self.partition))
            if first < end:
                messages = await reader.read(
                    self.topics.records, self.partition, first=first, last=end - 1
                )
        for stream, lost in self.watch.refill(state, messages, blocks).items():
            log.warning("stream %s: %d of its latest records are gone from the log", stream, lost)

    async def _open_companion(self) -> None:
        """Read orders and outcomes of this partition from where the state stands."""
        self._companion = AIOKafkaConsumer(
            **self.arguments,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        await self._companion.start()
        places = {
            "control": TopicPartition(self.topics.control, self.partition),
            "regenerations": TopicPartition(self.topics.regenerations, self.partition),
        }
        self._companion.assign(list(places.values()))
        for name, place in places.items():
            self._companion.seek(place, self._positions[name])

    # One turn: what came from beside, then a block of records, then what is due to be written

    async def _turn(self, consumer: Any) -> None:
        if self.watch.holding or self.watch.waiting:
            await self._go_on()
            return
        await self._hear(seconds=0)
        messages = await self._next_block(consumer)
        if messages:
            await self.hand(self, messages)
        self.progress = time.monotonic()
        await self._commit_if_due()

    async def _next_block(self, consumer: Any) -> list[Any]:
        """The next messages; none when it is time for something else."""
        left = max(0.0, min(_POLL_SECONDS, self._commit_due - time.monotonic()))
        ask = consumer.getmany(self.source, timeout_ms=int(left * 1000), max_records=_BLOCK)
        # While the group deals its partitions anew, getmany waits for it without an end.
        reading = asyncio.ensure_future(ask)
        leaving = asyncio.ensure_future(self._leaving.wait())
        try:
            await asyncio.wait({reading, leaving}, return_when=asyncio.FIRST_COMPLETED)
            return reading.result().get(self.source, []) if reading.done() else []
        finally:
            reading.cancel()
            leaving.cancel()

    async def _go_on(self) -> None:
        """Write down what was found, wait for an outcome where one is due, and take the rest."""
        await self._commit()
        await self._hear(seconds=0)
        if self.watch.waiting:
            await self._wait_for_outcome()
        await self._drive(self.watch.proceed())
        self.progress = time.monotonic()
        await self._commit_if_due()

    async def _wait_for_outcome(self) -> None:
        """Wait for the generator worker; if it does not answer in time, go on without it."""
        deadline = time.monotonic() + self.settings.wait_seconds
        while self.watch.waiting and time.monotonic() < deadline:
            await self._hear(seconds=_LISTEN_SECONDS)
            await self._commit_if_due()
            self.progress = time.monotonic()
            if self._leaving.is_set():
                return
        for watch in self.watch.waiting:
            log.error("stream %s: no generator worker answers; going on without", watch.plan.name)
            await self._drive(self.watch.answer(None, None, watch.plan.name))

    async def _hear(self, *, seconds: float) -> None:
        """Take orders and outcomes that have come."""
        found = await self._companion.getmany(timeout_ms=int(seconds * 1000))
        for place, messages in found.items():
            for message in messages:
                if place.topic == self.topics.control:
                    await self._obey(message)
                else:
                    await self._learn(message)
            name = "control" if place.topic == self.topics.control else "regenerations"
            self._positions[name] = messages[-1].offset + 1

    async def _obey(self, message: Any) -> None:
        try:
            command = Command.from_bytes(message.value or b"")
        except MessageError as error:
            log.warning("an order that cannot be read (offset %d): %s", message.offset, error)
            return
        log.info("stream %s: %s, by hand (%s)", command.stream, command.action, command.reason)
        await self._drive(self.watch.order(command))

    async def _learn(self, message: Any) -> None:
        """Take an outcome; requests on the same topic are our own."""
        try:
            outcome = read_regeneration(message.value or b"")
        except MessageError as error:
            log.warning("an outcome that cannot be read (offset %d): %s", message.offset, error)
            return
        if not isinstance(outcome, RegenerationOutcome):
            return
        stream = outcome.stream
        if stream not in self.watch.streams:
            return
        pending = self.watch.streams[stream].desk.pending
        if pending is None or pending.request_id != outcome.request_id:
            return
        block = None
        if outcome.batch is not None:
            try:
                block = await self._read_batch(stream, outcome.batch)
            except RegenerationError as error:
                text = f"the batch cannot be read: {error}"
                lost = {"outcome": "failed", "batch": None, "text": text}
                outcome = outcome.model_copy(update=lost)
        await self._drive(self.watch.answer(outcome, block, stream))

    async def _read_batch(self, stream: str, batch: SyntheticBatch) -> Block:
        table = self.plans[stream].table
        return await read_batch(self.arguments, self.topics.synthetic, batch, table)

    async def _drive(self, steps: Generator[Work, Any, Any]) -> None:
        """Do the work that some steps ask for, in the pool."""
        result: Any = None
        self.busy_since = time.monotonic()
        try:
            while True:
                work = steps.send(result)
                result = await self.pool.run(work)
        except StopIteration:
            self.busy_since = None

    # Writing

    async def _commit_if_due(self) -> None:
        if self.watch.found or time.monotonic() >= self._commit_due:
            await self._commit()

    async def _commit(self) -> None:
        """Findings, dead letters, state and offset, in one transaction."""
        self._commit_due = time.monotonic() + self.settings.snapshot_seconds
        touched = self.watch.take_touched()
        if not touched and self.watch.next_offset == self._committed:
            self.saved = time.monotonic()
            return
        findings, rejects = self.watch.take_findings(), self.watch.take_rejects()
        head = {**self.watch.head(), "positions": dict(self._positions)}
        parts = snapshot_parts(self.partition, head, touched)
        # A transaction that fails is not aborted here: after any failure the worker begins anew,
        # and the start of its next producer aborts it, or finds it whole.
        await self._producer.begin_transaction()
        sent = [await self._send_finding(finding) for finding in findings]
        sent += [await self._send_reject(reject) for reject in rejects]
        sent += [await self._send(self.topics.snapshots, value, key=key) for key, value in parts]
        await asyncio.gather(*sent)
        offsets = {self.source: OffsetAndMetadata(head["next_offset"], "")}
        group = f"{self.settings.topic_prefix}-monitor"
        await self._producer.send_offsets_to_transaction(offsets, group)
        await self._producer.commit_transaction()
        self._committed = head["next_offset"]
        self.saved, self.written = time.monotonic(), set(touched)
        self._narrator.committed(findings, rejects)
        self.on_committed(self, findings, rejects)

    async def _send(self, topic: str, value: bytes | None, **more: Any) -> asyncio.Future[Any]:
        sent = await self._producer.send(topic, value, partition=self.partition, **more)
        # If a later one is refused, asyncio would complain of each that nobody looked at.
        sent.add_done_callback(_look_at)
        return sent  # type: ignore[no-any-return]  # aiokafka ships no types

    async def _send_finding(self, finding: Message) -> asyncio.Future[Any]:
        topic = getattr(self.topics, finding.topic)
        key = finding.stream.encode()  # type: ignore[attr-defined]  # all findings have a stream
        return await self._send(topic, finding.to_bytes(), key=key)

    async def _send_reject(self, reject: Reject) -> asyncio.Future[Any]:
        message = reject.message
        letter = DeadLetter(
            reason=reject.error.reason,
            text=reject.error.text,
            path=reject.error.path,
            topic=self.topics.records,
            partition=self.partition,
            offset=message.offset,
            key=message.key,
            value=reject.value,
            headers=reject.headers,
        )
        key, value, headers = letter.to_message()
        return await self._send(self.topics.dead_letters, value, key=key, headers=headers)

    async def _close(self) -> None:
        clients = [one for one in (self._companion, self._producer) if one is not None]
        await asyncio.gather(*map(close, clients))


def _look_at(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()
