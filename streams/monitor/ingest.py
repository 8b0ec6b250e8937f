"""The ingest service: reads records by the block and keeps a worker for each partition."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.errors import KafkaError, ProducerFenced

from halflife.schemas.settings import Settings
from halflife.streams.broker.topics import TopicPlan
from halflife.streams.generator.closing import close
from halflife.streams.generator.trouble import Trouble

from .partition_worker import PartitionWorker

log = logging.getLogger(__name__)

SESSION_SECONDS: Final = 15
_POLL_SECONDS: Final = 3600
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 15.0
_WELL_SECONDS: Final = 60.0
_HANDOVER_SECONDS: Final = 5.0


class Ingest(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types
    """Holds the consumer of records, and one ``PartitionWorker`` for each partition it is given.

    Args:
        settings: Of the machine.
        topics: Full names of the topics.
        arguments: Of every aiokafka client.
        make_worker: Makes the worker of a partition.
        on_left: Told which partition went to another worker.
    """

    def __init__(
        self,
        settings: Settings,
        topics: TopicPlan,
        arguments: Mapping[str, Any],
        make_worker: Callable[[int], PartitionWorker],
        *,
        on_left: Callable[[int], object] = lambda _: None,
    ) -> None:
        self.settings = settings
        self.topics = topics
        self.arguments = dict(arguments)
        self.make_worker = make_worker
        self.on_left = on_left
        self.workers: dict[int, PartitionWorker] = {}
        self.restarts = 0
        self.joined = False
        self._trouble = Trouble(log)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._consumer: Any = None
        self._stopping = False

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
            except (KafkaError, OSError) as error:
                self._trouble.say(f"Kafka cannot be reached, trying again: {_told(error)}")
                await close(consumer)
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
        self._consumer = consumer
        consumer.subscribe([self.topics.records], listener=self)

    async def stop(self) -> None:
        """Write what is done, give the partitions back, leave the group."""
        self._stopping = True
        await self._give_away(list(self._tasks))
        if self._consumer is not None:
            await close(self._consumer)

    @property
    def lost_to_its_group(self) -> bool:
        """Whether the client has given up talking to its group: it hands out nothing any more."""
        # aiokafka logs an unexpected error and ends this task; no public call tells of it.
        coordinator = getattr(self._consumer, "_coordinator", None)
        task = getattr(coordinator, "_coordination_task", None)
        return task is not None and task.done() and not self._stopping

    async def on_partitions_revoked(self, revoked: Any) -> None:
        """Write and close what goes to another worker."""
        await self._give_away([place.partition for place in revoked])

    async def on_partitions_assigned(self, assigned: Any) -> None:
        """Begin to work on what was given; restoring happens beside the group's heartbeat."""
        self.joined = True
        given = sorted(place.partition for place in assigned)
        log.info("given partitions: %s", ", ".join(map(str, given)) or "none, there are too few")
        for partition in given:
            if partition not in self._tasks:
                self._tasks[partition] = asyncio.create_task(self._live(partition))

    async def _give_away(self, partitions: list[int]) -> None:
        """End the work on some partitions: in good order, or at once where that takes too long."""
        tasks = {p: self._tasks.pop(p) for p in partitions if p in self._tasks}
        for partition, task in tasks.items():
            worker = self.workers.get(partition)
            if worker is not None and worker.restored:
                worker.leave()
            else:
                task.cancel()
        if not tasks:
            return
        _, late = await asyncio.wait(tasks.values(), timeout=_HANDOVER_SECONDS)
        for task in late:
            # What could not be written is not lost: the successor does it again.
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        for partition in tasks:
            self.workers.pop(partition, None)
            self.on_left(partition)

    async def _live(self, partition: int) -> None:
        """Keep a partition alive: after any failure, begin again from its last snapshot."""
        pause = _FIRST_PAUSE
        while True:
            worker = self.make_worker(partition)
            self.workers[partition] = worker
            started = time.monotonic()
            try:
                await worker.run(self._consumer)
            except ProducerFenced:
                # Another worker was given it, and we shall be told; or one that has slept woke up
                # and will be told, and then it is for us to go on.
                log.info("partition %d: another worker has claimed it", partition)
            except (KafkaError, OSError) as error:
                self._trouble.say(f"trouble with Kafka, will go on: {_told(error)}")
            except Exception:
                # A bug or a full disk: nothing is lost, and it must be seen and tried again.
                log.exception("partition %d: begins again from its last snapshot", partition)
            else:
                return
            self.restarts += 1
            pause = _FIRST_PAUSE if time.monotonic() - started > _WELL_SECONDS else pause
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
