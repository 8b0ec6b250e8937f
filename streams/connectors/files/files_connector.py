"""Records out of files: a folder, or a file that grows."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any, Final, TypeVar

from halflife.schemas.errors import MessageError
from halflife.schemas.sources.files_source import FilesSource
from halflife.streams.connectors.batch import Batch, Item, Position
from halflife.streams.connectors.connector import Connector
from halflife.streams.connectors.errors import SourceAway
from halflife.streams.connectors.gap import Gap
from halflife.streams.connectors.refusal import Refusal
from halflife.streams.connectors.surroundings import Surroundings

from .file_mark import FileMark
from .files_access import FilesAccess
from .folder import SUFFIXES, Folder
from .parquet_file import ParquetFile
from .placing import Placing
from .roll import Roll
from .seen_file import SeenFile
from .step import Step
from .text_file import TextFile

_ROWS: Final = 2_000
_ENOUGH: Final = 1_000
_PATIENCE: Final = 60.0
_FILES_A_SECOND: Final = 1_000  # of which the position is written, at most

Result = TypeVar("Result")


class FilesConnector(Connector[FilesSource]):
    """Reads files on as they grow, and knows each again when it is renamed, copied or replaced.

    Files are looked at in threads: a network folder that does not answer holds up nobody else.
    """

    def __init__(self, plan: FilesSource, surroundings: Surroundings) -> None:
        super().__init__(plan, surroundings)
        formats = set(SUFFIXES.values()) if plan.format == "auto" else {plan.format}
        self._folder = Folder(plan.path, formats)
        self._access = FilesAccess(self._folder, plan.settle, surroundings.clock)
        self._text = TextFile(plan)
        self._parquet = ParquetFile()
        self._told: set[tuple[str, str]] = set()
        self._looked: datetime | None = None

    async def read(self, position: Position | None) -> AsyncIterator[Batch]:
        """Rows of all files, from where the position has each; never ends."""
        roll = Roll(position)
        while True:
            async with aclosing(self.look(roll)) as batches:
                async for batch in batches:
                    yield batch
            await asyncio.sleep(max(self.plan.poll, len(roll.marks) / _FILES_A_SECOND))

    async def look(self, roll: Roll) -> AsyncGenerator[Batch, None]:
        """All that is new in the files now.

        Args:
            roll: How far each was read; moved on.

        Raises:
            SourceAway: If the files cannot be looked at.
            SourceRefused: If there are too many.
        """
        before = list(roll.marks)
        files = await self._off_the_loop(self._seen, roll)
        placing = Placing(roll, self._access)
        try:
            await self._off_the_loop(placing.place, files, self.surroundings.clock())
        except FileNotFoundError:  # one is gone since: next time
            return
        pending = list(self._news(placing))
        with closing(self._parquet):
            for seen, first in placing.due:
                mark, more = first, True
                while more:
                    step = await self._off_the_loop(self._step, seen, mark)
                    roll.put(step.mark, mark)
                    pending += step.items
                    mark, more = step.mark, step.more
                    if len(pending) >= _ENOUGH:
                        yield Batch(pending, roll.position())
                        pending, before = [], list(roll.marks)
        if pending or roll.marks != before:
            yield Batch(pending, roll.position())
        self._looked = self._now()

    def _seen(self, roll: Roll) -> list[SeenFile]:
        """The files of now."""
        files = self._folder.look({mark.inode for mark in roll.marks})
        if self._folder.single and not files and self._looked is None:
            name = os.path.basename(self._folder.address)  # noqa: PTH119  # a text
            said = self._folder.left_out.get(name, "is not there")
            raise SourceAway(f"{self._folder.address} {said}")
        self._access.saw(files)
        self.surroundings.connected(self._folder.address)
        return files

    def _news(self, placing: Placing) -> Iterator[Item]:
        """What is to be told of files, beside their records."""
        log = self.surroundings.log
        for path, said in self._folder.left_out.items():
            if (path, said) not in self._told:
                self._told.add((path, said))
                log.warning("source %s: %s %s", self.plan.name, path, said)
                if self.surroundings.dry_run:
                    yield Refusal(path, MessageError("left-out", "", said), b"")
        for mark in placing.changed:
            log.warning("source %s: %s: %s", self.plan.name, mark.path, mark.stopped)
            error = MessageError("file-changed", "", f"the file is not read on: {mark.stopped}")
            yield Refusal(f"{mark.path}, line {mark.line + 1}", error, b"")
        for mark in placing.copies:
            error = MessageError("copy", "", f"the file is left out: {mark.stopped}")
            yield Refusal(mark.path, error, b"")
        for mark in placing.cut_off:
            said = (
                f"{mark.path} is shorter than the {mark.offset:,} bytes that had been read of it, "
                "or has been written anew: it is read from its beginning; what was written between "
                "the last look at it and then is lost"
            )
            log.warning("source %s: %s", self.plan.name, said)
            yield Gap(self._looked, self._now(), said)

    def _step(self, seen: SeenFile, mark: FileMark) -> Step:
        """The next records of one file; nothing where it cannot be read now."""
        nothing = Step([], mark, False)
        if self._access.is_read_up(seen, mark):
            return nothing
        try:
            with self._access.open(seen) as handle:
                step = self._read(seen, mark, handle)
        except FileNotFoundError:
            return nothing
        if step is None:
            return nothing
        if not step.more:
            self._access.read_up(seen, step.mark)
        if step.mark.encoding == "cp1252" and not mark.encoding:
            said = "source %s: %s is not UTF-8: it is read as cp1252"
            self.surroundings.log.info(said, self.plan.name, mark.path)
        if not step.mark.stopped:
            return step
        stopped = replace(step.mark, touched=seen.modified)
        items = step.items[:-1] if stopped.stopped == mark.stopped else step.items
        return Step(items, stopped, False)

    def _read(self, seen: SeenFile, mark: FileMark, handle: int) -> Step | None:
        """The next records of an open file; None while it is too early."""
        if not mark.format:
            found = self._format(seen.path, handle)
            if not found:
                return None
            mark = replace(mark, format=found)
        mark = replace(mark, stopped="", touched=0)
        wanted = self.plan.complete
        is_parquet = mark.format == "parquet"
        if wanted == "auto" or (is_parquet and wanted == "grows"):
            wanted = "closed" if is_parquet else "grows"
        if wanted == "closed" and not self._access.settled(seen):
            return None
        time = min(datetime.fromtimestamp(seen.modified / 1e9, UTC), self._now())
        if is_parquet:
            return self._parquet.read(handle, seen.size, mark, most=_ROWS, time=time)
        return self._text.read(handle, mark, closed=wanted != "grows", most=_ROWS, time=time)

    def _format(self, path: str, handle: int) -> str:
        """How a file is written; empty while it is."""
        if self.plan.format != "auto":
            return self.plan.format
        for suffix in reversed(PurePath(path).suffixes):
            if suffix.lower() in SUFFIXES:
                return SUFFIXES[suffix.lower()]
        head = os.pread(handle, 256, 0).removeprefix(b"\xef\xbb\xbf").lstrip()
        if not head:
            return ""
        if head.startswith(b"PAR1"):
            return "parquet"
        return "jsonl" if head.startswith(b"{") else "csv"

    async def _off_the_loop(self, work: Callable[..., Result], *arguments: Any) -> Result:
        """What a thread makes of it; it is not waited for without end."""
        try:
            return await asyncio.wait_for(asyncio.to_thread(work, *arguments), _PATIENCE)
        except TimeoutError:
            said = f"{self._folder.address} has not answered for {_PATIENCE:.0f} s"
            raise SourceAway(said) from None
        except FileNotFoundError as error:
            if work != self._seen:
                raise
            raise SourceAway(f"{error.filename or self._folder.base}: there is none") from error
        except OSError as error:
            where = error.filename or self._folder.address
            raise SourceAway(f"{where}: {error.strerror or error}") from error

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.surroundings.clock(), UTC)
