"""An OPC UA source while its connector and its server are killed again and again."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from .connecting import Written
from .opcua_lab import OpcuaLab
from .ports import free_port
from .service import Service, Worker, wait_until

LAB: Final = """
[stream.reactor]
[stream.reactor.column]
temperature = {{ role = "measured", unit = "K" }}
pressure = {{ role = "measured", unit = "hPa" }}
n = {{ role = "context", kind = "integer" }}
[source.reactor]
type = "opcua"
url = "{url}"
trigger = "n"
interval = "0.1 s"
silence = "3 s"
queue = 10000
[source.reactor.nodes]
temperature = "nsu=urn:halflife:lab;s=Reactor.Temperature"
pressure = "nsu=urn:halflife:lab;s=Reactor.Pressure"
n = "nsu=urn:halflife:lab;s=Reactor.Count"
"""
_EVERY: Final = 0.01
_PATIENCE: Final = 120.0


class Figures(NamedTuple):
    """What came of it.

    Args:
        made: Records that the server made.
        heard: Of them in Kafka.
        doubled: In Kafka more than once, by identity or by their number.
        wrong: In Kafka with values that were never made together.
        gaps: That were told.
        untold: Records that are neither in Kafka nor in the time of a gap.
        seconds: That the source was heard, and that gaps say that it was not.
    """

    made: int
    heard: int
    doubled: int
    wrong: int
    gaps: int
    untold: list[int]
    seconds: tuple[float, float]


class Chaos:
    """One run of it.

    Args:
        service: That the connector is started in.
        lab: The server, started.
        log: Of what the server makes.
    """

    def __init__(self, service: Service, lab: OpcuaLab, log: Path) -> None:
        self._service = service
        self._lab = lab
        self._log = log
        self._written = Written(service)
        self._began = time.time()

    def made(self) -> int:
        """Records that the server has made."""
        return len(self._log.read_bytes().splitlines()) if self._log.exists() else 0

    def run(self, *, records: int, kills: int, restarts: int) -> Figures:
        """Make records in as many parts as there are blows, and one; a blow falls in the middle.

        The next part begins when the blow is got over: half of each is heard, whatever is slow.
        """
        blows = _mixed(kills, restarts)
        worker = self._start(0)
        for i, blow in enumerate(blows):
            first, end = (records * part // (len(blows) + 1) for part in (i, i + 1))
            self._measure(end - self.made())
            self._wait_for_made((first + end) // 2)
            heard = self._gaps()
            if blow == "kill":
                worker.kill()
                worker = self._start(heard + 1)
            else:
                self._lab.kill()
                self._lab.start("--shift", str(i))
                self._measure(end - self.made())
                self._wait_for_gaps(heard + 1)
            self._lab.tell({"measured": True})
        self._measure(records - self.made())
        self._lab.tell({"measured": True})
        last = self.made()
        self._written.wait_until(lambda: last in self._numbers(), _PATIENCE)
        return self._figures()

    def close(self) -> None:
        """Lets go of Kafka."""
        self._written.close()

    def _start(self, gaps: int) -> Worker:
        worker = self._service.start("connect", "one")
        if gaps:
            self._wait_for_gaps(gaps)
        else:
            connected = lambda: any(e.kind == "connected" for e in self._written.events())  # noqa: E731  # one line of words
            self._written.wait_until(connected, _PATIENCE)
        return worker

    def _measure(self, count: int) -> None:
        if count > 0:
            self._lab.tell({"measure": count, "every": _EVERY, "log": str(self._log)})

    def _wait_for_made(self, count: int) -> None:
        wait_until(lambda: self.made() >= count, _PATIENCE, lambda: f"{self.made()} made")

    def _gaps(self) -> int:
        return sum(event.kind == "gap" for event in self._written.events())

    def _wait_for_gaps(self, count: int) -> None:
        self._written.wait_until(lambda: self._gaps() >= count, _PATIENCE)

    def _numbers(self) -> Counter[int]:
        return Counter(record["values"]["n"] for record in self._written.records())

    def _figures(self) -> Figures:
        lines = [orjson.loads(line) for line in self._log.read_bytes().splitlines()]
        made = {line["n"]: datetime.fromtimestamp(line["time"], UTC) for line in lines}
        numbers, ids = self._numbers(), self._written.ids()
        gaps = [event for event in self._written.events() if event.kind == "gap"]
        untold = [
            n
            for n, at in made.items()
            if n not in numbers and not any(_covers(gap, at) for gap in gaps)
        ]
        doubled = sum(each - 1 for each in numbers.values())
        away = sum((gap.last - gap.first).total_seconds() for gap in gaps if gap.first and gap.last)
        return Figures(
            made=len(made),
            heard=len(numbers),
            doubled=max(doubled, sum(each - 1 for each in ids.values())),
            wrong=sum(not _right(record, made) for record in self._written.records()),
            gaps=len(gaps),
            untold=untold,
            seconds=(round(time.time() - self._began - away, 1), round(away, 1)),
        )


def run(
    kafka_address: str, prefix: str, folder: Path, *, records: int, kills: int, restarts: int
) -> Figures:
    """One run on a broker.

    Args:
        kafka_address: Of the broker.
        prefix: Of its topics.
        folder: For files and logs.
        records: That the server makes.
        kills: ``kill -9`` of the connector.
        restarts: Of the server, by ``kill -9``; each gives our namespace another number.
    """
    lab = OpcuaLab(free_port(), folder)
    service = Service(kafka_address, prefix, folder, LAB.format(url=lab.url))
    lab.start()
    chaos = Chaos(service, lab, folder / "made.jsonl")
    try:
        return chaos.run(records=records, kills=kills, restarts=restarts)
    finally:
        chaos.close()
        service.end()
        lab.kill()


def _mixed(kills: int, restarts: int) -> list[str]:
    """Blows in turns, the restarts evenly among the kills."""
    order = [((i + 0.5) / kills, "kill") for i in range(kills)]
    order += [((i + 0.4) / restarts, "restart") for i in range(restarts)]
    return [blow for _, blow in sorted(order)]


def _covers(gap: Any, at: datetime) -> bool:
    return bool(gap.first and gap.last and gap.first <= at <= gap.last)


def _right(record: dict[str, Any], made: dict[int, datetime]) -> bool:
    """Whether values are those of one moment: of the number's own time, or missing."""
    values = record["values"]
    n = values["n"]
    temperature, pressure = values.get("temperature"), values.get("pressure")
    return (
        abs(datetime.fromisoformat(record["time"]) - made[n]).total_seconds() < 1e-5
        and (temperature is None or abs(temperature - n / 8 - 273.15) < 1e-9)
        and (pressure is None or abs(pressure - 1000.0 - n % 7) < 1e-9)
    )
