"""The ingest service: reads records by the block and keeps a worker for each partition."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.errors import KafkaConnectionError, KafkaError, ProducerFenced

from halflife.schemas.settings import Settings
from halflife.streams.broker.topics import TopicPlan

from .partition_worker import PartitionWorker

log = logging.getLogger(__name__)

SESSION_SECONDS: Final = 15
_POLL_SECONDS: Final = 3600
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 15.0
_HANDOVER_SECONDS: Final = 10.0


class Ingest(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types
    """Holds the consumer of records, and one ``PartitionWorker`` for each partition it is given.

    Args:
        settings: Of the machine.
        topics: Full names of the topics.
        arguments: Of every aiokafka client.
        make_worker: Makes the worker of a partition.
    """

    def __init__(
        self,
        settings: Settings,
        topics: TopicPlan,
        arguments: Mapping[str, Any],
        make_worker: Callable[[int], PartitionWorker],
    ) -> None:
        self.settings = settings
        self.topics = topics
        self.arguments = dict(arguments)
        self.make_worker = make_worker
        self.workers: dict[int, PartitionWorker] = {}
        self.restarts = 0
        self.broker_lost: float | None = None
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._consumer: Any = None

    async def start(self) -> None:
        """Join the group; waits for the broker as long as it takes."""
        pause = _FIRST_PAUSE
        while True:
            consumer = AIOKafkaConsumer(
                **self.arguments,
                group_id=f"{self.settings.topic_prefix}-monitor",
                group_instance_id=self.settings.worker_id,
                isolation_level="read_committed",
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                session_timeout_ms=SESSION_SECONDS * 1000,
                heartbeat_interval_ms=SESSION_SECONDS * 200,
                max_poll_interval_ms=_POLL_SECONDS * 1000,
                max_partition_fetch_bytes=4 << 20,
            )
            try:
                await consumer.start()
                break
            except KafkaConnectionError as error:
                self._note_loss(error)
                await consumer.stop()
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
        self._consumer = consumer
        self.broker_lost = None
        consumer.subscribe([self.topics.records], listener=self)

    async def stop(self) -> None:
        """Write what is done, give the partitions back, leave the group."""
        await self._give_away(list(self._tasks))
        if self._consumer is not None:
            await self._consumer.stop()

    async def on_partitions_revoked(self, revoked: Any) -> None:
        """Write and close what goes to another worker."""
        await self._give_away([place.partition for place in revoked])

    async def on_partitions_assigned(self, assigned: Any) -> None:
        """Begin to work on what was given; restoring happens beside the group's heartbeat."""
        for place in assigned:
            if place.partition not in self._tasks:
                task = asyncio.create_task(self._live(place.partition))
                self._tasks[place.partition] = task

    async def _give_away(self, partitions: list[int]) -> None:
        tasks = {p: self._tasks.pop(p) for p in partitions if p in self._tasks}
        for partition in tasks:
            worker = self.workers.get(partition)
            if worker is not None:
                # What cannot be written in time is not lost: the successor does it again.
                with contextlib.suppress(KafkaError, TimeoutError):
                    await asyncio.wait_for(worker.flush(), _HANDOVER_SECONDS)
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        for partition in tasks:
            self.workers.pop(partition, None)

    async def _live(self, partition: int) -> None:
        """Keep a partition alive: after any failure, begin again from its last snapshot."""
        pause = _FIRST_PAUSE
        while True:
            worker = self.make_worker(partition)
            self.workers[partition] = worker
            started = time.monotonic()
            try:
                await worker.run(self._consumer)
            except asyncio.CancelledError:
                raise
            except ProducerFenced:
                log.warning("partition %d: another worker has taken it over", partition)
                return
            except KafkaError as error:
                self._note_loss(error)
            except Exception:
                # A bug or a full disk: nothing is lost, and it must be seen and tried again.
                log.exception("partition %d: begins again from its last snapshot", partition)
            self.restarts += 1
            pause = _FIRST_PAUSE if time.monotonic() - started > 60 else pause
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _note_loss(self, error: Exception) -> None:
        """Say that the broker is away, at most twice a minute."""
        now = time.monotonic()
        if self.broker_lost is None or now - self.broker_lost > 30:
            log.warning("Kafka is away, trying again: %s: %s", type(error).__name__, error)
            self.broker_lost = now
