"""EPICS under chaos: the connector is killed, the IOC is killed and comes again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .chaos import counted, seconds
from .connecting import Written
from .epics_ioc import EpicsIoc
from .service import Service

LAB = """
[stream.oven.column]
count = {{ role = "set-point", kind = "integer" }}
temperature = {{ role = "measured", unit = "K" }}
power = {{ role = "measured", unit = "W" }}
state = {{ role = "context", kind = "category" }}
[source.oven]
type = "epics"
channels = {{ count = "LAB:COUNT", temperature = "LAB:TEMP", power = "LAB:POWER", \
state = "LAB:STATE" }}
trigger = "count"
addresses = ["{address}"]
"""
RATE = 60.0


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
        folder: For lab file, logs and the IOC's journal.
        records: How many have to arrive; the IOC counts on while nobody listens.
        kills: ``kill -9`` of the connector.
        restarts: ``kill -9`` of the IOC.
        rate: Counts a second.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ioc = EpicsIoc(folder / "journal.txt", rate=rate)
    service = Service(kafka_address, prefix, folder, LAB.format(address=ioc.address))
    written = Written(service)
    try:
        found, result = counted(
            ioc, service, written, records=records, kills=kills, restarts=restarts
        )
        happened = ioc.happened
        result["wrong_time"] = sum(
            abs(seconds(each["time"]) - happened[each["values"]["count"]] / 1e9) > 2e-6
            for each in found
        )
        # Two channels are no pair: when they are heard anew, one may be a count ahead.
        result["torn"] = sum(not _is_whole(each["values"]) for each in found)
        # A server drops values that it cannot send in time, and says so to nobody but its own log.
        result["dropped_by_server"] = ioc.dropped
        return result
    finally:
        service.end()
        written.close()
        ioc.kill()


def _is_whole(values: dict[str, Any]) -> bool:
    number, words = values["count"], ("idle", "heating", "done")
    return (
        values["temperature"] is not None
        and abs(values["temperature"] - 273.15 - number / 2) < 1e-6
        and values["power"] == number % 8
        and values["state"] == words[number % 3]
    )
