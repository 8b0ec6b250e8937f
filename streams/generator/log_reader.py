"""Stretches of a topic by their offsets: the log is the database."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from halflife.streams.watch.reject import RawMessage

from .closing import close
from .errors import LogGoneError

_CHUNK: Final = 2000
_LOOK_AGAIN: Final = 0.2


class LogReader:
    """Reads what stands between two offsets, committed transactions only.

    It belongs to no consumer group, so that it disturbs none.

    Args:
        arguments: Of every aiokafka client: where the brokers are, and how to get in.
        patience: Seconds for which an offset beyond the end of the log is waited for: a broker
            that has just taken over may show its log a moment late.

    Example:
        >>> async def read() -> int:
        ...     async with LogReader({"bootstrap_servers": "127.0.0.1:9092"}) as reader:
        ...         return len(await reader.read("halflife.records", 0, first=10, last=19))
    """

    def __init__(self, arguments: Mapping[str, Any], *, patience: float = 10.0) -> None:
        self._arguments = dict(arguments)
        self._patience = patience
        self._consumer: Any = None

    async def __aenter__(self) -> Self:
        self._consumer = AIOKafkaConsumer(
            **self._arguments,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        try:
            await self._consumer.start()
        except BaseException:
            await close(self._consumer)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await close(self._consumer)

    async def start(self, topic: str, partition: int) -> int:
        """The offset of the first message that the log of a partition still has."""
        place = TopicPartition(topic, partition)
        return int((await self._consumer.beginning_offsets([place]))[place])

    async def end(self, topic: str, partition: int) -> int:
        """The offset behind the last message of a partition that a reader may see."""
        place = TopicPartition(topic, partition)
        return int((await self._consumer.end_offsets([place]))[place])

    async def read(self, topic: str, partition: int, *, first: int, last: int) -> list[RawMessage]:
        """The messages of a partition whose offsets are ``first`` to ``last``, in order.

        Raises:
            LogGoneError: If the log does not reach so far back, or so far forward.
            KafkaError: For troubles of the broker, which pass.
        """
        place = TopicPartition(topic, partition)
        self._consumer.assign([place])
        await self._check(place, first, last)
        self._consumer.seek(place, first)
        messages: list[RawMessage] = []
        # Offsets have holes where transactions ended: the position tells the end, not the count.
        while await self._consumer.position(place) <= last:
            found = await self._consumer.getmany(place, timeout_ms=200, max_records=_CHUNK)
            messages += [m for m in found.get(place, ()) if m.offset <= last]
            if messages and messages[-1].offset == last:
                break
        return messages

    async def _check(self, place: TopicPartition, first: int, last: int) -> None:
        start = int((await self._consumer.beginning_offsets([place]))[place])
        if start > first:
            raise LogGoneError(
                f"offsets {first:,} to {last:,} of {place.topic}, partition {place.partition}, are "
                f"due, but the log begins at {start:,}: retention has removed the older ones"
            )
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience
        while (end := await self.end(place.topic, place.partition)) <= last:
            if loop.time() > deadline:
                raise LogGoneError(
                    f"offsets {first:,} to {last:,} of {place.topic}, partition "
                    f"{place.partition}, are due, but the log ends at {end:,}: "
                    "was the topic made anew?"
                )
            await asyncio.sleep(_LOOK_AGAIN)
