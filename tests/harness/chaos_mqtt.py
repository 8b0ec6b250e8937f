"""MQTT with a connector that is killed and a broker that is restarted: what came, and how often."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from .connecting import Written
from .mosquitto import Mosquitto
from .service import Service, wait_until

LAB: Final = """
[stream.oven]
[stream.oven.column]
x = {{ role = "set-point" }}
y = {{ role = "measured" }}
[source.oven]
type = "mqtt"
host = "127.0.0.1"
port = {port}
version = "{version}"
topics = ["lab/{{instrument}}/run"]
"""
_STEP: Final = 100


def run(
    kafka_address: str,
    prefix: str,
    folder: Path,
    *,
    records: int,
    kills: int,
    restarts: int,
    version: str = "5",
) -> dict[str, Any]:
    """Publishes records in steps, and kills or restarts between and within them.

    No payload has an identity or a time: which record is which, the protocol alone tells.

    Args:
        kafka_address: Of the broker of Kafka.
        prefix: Of all topics.
        folder: For files.
        records: To be published, with QoS 1.
        kills: ``kill -9`` of the connect worker, spread over them.
        restarts: Of mosquitto, likewise.
        version: Of MQTT.
    """
    began = time.monotonic()
    with Mosquitto(folder / "mosquitto") as broker:
        text = LAB.format(port=broker.port, version=version)
        service = Service(kafka_address, prefix, folder, text)
        written = Written(service)
        try:
            worker = service.start("connect", "one")
            worker.wait_for("is read from", 90)
            due = _schedule(records, kills, restarts)
            for first in range(0, records, _STEP):
                with broker.client() as oven:
                    oven.send(
                        [
                            (f"lab/{x % 3}/run", json.dumps({"x": x, "y": x % 7}))
                            for x in range(first, min(first + _STEP, records))
                        ]
                    )
                for what in due.get(first // _STEP, ()):
                    if what == "kill":
                        # Something is on its way when it dies: not all that was sent is written.
                        worker.kill()
                        worker = service.start("connect", "one")
                    else:
                        broker.restart()
            _settle(written, records)
            counts = Counter(int(record["values"]["x"]) for record in written.records())
            gaps = [event.text for event in written.events() if event.kind == "gap"]
            ids = written.ids()
        finally:
            service.end()
            written.close()
    return {
        "records": records,
        "kills": kills,
        "restarts": restarts,
        "lost": records - len(counts),
        "doubled": sum(n - 1 for n in counts.values()),
        "doubled_ids": sum(n - 1 for n in ids.values()),
        "gaps": gaps,
        "seconds": round(time.monotonic() - began, 1),
    }


def _settle(written: Written, records: int) -> None:
    """Until all are there, or nothing new came for 20 s."""
    seen: list[tuple[int, float]] = [(0, time.monotonic())]

    def settled() -> bool:
        count = len({record["values"]["x"] for record in written.records()})
        if count > seen[-1][0]:
            seen.append((count, time.monotonic()))
        return count >= records or time.monotonic() - seen[-1][1] > 20

    wait_until(settled, 300, lambda: str(seen[-1]), every=0.3)


def _schedule(records: int, kills: int, restarts: int) -> dict[int, list[str]]:
    """What happens after which step."""
    steps = -(-records // _STEP)
    due: dict[int, list[str]] = {}
    events: list[tuple[str, int, Callable[[int], float]]] = [
        ("kill", kills, lambda i: (i + 0.5) / kills),
        ("restart", restarts, lambda i: (i + 1) / (restarts + 1)),
    ]
    for what, count, place in events:
        for i in range(count):
            due.setdefault(min(steps - 1, int(place(i) * steps)), []).append(what)
    return due
