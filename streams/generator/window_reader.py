"""The real records of a window, read again from the log."""

from __future__ import annotations

import asyncio

import numpy as np

from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.window import Window
from halflife.streams.watch.decoder import Decoder
from halflife.streams.watch.reject import RawMessage
from halflife.streams.watch.rows import Rows

from .errors import RegenerationError
from .log_reader import LogReader


async def read_window(reader: LogReader, topic: str, plan: StreamPlan, window: Window) -> Rows:
    """The rows that a monitor saw when it asked: the same, or an error.

    Args:
        reader: Of the log.
        topic: Full name of the topic of records.
        plan: Of the stream.
        window: Where its records stand, how many they are, and their digest.

    Raises:
        RegenerationError: If the log does not hold these rows any more, or the lab file reads
            them in another way; with the text for the outcome.
        KafkaError: For troubles of the broker, which pass.
    """
    messages = await reader.read(topic, window.partition, first=window.first, last=window.last)
    return await asyncio.to_thread(window_rows, messages, plan, window)


def window_rows(messages: list[RawMessage], plan: StreamPlan, window: Window) -> Rows:
    """The rows of a window out of the messages of its partition.

    Raises:
        RegenerationError: If they are not the rows that the window was made of.
    """
    rows = Decoder({plan.name: plan}).decode(messages).rows.get(plan.name)
    place = f"offsets {window.first:,} to {window.last:,} of partition {window.partition}"
    if rows is None:
        raise RegenerationError(f"the window ({place}) holds no valid record of {plan.name} now")
    rows = rows[np.array([window.holds(a) for a in rows.addresses.tolist()], dtype=np.bool_)]
    if len(rows) != window.count:
        raise RegenerationError(
            f"the window ({place}) has {len(rows):,} valid records of {plan.name} now and had "
            f"{window.count:,} when it was asked for: did the lab file or the topic change?"
        )
    if rows.block.digest() != window.digest:
        raise RegenerationError(
            f"the {window.count:,} records of the window ({place}) are not those of "
            f"{plan.name} that were asked for (digest {rows.block.digest()}, not "
            f"{window.digest}): did the lab file or the topic change?"
        )
    return rows
