"""Seconds from the record that completes the evidence to the new batch that readers see."""

from __future__ import annotations

import time
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from rich.console import Console
from rich.table import Table

from halflife.schemas.messages import SyntheticBatch
from tests.bench import traffic
from tests.bench.stage import stage, wait_for

ROWS = 2000
PART, RATE = 600, 100.0
"""Records before and after the change of a stream, and how many come in a second."""


def run(console: Console, scale: float) -> dict[str, Any]:
    """Changes in several streams, one after the other, each with 2,000 rows by trees."""
    changes = max(2, int(6 * scale))
    console.print(f"[bold]latency[/]: {changes} streams that change, batches of {ROWS:,} rows")
    lab = traffic.lab(changes, extra=f"rows = {ROWS}\ngenerator = 'trees'\nmin_rows = 300")
    rows: list[dict[str, Any]] = []
    with stage(lab, partitions=1) as made:
        made.start("generator", 18661)
        worker = made.start("monitor", 18660)
        reader = KafkaConsumer(
            bootstrap_servers=made.kafka.address,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        place = TopicPartition(made.topics.batches, 0)
        reader.assign([place])
        wait_for("the worker", 60, lambda: bool(worker.scrape()))
        for k in range(changes):
            for part, shift in ((0, 0.0), (1, 0.3)):
                cells = traffic.table(PART, seed=10 * k + part, shift=shift)
                values = traffic.messages(
                    f"s{k}", cells, first=PART * part, start=PART * part / RATE, step=1 / RATE
                )
                broker, topic = made.kafka.address, made.topics.records
                traffic.send_live(broker, topic, 0, values, f"s{k}", rate=RATE)
                rows += _batches(reader, made, wanted=1)
    shown = Table("stream", "batch for", "seconds")
    for row in rows:
        shown.add_row(row["stream"], row["cause"], f"{row['seconds']:.1f}")
    worst = max(row["seconds"] for row in rows)
    console.print(shown, f"worst: [bold]{worst:.1f} s[/] (to reach: 10 s)")
    return {"rows": rows, "worst": worst}


def _batches(reader: KafkaConsumer, made: Any, *, wanted: int) -> list[dict[str, Any]]:
    """The next batches, with the time from their last record's arrival to now."""
    found: list[dict[str, Any]] = []
    deadline = time.monotonic() + 120
    while len(found) < wanted and time.monotonic() < deadline:
        for messages in reader.poll(timeout_ms=100).values():
            seen = time.time()
            for message in messages:
                batch = SyntheticBatch.from_bytes(message.value)
                arrived = _arrival(made, batch.window.last)
                cause = "first" if batch.supersedes is None else "change"
                found.append({"stream": batch.stream, "cause": cause, "seconds": seen - arrived})
    return found


def _arrival(made: Any, offset: int) -> float:
    """When a record reached the broker, by the broker's clock."""
    consumer = KafkaConsumer(bootstrap_servers=made.kafka.address, enable_auto_commit=False)
    place = TopicPartition(made.topics.records, 0)
    consumer.assign([place])
    consumer.seek(place, offset)
    while True:
        for messages in consumer.poll(timeout_ms=1000, max_records=1).values():
            consumer.close()
            return float(messages[0].timestamp) / 1000
