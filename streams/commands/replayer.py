"""Rows of a CSV as live records: what each says, and when each goes."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from halflife.schemas.errors import MessageError
from halflife.schemas.record import ExperimentRecord
from halflife.streams.broker.broker_error import BrokerError
from halflife.streams.broker.clients import aiokafka_arguments

if TYPE_CHECKING:
    from halflife.schemas.settings import Settings

    from .output import Tell

_SLICE: Final = 0.02  # seconds of records that go at once, where many go in a second
_MOST_AT_ONCE: Final = 1000


@dataclass(frozen=True, kw_only=True)
class Replayer:
    """Makes records out of rows.

    Args:
        stream: Of the records.
        instrument: Which instrument they say they come from.
        start: Event time of the first record; the time of now for each if None.
        every: Event time from one record to the next, in seconds; with ``start``.
        now: The time of now.

    Example:
        >>> replayer = Replayer(stream="opv", start=datetime(2026, 1, 1, tzinfo=UTC), every=60)
        >>> [str(r.time) for r in replayer.records([{"x": 1.0}, {"x": math.nan}], ["a", "b"])]
        ['2026-01-01 00:00:00+00:00', '2026-01-01 00:01:00+00:00']
    """

    stream: str
    instrument: str = "replay"
    start: datetime | None = None
    every: float | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def records(
        self,
        rows: Sequence[Mapping[str, Any]],
        ids: Sequence[str],
        recipes: Sequence[str | None] | None = None,
    ) -> Iterator[ExperimentRecord]:
        """The records, each made when it is asked for, so that its time is that of now.

        Args:
            rows: Cells by column; NaN is a missing one.
            ids: Their identities, as many as rows.
            recipes: What they ran under, as many as rows, if that is known.

        Raises:
            MessageError: For a row that is no record, such as one with an infinite number.
        """
        for i, (row, name) in enumerate(zip(rows, ids, strict=True)):
            fields = {
                "stream": self.stream,
                "record_id": name,
                "time": self._time(i),
                "instrument": self.instrument,
                "values": {column: _cell(cell) for column, cell in row.items()},
            }
            if recipes is not None and recipes[i] is not None:
                fields["recipe"] = recipes[i]
            try:
                yield ExperimentRecord.checked(fields)
            except MessageError as error:
                raise MessageError(error.reason, f"row {i}, {error.path}", error.text) from None

    def _time(self, i: int) -> datetime:
        if self.start is None or self.every is None:
            return self.now()
        return self.start + timedelta(seconds=i * self.every)


async def send(
    settings: Settings,
    topic: str,
    records: Iterator[ExperimentRecord],
    *,
    rate: float,
    tell: Tell,
    stop: asyncio.Event,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Sends records to Kafka in their order, idempotently; how many were acknowledged.

    Args:
        settings: How the cluster is reached.
        topic: Of the records.
        records: What to send, keyed by stream.
        rate: Records per second, 0 for as fast as Kafka takes them.
        tell: Told how many went.
        stop: Ends the sending in good order when it is set.
        clock: Seconds that only rise.

    Raises:
        BrokerError: If the cluster does not answer.
    """
    from aiokafka import AIOKafkaProducer
    from aiokafka.errors import KafkaError

    producer = AIOKafkaProducer(
        **aiokafka_arguments(settings), enable_idempotence=True, linger_ms=5
    )
    try:
        await producer.start()
    except (KafkaError, OSError) as error:
        await producer.stop()
        raise BrokerError(f"Kafka at {settings.broker} does not answer: {error}") from error
    sent = 0
    began = clock()
    waiting: list[asyncio.Future[Any]] = []
    try:
        for record in records:
            if stop.is_set():
                break
            key = record.stream.encode()
            waiting.append(await producer.send(topic, key=key, value=record.to_bytes()))
            ahead = (sent + len(waiting)) / rate - (clock() - began) if rate else 0.0
            if ahead > _SLICE or len(waiting) >= _MOST_AT_ONCE:
                sent += len(await asyncio.gather(*waiting))
                waiting.clear()
                tell(sent, None, "")
                await _pause(stop, sent / rate - (clock() - began) if rate else 0.0)
        sent += len(await asyncio.gather(*waiting))
    except KafkaError as error:
        raise BrokerError(
            f"Kafka at {settings.broker} failed after {sent} records: {error}"
        ) from error
    finally:
        await producer.stop()
    return sent


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    """Waits, but not beyond a stop."""
    if seconds > 0:
        try:
            await asyncio.wait_for(stop.wait(), seconds)
        except TimeoutError:
            return


def _cell(cell: Any) -> Any:
    return None if isinstance(cell, float) and math.isnan(cell) else cell
