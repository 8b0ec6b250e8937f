"""What all sources share whose messages lie in topics of Kafka."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, ClassVar, Final, TypeVar

from halflife.schemas.errors import MessageError
from halflife.schemas.sources.topic_source import TopicSource
from halflife.streams.broker.topics import MAX_MESSAGE_BYTES
from halflife.streams.connectors.arrival import Arrival
from halflife.streams.connectors.batch import Batch, Item, Position
from halflife.streams.connectors.connector import Connector
from halflife.streams.connectors.refusal import Refusal

from .message import Message
from .places import Places
from .topic_reader import TopicReader

Plan = TypeVar("Plan", bound=TopicSource)

_MOST_ITEMS: Final = 2000
_BREATH: Final = 100  # messages after which others of the event loop have their turn


class TopicConnector(Connector[Plan]):
    """Reads topics, hands each message to `arrivals`, and keeps the place of each topic.

    The places live in Halflife's own Kafka, in the transaction that has the records: each message
    becomes its records once, whatever is killed. In the cluster that is read nothing is written.
    """

    look_back: ClassVar[int] = 20
    """Messages of each partition that a dry run begins before the end."""

    @abstractmethod
    async def arrivals(self, message: Message) -> Sequence[Arrival]:
        """The records in a message.

        Raises:
            MessageError: If it cannot be used.
            SourceAway: If something is not there that is needed to read it.
        """

    async def prepare(self, reader: TopicReader, position: Position) -> None:
        """Know again what was known at a position."""

    def memory(self) -> Mapping[str, Any]:
        """What `prepare` needs, beside the places of the topics, as plain data."""
        return {}

    async def read(self, position: Position | None) -> AsyncIterator[Batch]:
        """What the messages say, from a position on, without end."""
        async with TopicReader(self.plan, self.surroundings, look_back=self.look_back) as reader:
            if position is not None:
                await self.prepare(reader, position)
            places = None if position is None else Places.of(position)
            async with aclosing(reader.read(places)) as portions:
                async for portion in portions:
                    items: list[Item] = list(portion.gaps)
                    for count, message in enumerate(portion.messages, 1):
                        items += await self._items(message)
                        reader.places.passed(message.topic, message.partition, message.offset)
                        if len(items) >= _MOST_ITEMS:
                            yield Batch(items, self._position(reader))
                            items = []
                        if count % _BREATH == 0:
                            await asyncio.sleep(0)
                    yield Batch(items, self._position(reader))

    def _position(self, reader: TopicReader) -> Position:
        return {**reader.places.position(), **self.memory()}

    async def _items(self, message: Message) -> Sequence[Item]:
        """What becomes of a message; of a tombstone, which says that something is gone, nothing."""
        if message.value is None:
            return ()
        if len(message.value) > MAX_MESSAGE_BYTES:
            said = f"{len(message.value):,} bytes; {MAX_MESSAGE_BYTES:,} are allowed"
            too_large = MessageError("too-large", "", said)
            return [Refusal(message.address, too_large, message.value)]
        try:
            return await self.arrivals(message)
        except MessageError as error:
            return [Refusal(message.address, error, message.value)]
