"""Every query of the dashboards, asked of a real Prometheus that scrapes a Halflife at work."""

from __future__ import annotations

import json
import math
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pytest

from halflife.streams.broker.embedded import EmbeddedKafka
from tests.harness.alerting import Alerting
from tests.harness.dashboards import Asked, asked
from tests.harness.hook import Hook
from tests.harness.ports import free_port
from tests.harness.records import LAB, Sent, json_record, rows_of
from tests.harness.service import Service, wait_until
from tests.harness.trial import GOES_ON

CHANGE, FOUND, END = 300, 360, 900
"""The record of the change, one by which it is found, and one long after the new batch."""

WORK = 60.0
OF_CARDS: Final = "halflife_regeneration_energy_joules_total"

VALUES: Final = {
    "stream": "lab-a",
    "__rate_interval": "5s",
    "__interval": "1s",
    "__range": "10m",
}
NO_CARD: Final = "there is no NVIDIA card here"
EMPTY: Final = {
    "service: Use of graphics cards": NO_CARD,
    "service: Memory of graphics cards in use": NO_CARD,
    "service: Dead letters in 15 minutes, by reason": "Prometheus has run for no 15 minutes yet",
    "stream: Loss of the latest batch beside that of the first": "no batch comes from a batch",
}
"""Panels that may show nothing here, and why."""

NO_NUMBER: Final = {
    "lab: Streams", "stream: Half-life", "stream: Half-life over time", "stream: Expires in",
    "stream: Lives of the batches",
}  # fmt: skip
"""Panels with a query whose answer may be that no decay is seen (NaN)."""


BENCH: Final = """
[stream.bench.column]
turns = {{ role = "set-point" }}
torque = {{ role = "measured", min = 0 }}
[source.bench]
type = "files"
path = "{path}"
"""
"""An instrument that writes a file."""


@pytest.fixture
def service(kafka: EmbeddedKafka, topic_prefix: str, tmp_path: Path) -> Iterator[Service]:
    lab = LAB[: LAB.index("[stream.lab-b]")].replace("min_rows = 80", "min_rows = 130")
    lab = lab.replace("tick = 700", "tick = 50") + BENCH.format(path=tmp_path / "bench.csv")
    made = Service(kafka.address, topic_prefix, tmp_path / "lab", lab)
    yield made
    made.end()


def expected() -> list[Asked]:
    """The queries that must give data, some of them only while an alert fires."""
    return [each for each in asked() if each.place not in EMPTY and OF_CARDS not in each.expr]


def send(service: Service, first: int, last: int, *more: bytes) -> None:
    rows = islice(rows_of("lab-a", change=CHANGE), first, last)
    values = [json.dumps(json_record("lab-a", row)).encode() for row in rows]
    sender = service.producer()
    sender.send([Sent(0, b"lab-a", value) for value in (*values, *more)])
    sender.close()


def told_by(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return str(answer.read().decode())


class Prometheus:
    """Asked as Grafana asks it.

    Args:
        port: Where it answers.
        since: Begin of the time range, seconds since 1970.
    """

    def __init__(self, port: int, since: float) -> None:
        self.port = port
        self.since = since

    def numbers(self, query: Asked) -> list[float]:
        """All values of all series.

        Raises:
            AssertionError: If the query is refused.
        """
        now = time.time()
        ends = {"time": now} if query.instant else {"start": self.since, "end": now, "step": 1}
        asked = urllib.parse.urlencode({"query": query.filled(**VALUES), **ends})
        page = "query" if query.instant else "query_range"
        try:
            url = f"http://127.0.0.1:{self.port}/api/v1/{page}?{asked}"
            with urllib.request.urlopen(url, timeout=30) as answer:
                result: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{query}: {error.read().decode()}") from error
        points = (point for series in result for point in series.get("values") or [series["value"]])
        return [float(value) for _, value in points]

    def silent(self, queries: Collection[Asked]) -> list[Asked]:
        """Those that give no series, or no number where there must be one."""
        return [query for query in queries if not self._tells(query)]

    def _tells(self, query: Asked) -> bool:
        numbers = self.numbers(query)
        return any(query.place in NO_NUMBER or not math.isnan(number) for number in numbers)


def test_every_query_of_the_dashboards_gives_data(service: Service, tmp_path: Path) -> None:
    monitor, generator, connect = free_port(), free_port(), free_port()
    (tmp_path / "bench.csv").write_text("turns,torque\n1,2.5\n2,-1\n")
    targets = {
        "halflife-connect": f"127.0.0.1:{connect}",
        "halflife-monitor": f"127.0.0.1:{monitor}",
        "halflife-generator": f"127.0.0.1:{generator}",
    }
    began = time.time()
    with Hook() as hook:
        service.start("generator", "generator", HALFLIFE_GENERATOR_PORT=str(generator))
        service.start("connect", "connect", HALFLIFE_CONNECT_PORT=str(connect))
        worker = service.start(
            "monitor", "monitor", HALFLIFE_WEB_PORT=str(monitor), HALFLIFE_WEBHOOK_URL=hook.url
        )
        worker.wait_for(GOES_ON, WORK)
        send(service, 0, CHANGE, b"no JSON")
        receivers = {"webhook": hook.url, "slack": hook.url, "smtp": f"127.0.0.1:{free_port()}"}
        with Alerting(tmp_path, targets, **receivers) as alerting:
            worker.wait_for(r"lab-a: batch \w+ circulates", WORK)
            prometheus = Prometheus(alerting.prometheus, began)
            quiet = Asked("", "stream_kind:halflife_alerts:last{kind='drift'}", instant=False)
            wait_until(lambda: prometheus.numbers(quiet), WORK, lambda: alerting.said, every=0.2)
            send(service, CHANGE, FOUND)
            worker.wait_for("lab-a: drift fires: ", WORK)
            said = Asked("", "ALERTS{alertname='HalflifeInstrumentDrift'}", instant=False)
            wait_until(lambda: prometheus.numbers(said), WORK, lambda: alerting.said, every=0.2)
            left = prometheus.silent(expected())
            send(service, FOUND, END)
            worker.wait_for(r"(?s)batch \w+ circulates.*batch \w+ circulates", WORK)
            wait_until(
                lambda: not prometheus.silent(left),
                WORK,
                lambda: f"nothing in {prometheus.silent(left)}\n{worker.said}",
                every=2.0,
            )
            trust = [query for query in asked() if query.place == "stream: Trust now"]
            course = [Asked(each.place, each.expr, instant=False) for each in trust]
            values = prometheus.numbers(course[0])
        assert worker.terminate() == 0
        worker = service.start("monitor", "monitor", HALFLIFE_WEB_PORT=str(monitor))
        worker.wait_for(GOES_ON, WORK)
        wait_until(
            lambda: 'halflife_column_fidelity_ratio{column="y",stream="lab-a"}' in told_by(monitor),
            WORK,
            lambda: f"after a restart:\n{told_by(monitor)}",
        )
    assert {1.0, 3.0} <= set(values), "trusted, then not"
    assert values[-1] in {1.0, 2.0}, "and again, by the new batch"
