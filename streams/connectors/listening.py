"""Hears what a source says for a moment, and changes nothing in it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

from halflife.schemas.settings import Settings
from halflife.schemas.sources.source_plan import SourcePlan

from .arrival import Arrival
from .batch import Item
from .errors import ConnectorError
from .registry import make_connector
from .surroundings import Surroundings


@dataclass
class Heard:
    """What a source said in a dry run.

    Args:
        items: In its order.
        address: Where it was heard; empty if it was not.
        trouble: Why it could not be heard, or no more; empty if it could.
        ended: Whether it has nothing more to say.
        seconds: How long it was listened to.
    """

    items: list[Item] = field(default_factory=list)
    address: str = ""
    trouble: str = ""
    ended: bool = False
    seconds: float = 0.0

    @property
    def arrivals(self) -> list[Arrival]:
        """What may become records."""
        return [item for item in self.items if isinstance(item, Arrival)]


async def listen(
    plan: SourcePlan,
    settings: Settings,
    environ: Mapping[str, str],
    *,
    records: int,
    seconds: float,
    clock: Callable[[], float] = time.time,
) -> Heard:
    """What a source says.

    Args:
        plan: Of the source.
        settings: Of the machine; a broker is needed only by sources that are Kafka.
        environ: Environment variables, where secrets may stand.
        records: The most that are wanted.
        seconds: The longest that it is listened to.
        clock: Seconds since 1970 in UTC.

    Raises:
        LabFileError: For a plan with which no try will go well.
    """
    heard = Heard()
    began = time.monotonic()

    def connected(address: str) -> None:
        heard.address = address

    surroundings = Surroundings(
        settings=settings, environ=environ, clock=clock, connected=connected, dry_run=True
    )
    try:
        async with asyncio.timeout(seconds):
            connector = make_connector(plan, surroundings)
            async with aclosing(connector.read(None)) as batches:  # type: ignore[type-var]  # an async generator
                async for batch in batches:
                    heard.items += batch.items
                    if len(heard.arrivals) >= records or len(heard.items) >= 2 * records:
                        break
                else:
                    heard.ended = True
    except TimeoutError:
        pass
    except ConnectorError as error:
        heard.trouble = str(error)
    _cut(heard, records)
    heard.seconds = time.monotonic() - began
    return heard


def _cut(heard: Heard, records: int) -> None:
    """Leaves out what came behind the last record that was wanted."""
    left = records
    for i, item in enumerate(heard.items):
        left -= isinstance(item, Arrival)
        if left < 0:
            del heard.items[i:]
            return
