"""Reads topics of a cluster from a position on, and notices what became of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Self

from halflife.schemas.settings import Settings
from halflife.schemas.sources.topic_source import TopicSource
from halflife.streams.broker.clients import aiokafka_arguments
from halflife.streams.connectors.errors import SourceAway
from halflife.streams.connectors.gap import Gap
from halflife.streams.connectors.surroundings import Surroundings
from halflife.streams.generator.closing import close

from .cluster import EARLIEST, LATEST, Cluster, SeenTopic, cluster_settings, own_prefix
from .message import Message
from .places import Places, TopicPlace

_MOST_MESSAGES: Final = 2000
_MOST_BYTES: Final = 4 << 20
_WAIT: Final = 0.2
_LOOK: Final = 5.0
_FETCH_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Portion:
    """Some messages, and what was found out before they were read.

    Args:
        messages: In the order of each partition.
        gaps: Messages that nobody will read any more.
    """

    messages: Sequence[Message] = ()
    gaps: Sequence[Gap] = ()


class TopicReader:
    """Reads every message of some topics once; no group of consumers, nothing committed there.

    Topics and partitions that come later are found and read from their beginning.

    Args:
        plan: Which topics, where, from when on.
        surroundings: Of the connector.
        look_back: Messages of each partition that a dry run begins before the end.

    Raises:
        SourceAway, SourceRefused: By all that reads.
    """

    def __init__(self, plan: TopicSource, surroundings: Surroundings, *, look_back: int) -> None:
        self.places = Places()
        self._plan = plan
        self._surroundings = surroundings
        self._look_back = look_back
        self._settings: Settings = cluster_settings(plan, surroundings)
        own = own_prefix(plan, surroundings.settings)
        self._cluster = Cluster(self._settings, plan.wanted, own=own)
        self._consumer: Any = None
        self._assigned: set[tuple[str, int]] = set()
        self._missed: set[str] = set()

    async def __aenter__(self) -> Self:
        from aiokafka import AIOKafkaConsumer

        await self._cluster.__aenter__()
        self._consumer = AIOKafkaConsumer(
            **aiokafka_arguments(self._settings),
            isolation_level=self._plan.isolation,
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=_MOST_BYTES,
            fetch_max_bytes=4 * _MOST_BYTES,
        )
        try:
            await self._consumer.start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await close(self._consumer)
        await self._cluster.__aexit__()

    async def read(self, places: Places | None) -> AsyncGenerator[Portion, None]:
        """Portions without end; the first one tells where it begins, and has no messages.

        Args:
            places: Where to go on; None begins as the plan says. It is ours from now on: whoever
                has dealt with a message says so by ``places.passed``.
        """
        from aiokafka.errors import OffsetOutOfRangeError

        first = places is None
        self.places = places or Places()
        gaps = await self._look(begin=first, checked=True)
        if not self.places.topics:
            # From here on, a topic that comes is read from its beginning.
            yield Portion(gaps=gaps)
            raise SourceAway(self._nothing())
        self._surroundings.connected(f"{self._address}, {', '.join(sorted(self.places.topics))}")
        yield Portion(gaps=gaps)
        due = time.monotonic() + _LOOK
        while True:
            checked = False
            try:
                found = await self._fetched()
            except OffsetOutOfRangeError:
                found, checked = [], True
            for messages in _cut(found):
                yield Portion(messages)
            if checked or time.monotonic() >= due:
                gaps = await self._look(begin=False, checked=checked)
                due = time.monotonic() + _LOOK
                if gaps:
                    yield Portion(gaps=gaps)

    async def messages_at(self, places: Iterable[tuple[str, int, int]]) -> list[Message]:
        """Single messages, before `read`; those that are gone are left out.

        Args:
            places: Topic, partition and offset of each.
        """
        from aiokafka import TopicPartition
        from aiokafka.errors import KafkaError

        asked = sorted(set(places))
        seen = await self._cluster.topics()
        parts = {(t, n) for t, n, _ in asked if t in seen and n in seen[t].partitions}
        first = await self._cluster.offsets(parts, EARLIEST)
        last = await self._cluster.offsets(parts, LATEST)
        found = []
        for topic, number, offset in asked:
            part = (topic, number)
            if part not in parts or not first[part] <= offset < last[part]:
                continue
            place = TopicPartition(topic, number)
            self._consumer.assign([place])
            self._consumer.seek(place, offset)
            try:
                one = await asyncio.wait_for(self._consumer.getone(place), _FETCH_SECONDS)
            except (TimeoutError, KafkaError) as error:
                said = f"{self._address}: message {topic}/{number}/{offset}: {error!r}"
                raise SourceAway(said) from error
            if one.offset == offset:
                found.append(self._message(one, ""))
        return found

    @property
    def _address(self) -> str:
        return f"kafka://{self._settings.broker}"

    async def _fetched(self) -> list[Message]:
        if not self._assigned:
            await asyncio.sleep(_WAIT)
            return []
        found = await self._consumer.getmany(
            timeout_ms=int(1000 * _WAIT), max_records=_MOST_MESSAGES
        )
        if found:
            self.places.heard = self._now()
        return [
            self._message(one, self.places.record_id(one.topic, one.partition, one.offset))
            for messages in found.values()
            for one in messages
        ]

    async def _look(self, *, begin: bool, checked: bool) -> list[Gap]:
        """See which topics there are, and read those from now on; what was lost meanwhile.

        Args:
            begin: Whether this is the very first time.
            checked: Whether offsets of known partitions are looked at too.
        """
        seen = await self._cluster.topics()
        gaps = [gap for name, topic in seen.items() for gap in self._remade(name, topic)]
        checked = checked or bool(gaps)
        due = {(name, n) for name, topic in seen.items() for n in topic.partitions}
        known = {(name, n) for name, place in self.places.topics.items() for n in place.next}
        fresh = due - known
        if fresh or checked:
            first = await self._cluster.offsets(due, EARLIEST)
            last = await self._cluster.offsets(due, LATEST)
            starts = await self._starts(fresh, first, last, begin=begin)
            for (name, number), offset in starts.items():
                place = self.places.topics.setdefault(name, TopicPlace(seen[name].topic_id))
                place.next[number] = offset
            for part in due & known:
                gaps += self._in_range(part, first[part], last[part])
        for name in set(self.places.topics) - set(seen) - self._missed:
            self._surroundings.log.warning("topic %s is gone from %s", name, self._address)
        self._missed = set(self.places.topics) - set(seen)
        if not seen and self.places.topics:
            raise SourceAway(self._nothing())
        self._assign(due, anew=checked)
        return gaps

    def _remade(self, name: str, topic: SeenTopic) -> list[Gap]:
        """Forget the offsets of a topic that is another one now."""
        place = self.places.topics.get(name)
        if place is None or place.topic_id == topic.topic_id or not topic.topic_id:
            return []
        was, place.topic_id = place.topic_id, topic.topic_id
        if not was:  # the cluster is of a newer version now, and its topics the same
            return []
        place.made += 1
        place.next = dict.fromkeys(topic.partitions, 0)
        said = f"topic {name} was deleted and made anew; what had not been read of it is lost"
        return [Gap(self.places.heard, self._now(), said)]

    def _in_range(self, part: tuple[str, int], first: int, last: int) -> list[Gap]:
        """Bring an offset to where there are messages, and say which are gone."""
        name, number = part
        place = self.places.topics[name]
        at = place.next[number]
        if first <= at <= last:
            return []
        if at < first:
            said = (
                f"offsets {at} to {first - 1} of {name}/{number} were deleted before they were "
                "read: its retention is shorter than this source was away"
            )
            place.next[number] = first
        else:
            # Offsets of messages that were read are given to others now.
            place.made += 1
            again = not place.topic_id
            place.next[number] = first if again else last
            said = f"{name}/{number} ends at offset {last}, and had been read up to {at}: " + (
                "it was made anew, and is read from its beginning"
                if again
                else "its cluster lost messages; what was written in their place is not read"
            )
        return [Gap(self.places.heard, self._now(), said)]

    async def _starts(
        self,
        fresh: set[tuple[str, int]],
        first: dict[tuple[str, int], int],
        last: dict[tuple[str, int], int],
        *,
        begin: bool,
    ) -> dict[tuple[str, int], int]:
        """Where partitions begin that were not known before."""
        start = self._plan.start
        if self._surroundings.dry_run:
            return {part: max(first[part], last[part] - self._look_back) for part in fresh}
        if begin and start == "latest":
            return {part: last[part] for part in fresh}
        if begin and isinstance(start, datetime):
            return await self._cluster.offsets(fresh, int(1000 * start.timestamp()))
        return {part: first[part] for part in fresh}

    def _assign(self, parts: set[tuple[str, int]], *, anew: bool) -> None:
        """Read these partitions, each from its place on."""
        from aiokafka import TopicPartition

        if parts == self._assigned and not anew:
            return
        self._consumer.assign([TopicPartition(*part) for part in sorted(parts)])
        for name, number in parts:
            offset = self.places.topics[name].next[number]
            self._consumer.seek(TopicPartition(name, number), offset)
        self._assigned = parts

    def _message(self, one: Any, record_id: str) -> Message:
        known = one.timestamp is not None and one.timestamp >= 0
        return Message(
            topic=one.topic,
            partition=one.partition,
            offset=one.offset,
            value=one.value,
            record_id=record_id,
            key=one.key,
            headers=one.headers or (),
            time=datetime.fromtimestamp(one.timestamp / 1000, UTC) if known else None,
        )

    def _nothing(self) -> str:
        return f"{self._address} has no topic {', '.join(self._plan.wanted)}"

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._surroundings.clock(), UTC)


def _cut(messages: list[Message]) -> Iterable[list[Message]]:
    """Parts that fit into a transaction."""
    part: list[Message] = []
    size = 0
    for message in messages:
        size += len(message.value or b"")
        if part and size > _MOST_BYTES:
            yield part
            part, size = [], len(message.value or b"")
        part.append(message)
    if part:
        yield part
