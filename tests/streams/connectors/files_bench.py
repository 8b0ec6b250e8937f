"""A files connector whose looks are told one by one, and whose batches are kept as Kafka would."""

from __future__ import annotations

import asyncio
import itertools
import time
from contextlib import aclosing
from pathlib import Path
from typing import Any

import orjson

from halflife.schemas.settings import Settings
from halflife.schemas.sources.files_source import FilesSource
from halflife.streams.connectors.arrival import Arrival
from halflife.streams.connectors.batch import Item
from halflife.streams.connectors.files.files_connector import FilesConnector
from halflife.streams.connectors.files.roll import Roll
from halflife.streams.connectors.gap import Gap
from halflife.streams.connectors.refusal import Refusal
from halflife.streams.connectors.surroundings import Surroundings


class FilesBench:
    """Reads the files of a path; what was given counts when its position is kept.

    Args:
        path: As the lab file has it.
        **keys: Further keys of the source.
    """

    def __init__(self, path: Path | str, *, dry_run: bool = False, **keys: Any) -> None:
        self.plan = FilesSource(name="lab", type="files", path=str(path), **keys)
        self.items: list[Item] = []
        self.position: dict[str, Any] | None = None
        self._dry_run = dry_run
        self.restart()

    def restart(self) -> None:
        """A new process goes on from the last position that was kept."""
        surroundings = Surroundings(settings=Settings(), clock=time.time, dry_run=self._dry_run)
        self._connector = FilesConnector(self.plan, surroundings)
        self._roll = Roll(self.position and orjson.loads(orjson.dumps(self.position)))

    def look(self, batches: int | None = None) -> FilesBench:
        """One look; a number of batches ends it after so many, and the rest is lost."""
        asyncio.run(self._look(batches))
        return self

    async def _look(self, most: int | None) -> None:
        async with aclosing(self._connector.look(self._roll)) as batches:
            for number in itertools.count():
                if number == most:
                    return
                batch = await anext(batches, None)
                if batch is None:
                    return
                self.items += batch.items
                assert batch.position is not None
                self.position = dict(batch.position)

    @property
    def arrivals(self) -> list[Arrival]:
        """Everything that may become a record."""
        return [item for item in self.items if isinstance(item, Arrival)]

    @property
    def values(self) -> list[dict[str, Any]]:
        """Its values."""
        return [dict(arrival.values) for arrival in self.arrivals]

    @property
    def refusals(self) -> list[Refusal]:
        """What cannot."""
        return [item for item in self.items if isinstance(item, Refusal)]

    @property
    def reasons(self) -> list[tuple[str, str]]:
        """Where that stands, and why."""
        return [(one.address, one.error.reason) for one in self.refusals]

    @property
    def gaps(self) -> list[Gap]:
        """What nobody will know."""
        return [item for item in self.items if isinstance(item, Gap)]
