"""What a partition of a compacted topic says now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from halflife.streams.generator.closing import close


async def read_latest(
    arguments: Mapping[str, Any], topic: str, partition: int
) -> dict[bytes, bytes | None]:
    """The last committed value of each key of a partition; None for one that was deleted.

    Args:
        arguments: Of every aiokafka client.
        topic: Full name of the topic.
        partition: Which of its partitions.
    """
    place = TopicPartition(topic, partition)
    consumer = AIOKafkaConsumer(
        **arguments,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=16 << 20,
    )
    latest: dict[bytes, bytes | None] = {}
    try:
        await consumer.start()
        consumer.assign([place])
        end = (await consumer.end_offsets([place]))[place]
        await consumer.seek_to_beginning(place)
        while await consumer.position(place) < end:
            found = await consumer.getmany(place, timeout_ms=200)
            for message in found.get(place, ()):
                latest[message.key or b""] = message.value
    finally:
        await close(consumer)
    return latest
