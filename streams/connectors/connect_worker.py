"""The connect worker: shares the sources of a lab with its like, and runs its own share."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.errors import KafkaError
from prometheus_client import CollectorRegistry

from halflife.schemas.lab import Lab
from halflife.schemas.settings import Settings
from halflife.schemas.sources.source_plan import SourcePlan
from halflife.streams.broker.clients import aiokafka_arguments
from halflife.streams.broker.topics import TopicPlan
from halflife.streams.generator.closing import close
from halflife.streams.generator.trouble import Trouble

from .connector import Connector
from .metrics import ConnectorMetrics
from .outlet import Outlet, partition_of
from .record_maker import RecordMaker
from .registry import SERVED, make_connector
from .source_runner import SourceRunner, SourceState
from .surroundings import Surroundings

log = logging.getLogger(__name__)

_POLL: Final = 0.5
_SESSION: Final = 10.0
_BACK_OFF: Final = (0.5, 1.0, 2.0, 5.0, 10.0)
_STALE: Final = 60.0


class ConnectWorker(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Runs the sources that fall to it, as long as they do.

    The workers of a lab are one consumer group on the topic of sources, whose partitions stand for
    the sources. While two of them disagree for a moment, the transactions of `Outlet` let only the
    later one write.

    Args:
        lab: Its sources and streams.
        settings: Of the machine, with a broker.
        registry: Of the metrics.
        environ: Environment variables, where secrets may stand.
        clock: Seconds since 1970 in UTC.
        group: Who shares the sources: workers of the same lab and the same group.

    Raises:
        BrokerError: For settings that no client can use.
    """

    def __init__(
        self,
        lab: Lab,
        settings: Settings,
        *,
        registry: CollectorRegistry,
        environ: Mapping[str, str],
        clock: Callable[[], float] = time.time,
        group: str = "connect",
    ) -> None:
        self.runners: dict[str, SourceRunner] = {}
        self._lab = lab
        self._settings = settings
        self._environ = environ
        self._clock = clock
        self._group = f"{settings.topic_prefix}-{group}"
        self._arguments = aiokafka_arguments(settings)
        self._topics = TopicPlan.with_prefix(settings.topic_prefix)
        self._worker = settings.worker_id or f"{socket.gethostname()}-{os.getpid()}"
        self.metrics = ConnectorMetrics(registry, clock=clock)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._trouble = Trouble(log)
        self._stopping = asyncio.Event()
        self._turned: float | None = None

    def stop(self) -> None:
        """Ask `run` to end."""
        self._stopping.set()

    @property
    def states(self) -> dict[str, SourceState]:
        """How each source is that falls to this worker."""
        return {name: runner.state for name, runner in self.runners.items()}

    @property
    def not_ready(self) -> str | None:
        """Why this worker cannot do its share now; None if it can."""
        if self._turned is None:
            return "not connected to Kafka"
        age = time.monotonic() - self._turned
        if age > _STALE:
            return f"no sign of life for {age:.0f} s"
        bad = [
            f"source {name}: {state.state}: {state.text}"
            for name, state in self.states.items()
            if state.state not in {"connected", "ended"}
        ]
        return "\n".join(bad) or None

    async def run(self) -> None:
        """Run sources until `stop`; a broker that is away is waited for."""
        troubles = 0
        try:
            while not self._stopping.is_set():
                try:
                    await self._session()
                    troubles = 0
                except (KafkaError, OSError) as error:
                    self._trouble.say(f"trouble with Kafka, will go on: {error!r}")
                    wait = _BACK_OFF[min(troubles, len(_BACK_OFF) - 1)]
                    troubles += 1
                    await asyncio.wait({asyncio.create_task(self._stopping.wait())}, timeout=wait)
        finally:
            await self._end(set(self._tasks))

    async def on_partitions_revoked(self, revoked: Any) -> None:
        """Go on: what is given to another is taken over when it begins there."""

    async def on_partitions_assigned(self, assigned: Any) -> None:
        """Run the sources of these partitions, and no others."""
        given = {place.partition for place in assigned}
        count = self._settings.partitions
        due = {
            name
            for name, plan in self._lab.sources.items()
            if plan.type not in SERVED and partition_of(name, count) in given
        }
        log.info("given sources: %s", ", ".join(sorted(due)) or "none")
        await self._end(set(self._tasks) - due)
        for name in sorted(due - set(self._tasks)):
            self.runners[name] = runner = self._runner(self._lab.sources[name])
            self._tasks[name] = asyncio.create_task(runner.run(), name=f"source {name}")

    async def _session(self) -> None:
        """Take part in the group until it is to stop, or something breaks."""
        consumer = AIOKafkaConsumer(
            **self._arguments,
            group_id=self._group,
            group_instance_id=self._settings.worker_id,
            enable_auto_commit=False,
            auto_offset_reset="latest",
            session_timeout_ms=int(1000 * _SESSION),
            heartbeat_interval_ms=int(200 * _SESSION),
        )
        try:
            await consumer.start()
            consumer.subscribe([self._topics.sources], listener=self)
            while not self._stopping.is_set():
                await consumer.getmany(timeout_ms=int(1000 * _POLL))
                self._turned = time.monotonic()
        finally:
            await close(consumer)

    async def _end(self, names: set[str]) -> None:
        """End some sources; what they had not written is read again by their next worker."""
        tasks = [self._tasks.pop(name) for name in names]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for name in names:
            self.runners.pop(name, None)
            self.metrics.forget(name)

    def _runner(self, plan: SourcePlan) -> SourceRunner:
        def connector(connected: Callable[[str], None]) -> Connector[Any]:
            return make_connector(
                plan,
                Surroundings(
                    settings=self._settings,
                    environ=self._environ,
                    clock=self._clock,
                    connected=connected,
                ),
            )

        def outlet() -> Outlet:
            stream = self._lab.streams[plan.stream_name]
            return Outlet(
                self._arguments,
                self._topics,
                prefix=self._settings.topic_prefix,
                partitions=self._settings.partitions,
                plan=plan,
                maker=RecordMaker(plan, stream, clock=self._clock),
                worker=self._worker,
                clock=self._clock,
            )

        return SourceRunner(
            plan,
            make_connector=connector,
            make_outlet=outlet,
            metrics=self.metrics,
            clock=self._clock,
        )
