"""Letting go of Kafka clients that cannot end in good order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from halflife.streams.generator.closing import close


class Client:
    """As aiokafka's are: stopping breaks off a fetch, and waits for it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.is_closed = False
        self._client: Any = self

    async def stop(self) -> None:
        """Ends as aiokafka's does while a broker is away."""
        if self.error is not None:
            raise self.error
        fetch = asyncio.ensure_future(asyncio.Event().wait())
        await asyncio.sleep(0)
        fetch.cancel()
        await fetch

    async def close(self) -> None:
        """What lies under it is let go of."""
        self.is_closed = True


@pytest.mark.parametrize("error", [None, OSError("gone")])
async def test_who_lets_go_is_not_cancelled_by_what_was_broken_off(
    error: Exception | None,
) -> None:
    client = Client(error)
    await close(client)
    assert client.is_closed
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()


async def test_a_consumer_that_was_never_started_is_let_go_of() -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers="127.0.0.1:1")
    consumer.assign([TopicPartition("records", 0)])
    await close(consumer)


async def test_who_is_cancelled_while_letting_go_is_cancelled() -> None:
    class Stuck(Client):
        async def stop(self) -> None:
            await asyncio.Event().wait()

    task = asyncio.create_task(close(Stuck()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
