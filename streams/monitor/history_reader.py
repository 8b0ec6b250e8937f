"""Reads again what workers said, from the topics, so that a page knows it after a restart."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from halflife.streams.broker.dead_letter import DeadLetter
from halflife.streams.broker.topics import TopicPlan
from halflife.streams.generator.closing import close

from .board import Board

log = logging.getLogger(__name__)

FURTHEST: Final = {
    "fidelity": 20_000,
    "alerts": 4_000,
    "regenerations": 2_000,
    "decisions": 500,
    "dead_letters": 50,
}
"""Messages of each partition that are read from before the start, by purpose."""
_CHUNK: Final = 100
_WAIT_MS: Final = 1000
_REST: Final = 4.0
_PAUSE: Final = 5.0


class HistoryReader:
    """Follows the topics of findings from a bounded way back, and tells the board what they say.

    Of dead letters it reads only the last before the start: there may be a flood of them, and the
    worker itself tells the board of each later one.

    It belongs to no group and holds nothing up: after each few messages it leaves the processor to
    others for four times as long as they took.

    Args:
        arguments: Of every aiokafka client.
        topics: Full names of the topics.
        board: Is told what was said, each message once.
        partitions: Of each topic.
        clock: Seconds, for how long it took.
    """

    def __init__(
        self,
        arguments: Mapping[str, Any],
        topics: TopicPlan,
        board: Board,
        *,
        partitions: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.board = board
        self._arguments = dict(arguments)
        self._purposes = {getattr(topics, purpose): purpose for purpose in FURTHEST}
        self._partitions = partitions
        self._clock = clock
        self._next: dict[TopicPartition, int] = {}
        self._ends: dict[TopicPartition, int] = {}

    async def run(self) -> None:
        """Read until cancelled; waits for the broker as long as it takes."""
        while True:
            try:
                await self._follow()
            except (KafkaError, OSError) as error:
                log.debug("what was said cannot be read just now: %s", error)
            await asyncio.sleep(_PAUSE)

    async def _follow(self) -> None:
        consumer = AIOKafkaConsumer(
            **self._arguments,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="latest",
        )
        try:
            await consumer.start()
            await self._place(consumer)
            while True:
                found = await consumer.getmany(timeout_ms=_WAIT_MS, max_records=_CHUNK)
                begun = self._clock()
                for place, messages in found.items():
                    self._next[place] = messages[-1].offset + 1
                    if self._is_past(place, messages[0]):
                        consumer.pause(place)
                        continue
                    for message in messages:
                        self._take(self._purposes[place.topic], message)
                await asyncio.sleep(_REST * (self._clock() - begun))
        finally:
            await close(consumer)

    async def _place(self, consumer: Any) -> None:
        """Go to where reading ended, or to the bounded way back from the end of each log."""
        places = [
            TopicPartition(topic, partition)
            for topic in self._purposes
            for partition in range(self._partitions)
        ]
        consumer.assign(places)
        begins = await consumer.beginning_offsets(places)
        ends = await consumer.end_offsets(places)
        self._ends = self._ends or ends
        for place in places:
            furthest = ends[place] - FURTHEST[self._purposes[place.topic]]
            consumer.seek(place, max(begins[place], self._next.get(place, furthest)))

    def _is_past(self, place: TopicPartition, message: Any) -> bool:
        """Whether these are dead letters of after the start."""
        return self._purposes[place.topic] == "dead_letters" and message.offset >= self._ends[place]

    def _take(self, purpose: str, message: Any) -> None:
        if purpose == "dead_letters":
            letter = DeadLetter.from_message(message.key, message.value, message.headers)
            self.board.dead_letter(letter, message.timestamp / 1000)
            return
        try:
            fields = orjson.loads(message.value or b"")
        except orjson.JSONDecodeError:
            return
        if isinstance(fields, dict):
            self.board.history.take(purpose, fields)
