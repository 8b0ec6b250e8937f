"""Records of a made-up spectrometer for benchmarks: 4 set-points, 12 measured channels, 1 KB."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
from aiokafka import AIOKafkaProducer

from halflife.streams.watch.arrow import ARROW_TYPE

SET_POINTS = [f"set_point_{i:02d}_of_the_stirred_reactor_block" for i in range(4)]
CHANNELS = [f"channel_{i:02d}_absorbance_smoothed_and_scaled" for i in range(12)]
NAMES = [*SET_POINTS, *CHANNELS]
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def lab(streams: int, *, reference: int = 500, extra: str = "") -> str:
    """A lab file with some streams, all of the same shape."""
    columns = "\n".join(
        [f'{name} = {{ role = "set-point" }}' for name in SET_POINTS]
        + [f'{name} = {{ role = "measured" }}' for name in CHANNELS]
    )
    return "\n".join(
        f"[stream.s{k}]\nreference = {reference}\nfalse_alarms = '1 per 1000000 records'\n{extra}\n"
        f"[stream.s{k}.column]\n{columns}\n"
        for k in range(streams)
    )


def table(rows: int, seed: int, *, shift: float = 0.0) -> np.ndarray:
    """Rows of the spectrometer, shape (rows, 16): channels follow the set-points, with noise."""
    rng = np.random.default_rng(seed)
    x = rng.random((rows, 4))
    mix = np.random.default_rng(7).normal(size=(4, 12))
    y = np.tanh(x @ mix) + 0.1 * rng.normal(size=(rows, 12)) + shift
    return np.round(np.hstack([x, y]), 6)


def messages(
    stream: str, cells: np.ndarray, *, first: int = 0, start: float = 0.0, step: float = 1.0
) -> Iterator[bytes]:
    """The rows as JSON records, the first at ``start`` s of event time, then ``step`` s apart."""
    for i, row in enumerate(cells.tolist(), first):
        time = (BEGIN + timedelta(seconds=start + step * (i - first))).isoformat()
        yield orjson.dumps(
            {
                "stream": stream,
                "record_id": f"{stream}-{i}",
                "time": time,
                "instrument": "spectrometer",
                "values": dict(zip(NAMES, row, strict=True)),
            }
        )


def arrow_message(
    stream: str, cells: np.ndarray, *, first: int, start: float, step: float
) -> bytes:
    """The rows as one Arrow IPC stream."""
    seconds = BEGIN.timestamp() + start + step * np.arange(len(cells))
    times = (seconds * 1e6).astype(np.int64)
    batch = pa.record_batch(
        {
            "record_id": pa.array([f"{stream}-{first + i}" for i in range(len(cells))]),
            "time": pa.array(times, pa.timestamp("us", tz="UTC")),
            "instrument": pa.array(["spectrometer"] * len(cells)),
            **{name: pa.array(cells[:, j]) for j, name in enumerate(NAMES)},
        }
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def send_live(
    broker: str, topic: str, partition: int, values: Iterator[bytes], key: str, *, rate: float
) -> None:
    """Write messages one by one, ``rate`` of them a second, as an instrument does."""

    async def send() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=broker)
        await producer.start()
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            for i, value in enumerate(values):
                await asyncio.sleep(max(0.0, begun + i / rate - loop.time()))
                await producer.send(topic, value, key=key.encode(), partition=partition)
        finally:
            await producer.stop()

    asyncio.run(send())


def send_json(broker: str, topic: str, partition: int, values: Iterator[bytes], key: str) -> int:
    """Write messages by the batch, as fast as that goes; how many bytes."""

    async def send() -> int:
        producer = AIOKafkaProducer(bootstrap_servers=broker, max_batch_size=1 << 19)
        await producer.start()
        size = 0
        waiting: list[Any] = []
        try:
            batch = producer.create_batch()
            for value in values:
                size += len(value)
                while batch.append(key=key.encode(), value=value, timestamp=None) is None:
                    batch.close()
                    waiting.append(await producer.send_batch(batch, topic, partition=partition))
                    batch = producer.create_batch()
            batch.close()
            waiting.append(await producer.send_batch(batch, topic, partition=partition))
            await asyncio.gather(*waiting)
        finally:
            await producer.stop()
        return size

    return asyncio.run(send())


def send_arrow(broker: str, topic: str, partition: int, values: list[bytes], key: str) -> None:
    """Write Arrow messages."""

    async def send() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=broker, max_request_size=4 << 20)
        await producer.start()
        try:
            for value in values:
                await producer.send_and_wait(
                    topic, value, key=key.encode(), partition=partition,
                    headers=[("content-type", ARROW_TYPE)],
                )  # fmt: skip
        finally:
            await producer.stop()

    asyncio.run(send())
