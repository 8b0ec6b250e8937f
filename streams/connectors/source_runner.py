"""Keeps one source alive: reads it, writes what it says, and begins again where it stood."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from aiokafka.errors import KafkaError, ProducerFenced

from halflife.schemas.errors import LabFileError
from halflife.schemas.sources.source_plan import SourcePlan
from halflife.streams.generator.trouble import Trouble

from .connector import Connector
from .errors import SourceAway, SourceRefused
from .metrics import ConnectorMetrics
from .outlet import Outlet

log = logging.getLogger(__name__)

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
_REFUSED_PAUSE: Final = 60.0
_FENCED_PAUSE: Final = 20.0
_WELL_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a source is, for people.

    Args:
        state: One word.
        text: A sentence.
        since: Seconds since 1970.
    """

    state: str
    text: str
    since: float


class SourceRunner:
    """Runs one source until it is cancelled, or has no more to say.

    Args:
        plan: Of the source.
        make_connector: Makes a new connector; is told whom to tell that it is connected.
        make_outlet: Makes a new outlet.
        metrics: Of all sources.
        clock: Seconds since 1970 in UTC.
        first_pause: Seconds from a first failure to the next try; doubled with each, up to half a
            minute, and cut by chance to between a half and all of it.
    """

    def __init__(
        self,
        plan: SourcePlan,
        *,
        make_connector: Callable[[Callable[[str], None]], Connector[Any]],
        make_outlet: Callable[[], Outlet],
        metrics: ConnectorMetrics,
        clock: Callable[[], float],
        first_pause: float = _FIRST_PAUSE,
    ) -> None:
        self.plan = plan
        self.state = SourceState("starting", "is being started", clock())
        self._make_connector = make_connector
        self._make_outlet = make_outlet
        self._metrics = metrics
        self._clock = clock
        self._first_pause = first_pause
        self._trouble = Trouble(log)
        self._news: tuple[str, str] | None = None

    async def run(self) -> None:
        """Read the source for as long as it has something to say; ends by being cancelled."""
        pause = self._first_pause
        while True:
            began = time.monotonic()
            least: float | None = 0.0
            self._metrics.tried(self.plan.name)
            try:
                least = await self._session()
            except ProducerFenced:
                self._is("away", "another worker reads it now")
                least = (
                    _FENCED_PAUSE  # the group will tell us by then, and we end each other no more
                )
            except (KafkaError, OSError) as error:
                self._is("away", f"trouble with Kafka: {type(error).__name__}: {error}")
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                # Something that it waited for was cancelled, and not this source.
                log.exception("source %s: what it waited for was broken off", self.plan.name)
                self._is("away", "what it waited for was broken off")
            except Exception as error:
                log.exception("source %s: a fault of its connector", self.plan.name)
                self._is("away", f"a fault of its connector: {type(error).__name__}: {error}")
            else:
                if least is None:
                    return
            if time.monotonic() - began > _WELL_SECONDS:
                pause = self._first_pause
            wait = max(least or 0.0, pause * random.uniform(0.5, 1.0))  # noqa: S311  # no secret
            await asyncio.sleep(wait)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _session(self) -> float | None:
        """From one entering of the outlet to the first failure, or the end of the source.

        Returns:
            Seconds that it shall rest at least; None if the source has ended.
        """
        async with self._make_outlet() as outlet:
            await self._tell(outlet)
            try:
                await self._listen(outlet)
            except SourceAway as error:
                self._is("away", str(error))
                rest: float | None = 0.0
            except (SourceRefused, LabFileError) as error:
                self._is("refused", str(error))
                rest = _REFUSED_PAUSE  # somebody has to mend something; it is looked at again
            else:
                self._is("ended", "has nothing more to say")
                rest = None
            await self._tell(outlet)
        return rest

    async def _listen(self, outlet: Outlet) -> None:
        """Write what the source says for as long as it does."""
        connector = self._make_connector(self._connected)
        async with aclosing(connector.read(outlet.position)) as batches:  # type: ignore[type-var]  # an async generator
            async for batch in batches:
                await self._tell(outlet)
                self._metrics.written(self.plan.name, await outlet.write(batch))
            await self._tell(outlet)

    def _connected(self, address: str) -> None:
        self._is("connected", f"is read from {address}")

    def _is(self, state: str, text: str) -> None:
        """The source is now so; told to people once for each change."""
        if state == self.state.state and state == "connected":
            return
        if state != self.state.state:
            kind = {"away": "lost"}.get(state, state)
            self._news = kind, f"source {self.plan.name}: {text}"
            log.log(
                logging.INFO if state in {"connected", "ended"} else logging.WARNING,
                "source %s: %s: %s",
                self.plan.name,
                state,
                text,
            )
        elif state in {"away", "refused"}:
            self._trouble.say(f"source {self.plan.name}: {state}: {text}")
        self.state = SourceState(state, text, self._clock())
        self._metrics.state(self.plan.name, state)

    async def _tell(self, outlet: Outlet) -> None:
        """Write the latest news of the source, if there is some that was not written."""
        if self._news is not None:
            kind, text = self._news
            await outlet.tell(kind, text)
            self._news = None
