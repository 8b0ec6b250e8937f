"""Messages on their way to Kafka: in order by partition, many in one batch, once each."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner

from halflife.streams.broker.topics import DEAD_LETTER_ROOM, MAX_MESSAGE_BYTES
from halflife.streams.generator.closing import close
from halflife.streams.generator.trouble import Trouble

from .budget import Budget

log = logging.getLogger(__name__)

_BATCH: Final = 1 << 20
_BACK_OFF: Final = (0.5, 1.0, 2.0, 5.0)
_PER_MESSAGE: Final = 100  # bytes that Python takes around each, about

Headers = Sequence[tuple[str, bytes]]


class Place(NamedTuple):
    """One partition of a topic."""

    topic: str
    partition: int


@dataclass(slots=True, eq=False)
class _Parcel:
    """What one request sends to one place."""

    place: Place
    messages: Sequence[tuple[bytes | None, bytes | None, Headers]]
    size: int
    born: float
    done: asyncio.Future[None]
    next: int = 0


@dataclass(slots=True)
class _Lane:
    """The parcels for one place, first come, first served."""

    parcels: deque[_Parcel] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None


class Shipper:
    """Writes to Kafka by one idempotent producer, and makes a new one when that breaks.

    While a batch of a partition is on its way, whatever comes for it waits for the next one: one
    request alone is sent at once, and many share a batch. A message that Kafka does not confirm
    is tried again until it does, for as long as this worker runs; who waits for it may stop.

    Args:
        arguments: Of every aiokafka client.
        partitions: Of all topics.
        budget: What is on its way counts here.
        patience: Seconds after which Kafka counts as stuck.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        arguments: Mapping[str, Any],
        *,
        partitions: int,
        budget: Budget,
        patience: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._arguments = dict(arguments)
        self._partitions = list(range(partitions))
        self._budget = budget
        self._patience = patience
        self._clock = clock
        self._partitioner = DefaultPartitioner()
        self._lanes: dict[Place, _Lane] = {}
        self._open: dict[_Parcel, None] = {}
        self._producer: Any = None
        self._broken = asyncio.Event()
        self._trouble = Trouble(log)
        self._said = "not connected to Kafka yet"
        self._keeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._keeper = asyncio.create_task(self._keep(), name="push producer")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._open and self._producer is not None:
            await asyncio.wait([parcel.done for parcel in self._open], timeout=self._patience)
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        self._drop_all(ConnectionError("this worker ends"))

    @property
    def trouble(self) -> str | None:
        """Why nothing can be written now; None if it can."""
        if self._producer is None:
            return self._said
        oldest = next(iter(self._open), None)
        if oldest is not None and self._clock() - oldest.born > self._patience:
            return f"Kafka has not answered for {self._clock() - oldest.born:.0f} s"
        return None

    def place(self, topic: str, key: bytes | None) -> Place:
        """Where messages of a key go to, as with every other producer of ours."""
        if key is None:
            return Place(topic, 0)
        return Place(topic, self._partitioner(key, self._partitions, self._partitions))

    def put(
        self, place: Place, messages: Sequence[tuple[bytes | None, bytes | None, Headers]]
    ) -> asyncio.Future[None]:
        """Send messages (key, value, headers) in their order, after what was put before them.

        Returns:
            Done when Kafka has them all; a ``ConnectionError`` if it will not: then some may be
            there, or none.
        """
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # Nobody may look at it any more, if it took too long.
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
        if self._producer is None:
            future.set_exception(ConnectionError(self._said))
            return future
        size = sum(len(value or b"") + _PER_MESSAGE for _, value, _ in messages)
        parcel = _Parcel(place, messages, size, self._clock(), future)
        self._budget.add(size)
        self._open[parcel] = None
        lane = self._lanes.setdefault(place, _Lane())
        lane.parcels.append(parcel)
        if lane.task is None:
            lane.task = asyncio.create_task(self._ship(place, lane))
        return future

    async def _ship(self, place: Place, lane: _Lane) -> None:
        """Send the parcels of a lane, batch by batch, until there are no more."""
        producer = self._producer
        try:
            while lane.parcels:
                batch, whole = _fill(producer.create_batch(), lane.parcels)
                await (await producer.send_batch(batch, place.topic, partition=place.partition))
                for parcel in whole:
                    self._settle(parcel, None)
        except Exception as error:
            if not isinstance(error, KafkaError | OSError):
                log.exception("a fault in writing to %s", place.topic)
            self._said = f"Kafka did not take it: {type(error).__name__}: {error}"
            self._broken.set()
        finally:
            lane.task = None

    def _settle(self, parcel: _Parcel, error: Exception | None) -> None:
        if parcel not in self._open:
            return
        del self._open[parcel]
        self._budget.give_back(parcel.size)
        if not parcel.done.done():
            if error is None:
                parcel.done.set_result(None)
            else:
                parcel.done.set_exception(error)

    def _drop_all(self, error: Exception) -> None:
        """What is on its way will not be waited for: a new producer cannot go on with it."""
        lanes, self._lanes = self._lanes, {}
        for lane in lanes.values():
            if lane.task is not None:
                lane.task.cancel()
        for parcel in list(self._open):
            self._settle(parcel, error)

    async def _keep(self) -> None:
        """Have a producer, and another one when it breaks."""
        tries = 0
        while True:
            producer: Any = AIOKafkaProducer(
                **self._arguments,
                enable_idempotence=True,
                acks="all",
                compression_type="zstd",  # a quarter of the time of aiokafka's lz4, and smaller
                max_batch_size=_BATCH,
                max_request_size=MAX_MESSAGE_BYTES + DEAD_LETTER_ROOM,
            )
            try:
                await producer.start()
                self._broken.clear()
                self._producer = producer
                tries = 0
                await self._broken.wait()
            except (KafkaError, OSError) as error:
                self._said = f"not connected to Kafka: {type(error).__name__}: {error}"
            finally:
                self._producer = None
                self._drop_all(ConnectionError(self._said))
                await close(producer)
            self._trouble.say(self._said)
            await asyncio.sleep(_BACK_OFF[min(tries, len(_BACK_OFF) - 1)])
            tries += 1


def _fill(batch: Any, parcels: deque[_Parcel]) -> tuple[Any, list[_Parcel]]:
    """A batch with what fits, and the parcels whose last message is in it."""
    whole: list[_Parcel] = []
    while parcels:
        parcel = parcels[0]
        for i in range(parcel.next, len(parcel.messages)):
            key, value, headers = parcel.messages[i]
            if batch.append(key=key, value=value, timestamp=None, headers=list(headers)) is None:
                parcel.next = i
                return batch, whole
        whole.append(parcels.popleft())
    batch.close()
    return batch, whole
