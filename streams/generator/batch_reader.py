"""The rows of a synthetic batch, read again from the log by its manifest."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from halflife.schemas.batch import SyntheticBatch
from halflife.schemas.errors import MessageError
from halflife.schemas.record import SyntheticRecord
from halflife.schemas.table import Block, Table
from halflife.streams.watch.reject import RawMessage

from .errors import RegenerationError
from .log_reader import LogReader


async def read_batch(
    arguments: Mapping[str, Any], topic: str, manifest: SyntheticBatch, table: Table
) -> Block:
    """The rows of a batch, in order.

    Args:
        arguments: Of every aiokafka client.
        topic: Full name of the topic of synthetic records.
        manifest: Which batch.
        table: Of its stream.

    Raises:
        RegenerationError: If the log does not hold these rows any more, or the table is another.
        KafkaError: For troubles of the broker, which pass.
    """
    async with LogReader(arguments) as reader:
        messages = await reader.read(
            topic, manifest.partition, first=manifest.first_offset, last=manifest.last_offset
        )
    return await asyncio.to_thread(batch_rows, messages, manifest, table)


def batch_rows(messages: list[RawMessage], manifest: SyntheticBatch, table: Table) -> Block:
    """The rows of a batch out of the messages of its partition.

    Raises:
        RegenerationError: If they are not the rows that the manifest tells of.
    """
    own = str(manifest.batch_id).encode()
    try:
        records = [
            SyntheticRecord.from_bytes(m.value or b"") for m in messages if own in (m.value or b"")
        ]
    except MessageError as error:
        raise RegenerationError(f"batch {manifest.batch_id} cannot be read: {error}") from error
    records = [record for record in records if record.batch_id == manifest.batch_id]
    if [record.row for record in records] != list(range(manifest.rows)):
        raise RegenerationError(
            f"batch {manifest.batch_id} has {len(records):,} rows in the log and "
            f"{manifest.rows:,} in its manifest"
        )
    try:
        block = Block.from_rows(table, [record.values for record in records])
    except (TypeError, ValueError) as error:
        raise RegenerationError(
            f"batch {manifest.batch_id} does not fit the columns of the lab file: {error}"
        ) from error
    if block.digest() != manifest.digest:
        raise RegenerationError(
            f"the rows of batch {manifest.batch_id} are not those of its manifest (digest "
            f"{block.digest()}, not {manifest.digest}): did the lab file change?"
        )
    return block
