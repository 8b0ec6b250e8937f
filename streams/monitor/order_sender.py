"""Writes the orders that come by the live page to Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from halflife.schemas.control import Command
from halflife.streams.generator.closing import close

_PATIENCE: Final = 20.0


class OrderSender:
    """A producer that is started by the first order.

    Args:
        arguments: Of every aiokafka client.
        topic: Full name of the topic of control.
    """

    def __init__(self, arguments: Mapping[str, Any], topic: str) -> None:
        self._arguments = dict(arguments)
        self._topic = topic
        self._producer: Any = None
        self._starting = asyncio.Lock()

    async def send(self, order: Command) -> None:
        """Returns when Kafka has the order, in the partition of its stream.

        Raises:
            ConnectionError: If it does not take it in time.
        """
        try:
            async with asyncio.timeout(_PATIENCE):
                producer = await self._started()
                await producer.send_and_wait(
                    self._topic, order.to_bytes(), key=order.stream.encode()
                )
        except (KafkaError, OSError) as error:
            raise ConnectionError(f"{type(error).__name__}: {error}") from error

    async def stop(self, _app: object = None) -> None:
        """Let go of the connection."""
        if self._producer is not None:
            await close(self._producer)

    async def _started(self) -> Any:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(**self._arguments, acks="all")
                try:
                    await producer.start()
                except BaseException:
                    await close(producer)
                    raise
                self._producer = producer
            return self._producer
