"""A partition of the monitor worker without Kafka: messages in, metrics told."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry

from halflife.schemas.lab import Lab
from halflife.schemas.messages import Message
from halflife.schemas.settings import Settings
from halflife.streams.broker.topics import TopicPlan
from halflife.streams.monitor.metrics import MonitorMetrics
from halflife.streams.monitor.partition_worker import PartitionWorker
from halflife.streams.monitor.pool import Pool
from halflife.streams.watch.reject import Reject
from halflife.streams.watch.work import Work

from .records import Row, json_record


@dataclass(frozen=True)
class Raw:
    """A message as a Kafka client gives it."""

    offset: int
    value: bytes
    key: bytes | None = None
    timestamp: int = 4_102_444_800_000  # in 2100: no record is ahead of it
    headers: tuple[tuple[str, bytes], ...] = ()


class OfflinePartition:
    """One partition whose commits are told to metrics; no generator worker answers its requests.

    Args:
        lab: The lab file.
        metrics: That are told.
        partition: Number of the partition.
    """

    def __init__(self, lab: str, metrics: MonitorMetrics, *, partition: int = 0) -> None:
        self.metrics = metrics
        self.offset = 0
        self._found: list[Message] = []
        self._rejects: list[Reject] = []
        self.worker = PartitionWorker(
            plans=Lab.parse(lab).streams,
            settings=Settings(),
            topics=TopicPlan.with_prefix("halflife"),
            arguments={},
            partition=partition,
            pool=Pool(1),
            hand=self._hand,
            on_committed=metrics.committed,
        )

    def feed(self, stream: str, rows: Iterable[Row], *, commits: bool = True) -> None:
        """Take rows as one block, and commit what they lead to."""
        values = [json.dumps(json_record(stream, row)).encode() for row in rows]
        self.feed_values(values, commits=commits)

    def feed_values(self, values: list[bytes], *, commits: bool = True) -> None:
        """Take messages as one block, and commit what they lead to."""
        watch = self.worker.watch
        self._drive(watch.feed([Raw(self.offset + i, value) for i, value in enumerate(values)]))
        self.offset += len(values)
        while watch.holding or watch.waiting:
            self._gather()
            if commits:
                self.commit()
            for waiting in watch.waiting:
                self._drive(watch.answer(None, None, waiting.plan.name))
            self._drive(watch.proceed())
        if commits:
            self.commit()

    def commit(self) -> None:
        """Tell what a transaction would write."""
        self._gather()
        worker = self.worker
        worker.written = set(worker.watch.take_touched())
        found, self._found = self._found, []
        rejects, self._rejects = self._rejects, []
        worker.on_committed(worker, found, rejects)

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state, as after a restart."""
        self.worker.watch.restore(state)
        self.offset = self.worker.watch.next_offset
        self.worker.written = set(self.worker.watch.streams)
        self.worker.on_committed(self.worker, [], [])

    def _gather(self) -> None:
        """Take what was found: a stream goes on only then."""
        self._found += self.worker.watch.take_findings()
        self._rejects += self.worker.watch.take_rejects()

    def _drive(self, steps: Generator[Work, Any, Any]) -> None:
        result: Any = None
        try:
            while True:
                result = steps.send(result).run()
        except StopIteration:
            pass

    async def _hand(self, worker: PartitionWorker, messages: list[Any]) -> None:
        raise AssertionError("nothing is read from Kafka here")


Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(registry: CollectorRegistry) -> Samples:
    """All series that a scrape would show, without those that tell when a series was made."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if not sample.name.endswith("_created")
    }
