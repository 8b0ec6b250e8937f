"""SiLA 2 under chaos: the connector is killed, the server is killed and comes again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .chaos import counted
from .connecting import Written
from .service import Service
from .sila_server import SilaProcess

LAB = """
[stream.oven.column]
count = {{ role = "set-point", kind = "integer" }}
temperature = {{ role = "measured", unit = "K" }}
flow = {{ role = "measured", unit = "liter/s" }}
[source.oven]
type = "sila"
host = "127.0.0.1"
port = {port}
insecure = true
properties = {{ count = "Oven.Count", temperature = "Oven.Temperature", \
flow = "Oven.Chamber.Flow" }}
trigger = "count"
settle = "0.004 s"
"""
RATE = 100.0


def run(
    kafka_address: str,
    prefix: str,
    folder: Path,
    *,
    records: int = 10_000,
    kills: int = 5,
    restarts: int = 2,
    rate: float = RATE,
) -> dict[str, Any]:
    """So many records, with so many troubles on the way; figures as plain data.

    Args:
        kafka_address: Of a broker.
        prefix: Of topics.
        folder: For lab file, logs and the server's journal.
        records: How many have to arrive; the server counts on while nobody listens.
        kills: ``kill -9`` of the connector.
        restarts: ``kill -9`` of the server.
        rate: Counts a second.
    """
    folder.mkdir(parents=True, exist_ok=True)
    server = SilaProcess(folder / "journal.txt", rate=rate)
    service = Service(kafka_address, prefix, folder, LAB.format(port=server.port))
    written = Written(service)
    try:
        found, result = counted(
            server, service, written, records=records, kills=kills, restarts=restarts
        )
        # Each property comes on a stream of its own: its neighbour may be a count behind or ahead.
        result["neighbours"] = sum(_distance(each["values"]) > 0 for each in found)
        result["far"] = sum(_distance(each["values"]) > MOST_COUNTS for each in found)
        return result
    finally:
        service.end()
        written.close()
        server.kill()


MOST_COUNTS = 20
"""How many counts a busy machine may put between two streams."""


def _distance(values: dict[str, Any]) -> float:
    """Counts between a record's trigger and its temperature."""
    if values["temperature"] is None:
        return 0.0
    return round(abs((values["temperature"] - 273.15) * 2 - values["count"]), 6)
