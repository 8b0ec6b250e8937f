"""All of HTTP of a connect worker, put together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Final, Self

from prometheus_client import CollectorRegistry

from halflife.schemas.lab import Lab
from halflife.schemas.settings import Settings
from halflife.streams.broker.clients import aiokafka_arguments
from halflife.streams.broker.topics import TopicPlan
from halflife.streams.connectors.metrics import ConnectorMetrics

from .budget import Budget
from .desk import Desk
from .door import Door
from .limits import Limits
from .metrics import PushMetrics
from .pages import Pages
from .shipper import Shipper
from .site import Site, tls_of

_LOOK: Final = 1.0


class PushService:
    """Answers at the connect port, and takes records there, while the context lasts.

    Args:
        lab: Its streams and sources.
        settings: Of the machine, with a broker.
        registry: What ``/metrics`` tells.
        sources: Metrics of all sources of the worker.
        not_ready: Why the rest of the worker cannot work now, None if it can.
        limits: Of requests.
        clock: Seconds since 1970 in UTC.

    Raises:
        BrokerError, SettingsError: For settings that cannot be used.
        OSError: On entering, if the port is in use, or a certificate cannot be used.
    """

    def __init__(
        self,
        lab: Lab,
        settings: Settings,
        *,
        registry: CollectorRegistry,
        sources: ConnectorMetrics,
        not_ready: Callable[[], str | None],
        limits: Limits | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        limits = limits or Limits()
        secret = settings.secret("push_token")
        token = None if secret is None else secret.get_secret_value()
        budget = Budget(limits.in_flight)
        metrics = PushMetrics(registry)
        metrics.watch(lambda: budget.used)
        self._sources = sources
        self._others_not_ready = not_ready
        self._shipper = Shipper(
            aiokafka_arguments(settings),
            partitions=settings.partitions,
            budget=budget,
            patience=limits.kafka_seconds,
        )
        self._desk = Desk(
            lab,
            TopicPlan.with_prefix(settings.topic_prefix),
            door=Door(token, settings.web_host, (settings.web_names or "").split(",")),
            shipper=self._shipper,
            budget=budget,
            limits=limits,
            metrics=sources,
            clock=clock,
        )
        self._site = Site(
            registry,
            lambda: self.not_ready,
            desk=self._desk,
            pages=Pages(lab, limits, has_token=token is not None),
            metrics=metrics,
            host=settings.web_host,
            port=settings.connect_port,
            tls=tls_of(settings.push_certfile, settings.push_keyfile),
        )
        self._stack = AsyncExitStack()

    @property
    def address(self) -> str:
        """Where it listens, once it does: ``http://host:port``."""
        return self._site.address

    @property
    def not_ready(self) -> str | None:
        """Why this worker cannot do all of its work now; None if it can."""
        trouble = self._shipper.trouble
        reasons = [self._others_not_ready(), trouble and f"records over HTTP: {trouble}"]
        reasons += [f"source {name}: refused: {text}" for name, text in self._desk.faults.items()]
        return "\n".join(reason for reason in reasons if reason) or None

    async def __aenter__(self) -> Self:
        try:
            # The last to end is who writes: what was taken is answered for.
            await self._stack.enter_async_context(self._shipper)
            await self._stack.enter_async_context(self._site)
            looking = asyncio.create_task(self._look(), name="push states")
            self._stack.callback(looking.cancel)
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _look(self) -> None:
        """Tell again and again how the sources are that send by themselves."""
        for name in self._desk.sources:
            self._sources.tried(name)
        while True:
            for name in self._desk.sources:
                state = "connected" if self._shipper.trouble is None else "away"
                self._sources.state(name, "refused" if name in self._desk.faults else state)
            await asyncio.sleep(_LOOK)
