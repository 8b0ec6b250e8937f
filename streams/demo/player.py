"""Plays tables as live records of instruments, at a steady rate."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaProducer

from halflife.schemas.messages import ExperimentRecord

if TYPE_CHECKING:
    import pandas as pd


class Player:
    """Sends the rows of a table to Kafka, one after the other.

    Args:
        stream: Name of the stream.
        instrument: That the records are said to come from.
        table: The rows.
        seconds: How long it plays.
        every: Event time from one record to the next.
        end: Event time of the last record.
    """

    def __init__(
        self,
        stream: str,
        instrument: str,
        table: pd.DataFrame,
        *,
        seconds: float,
        every: timedelta,
        end: datetime,
    ) -> None:
        self.stream = stream
        self.instrument = instrument
        self.seconds = seconds
        self.sent = 0
        self._rows = table.to_dict("records")
        self._every = every
        self._start = end - every * (len(self._rows) - 1)

    def __len__(self) -> int:
        return len(self._rows)

    def record(self, number: int) -> ExperimentRecord:
        """The record of one row."""
        return ExperimentRecord(
            stream=self.stream,
            record_id=f"{self.stream}-{number:05d}",
            time=self._start + self._every * number,
            instrument=self.instrument,
            values={str(name): float(cell) for name, cell in self._rows[number].items()},
        )

    async def play(self, arguments: Mapping[str, Any], topic: str) -> None:
        """Send all records.

        Args:
            arguments: Of every aiokafka client.
            topic: Full name of the topic of records.
        """
        loop = asyncio.get_running_loop()
        producer = AIOKafkaProducer(**arguments, enable_idempotence=True, linger_ms=5)
        await producer.start()
        try:
            begun = loop.time()
            for number in range(len(self)):
                due = begun + self.seconds * number / len(self)
                await asyncio.sleep(max(0.0, due - loop.time()))
                record = self.record(number)
                await producer.send(topic, record.to_bytes(), key=self.stream.encode())
                self.sent += 1
            await producer.flush()
        finally:
            await producer.stop()
