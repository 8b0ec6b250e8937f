"""Snapshots of a partition's state in a compacted topic: a head, and one part for each stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from halflife.streams.broker.compacted import read_latest

Parts = list[tuple[bytes, bytes]]


def snapshot_parts(
    partition: int, head: Mapping[str, Any], streams: Mapping[str, Mapping[str, Any]]
) -> Parts:
    """Keys and values of the messages that bring a snapshot up to date.

    Args:
        partition: Whose state it is.
        head: All but the streams; written each time.
        streams: Those whose state may have changed.
    """
    parts = [
        (f"{partition}/{name}".encode(), orjson.dumps(state)) for name, state in streams.items()
    ]
    # The head is last: it stands for parts that are before it.
    return [*parts, (f"{partition}".encode(), orjson.dumps(head))]


async def read_snapshot(
    arguments: Mapping[str, Any], topic: str, partition: int
) -> dict[str, Any] | None:
    """The last committed snapshot of a partition, or None if there is none.

    Args:
        arguments: Of every aiokafka client.
        topic: Full name of the topic of snapshots.
        partition: Whose state it is; it lies in the partition of the same number.
    """
    return _joined(partition, await read_latest(arguments, topic, partition))


def _joined(partition: int, latest: Mapping[bytes, bytes | None]) -> dict[str, Any] | None:
    head = latest.get(f"{partition}".encode())
    if head is None:
        return None
    state: dict[str, Any] = orjson.loads(head)
    prefix = f"{partition}/".encode()
    state["streams"] = {
        key[len(prefix) :].decode(): orjson.loads(value)
        for key, value in sorted(latest.items())
        if key.startswith(prefix) and value is not None
    }
    return state
