"""Bare consumers to compare with: aiokafka and kafka-python, each with orjson, nothing else.

`python -m tests.bench.peers NAME BROKER TOPIC COUNT` prints seconds and CPU seconds as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import orjson


def bare_aiokafka(broker: str, topic: str, count: int) -> tuple[float, float]:
    """Seconds and CPU seconds from the first record to the last."""
    from aiokafka import AIOKafkaConsumer

    async def read() -> tuple[float, float]:
        consumer = AIOKafkaConsumer(
            topic,
            bootstrap_servers=broker,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            max_partition_fetch_bytes=4 << 20,
        )
        await consumer.start()
        seen, begun, cpu = 0, 0.0, 0.0
        try:
            while seen < count:
                for found in (await consumer.getmany(timeout_ms=500, max_records=2000)).values():
                    begun, cpu = begun or time.perf_counter(), cpu or time.process_time()
                    for message in found:
                        orjson.loads(message.value)
                    seen += len(found)
        finally:
            end, spent = time.perf_counter(), time.process_time()
            await consumer.stop()
        return end - begun, spent - cpu

    return asyncio.run(read())


def bare_kafka_python(broker: str, topic: str, count: int) -> tuple[float, float]:
    """Seconds and CPU seconds from the first record to the last."""
    from kafka import KafkaConsumer

    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=broker,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=4 << 20,
        max_poll_records=2000,
    )
    seen, begun, cpu = 0, 0.0, 0.0
    while seen < count:
        for found in consumer.poll(timeout_ms=500).values():
            begun, cpu = begun or time.perf_counter(), cpu or time.process_time()
            for message in found:
                orjson.loads(message.value)
            seen += len(found)
    end, spent = time.perf_counter(), time.process_time()
    consumer.close()
    return end - begun, spent - cpu


if __name__ == "__main__":
    name, address, source, many = sys.argv[1:]
    peer = {"aiokafka": bare_aiokafka, "kafka-python": bare_kafka_python}[name]
    print(json.dumps(peer(address, source, int(many))))
