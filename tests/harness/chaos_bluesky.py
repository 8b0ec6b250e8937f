"""A RunEngine that counts, while the reader of its documents and Kafka are killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from kafka import KafkaAdminClient

from halflife.streams.broker.embedded import EmbeddedKafka

from . import bluesky_lab
from .chaos_topics import disturbed

LAB: Final = """
[stream.sim]
[stream.sim.column]
det = {{ role = "measured" }}
[source.sim]
type = "bluesky"
topic = "{topic}"
"""


def run(
    kafka: EmbeddedKafka, prefix: str, folder: Path, *, records: int, kills: int, restarts: int
) -> dict[str, Any]:
    """Lost and doubled records, and how long it took.

    Args:
        kafka: Holds the topic and all of ours.
        prefix: Of all topics.
        folder: For worker and ledger.
        records: Events of one run.
        kills: Of the worker.
        restarts: Of Kafka.
    """
    topic = f"sim-{prefix}.bluesky.runengine.documents"
    with KafkaAdminClient(bootstrap_servers=kafka.address) as admin:
        admin.create_topics({topic: {"num_partitions": 2, "replication_factor": 1}})
        admin.wait_for_topics([topic])
    ledger = folder / "events.jsonl"
    engine = bluesky_lab.start(kafka.address, topic, ledger, "count", records)

    def said() -> str:
        log = ledger.with_suffix(".log").read_text()[-5000:]
        return f"{len(bluesky_lab.events(ledger))} events in its ledger\n{log}"

    def due() -> set[str] | None:
        if engine.poll() is None:
            return None
        assert engine.returncode == 0, said()
        return {event["uid"] for event in bluesky_lab.events(ledger)}

    try:
        return disturbed(
            kafka,
            prefix,
            folder,
            LAB.format(topic=topic),
            due=due,
            writer=said,
            kills=kills,
            restarts=restarts,
            seed=records,
        )
    finally:
        if engine.poll() is None:
            engine.kill()
            engine.wait()
