"""SiLA 2 against a real server (sila2), at ports of its own."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from halflife.schemas.lab import Lab
from halflife.schemas.settings import Settings
from halflife.streams.broker.embedded import EmbeddedKafka
from halflife.streams.connectors.arrival import Arrival
from halflife.streams.connectors.registry import make_connector
from halflife.streams.connectors.surroundings import Surroundings
from tests.harness import chaos_sila
from tests.harness.sila_server import SilaProcess

from .conftest import Serve

RECORDS, KILLS, RESTARTS, RATE = 500, 1, 1, 60.0
LAB = """
[stream.oven.column]
count = {{ role = "set-point", kind = "integer" }}
temperature = {{ role = "measured", unit = "K" }}
flow = {{ role = "measured", unit = "liter/s" }}
door = {{ role = "context", kind = "category" }}
second = {{ role = "measured" }}
[source.oven]
type = "sila"
host = "127.0.0.1"
port = {port}
{more}
[source.oven.properties]
count = "{count}"
temperature = "Oven.Temperature"
flow = "Oven.Chamber.Flow"
door = "Oven.Chamber.Door"
trace = "Oven.Trace"
[source.oven.column]
second = "trace.1"
"""
Make = Callable[..., SilaProcess]


@pytest.fixture
def make_server(tmp_path: Path) -> Iterator[Make]:
    """Starts servers; they are killed at the end."""
    made: list[SilaProcess] = []

    def make(**more: float | bool) -> SilaProcess:
        made.append(SilaProcess(tmp_path / "journal.txt", **more))  # type: ignore[arg-type]
        made[-1].start()
        return made[-1]

    yield make
    for server in made:
        server.kill()


@pytest.mark.slow
def test_killed_again_and_again_it_tells_what_it_missed(
    kafka: EmbeddedKafka, topic_prefix: str, tmp_path: Path
) -> None:
    found = chaos_sila.run(
        kafka.address,
        topic_prefix,
        tmp_path,
        records=RECORDS,
        kills=KILLS,
        restarts=RESTARTS,
        rate=RATE,
    )
    assert found["written"] + found["missed"] == found["happened"]
    assert 0 < found["breaks"] <= KILLS + RESTARTS
    wrong = ("doubled", "invented", "missed_outside_gaps", "far", "letters")
    assert {key: found[key] for key in wrong if found[key]} == {}


def test_values_of_every_kind_over_tls(serve: Serve, make_server: Make) -> None:
    server = make_server(is_secure=True)
    more = f'ca_file = "{server.certificate}"\ntrigger = "count"'
    service, written = serve(LAB.format(port=server.port, more=more, count="Oven.Count"))
    worker = service.start("connect", "one")
    record = written.wait_for_records(5)[-1]
    values = record["values"]
    # 0.001 m3/s for each "blip", which nobody but this server knows.
    assert values["flow"] == pytest.approx(values["count"] % 8, abs=7.01)
    assert (values["door"], values["second"]) == ("closed", 2.5)
    assert values["temperature"] == pytest.approx(273.15 + values["count"] / 2, abs=5)
    assert worker.terminate() == 0


def test_what_comes_just_after_its_trigger_is_in_its_record(
    serve: Serve, make_server: Make
) -> None:
    server = make_server(rate=0.5)
    more = 'insecure = true\ntrigger = "count"\nsettle = "1 s"'
    service, written = serve(LAB.format(port=server.port, more=more, count="Oven.Count"))
    worker = service.start("connect", "one")
    # The first is of values that were said before anybody listened.
    for record in written.wait_for_records(4)[1:]:
        values = record["values"]
        assert values["temperature"] == pytest.approx(273.15 + values["count"] / 2)
        assert values["flow"] == pytest.approx(values["count"] % 8)
    assert worker.terminate() == 0


@pytest.mark.parametrize(
    ("more", "count", "said"),
    [
        ("", "Oven.Count", "unavailable"),
        ("insecure = true", "Oven.Maker", "no observable property 'Oven.Maker'"),
        ("insecure = true", "Stove.Count", "no feature 'Stove'; it has Oven, SiLAService"),
        ('ca_file = "/nowhere.pem"', "Oven.Count", "/nowhere.pem"),
    ],
)
def test_what_cannot_be_is_told(
    serve: Serve, make_server: Make, more: str, count: str, said: str
) -> None:
    server = make_server()
    lab = LAB.format(port=server.port, more=f'{more}\ntrigger = "count"', count=count)
    service, written = serve(lab)
    service.start("connect", "one")
    written.wait_until(lambda: any(said in each.text for each in written.events()), 30)
    assert written.records() == []


async def test_a_dry_run_shows_names_units_and_values(make_server: Make) -> None:
    server = make_server()
    more = 'insecure = true\ntrigger = "count"'
    lab = Lab.parse(LAB.format(port=server.port, more=more, count="Oven.Count"))
    around = Surroundings(settings=Settings(), dry_run=True, clock=time.time)
    connector = make_connector(lab.sources["oven"], around)
    async with aclosing(connector.read(None)) as batches:  # type: ignore[type-var]  # a generator
        items = [item for item in (await anext(batches)).items if isinstance(item, Arrival)]
    assert set(items[0].values) == {"count", "temperature", "flow", "door", "trace"}
    assert items[0].units == {"temperature": "°C", "flow": "m**3*s**-1"}
    assert items[0].address == f"sila://127.0.0.1:{server.port}/Oven/Count"


def test_a_server_that_stops_answering_is_away_in_some_seconds(
    serve: Serve, make_server: Make
) -> None:
    server = make_server()
    more = 'insecure = true\nwithin = "0.04 s"'
    service, written = serve(LAB.format(port=server.port, more=more, count="Oven.Count"))
    worker = service.start("connect", "one")
    written.wait_for_records(10)
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)
    written.wait_until(lambda: [e.kind for e in written.events()][-1] == "lost", 15)
    assert "does not answer any more" in written.events()[-1].text
    server.process.send_signal(signal.SIGCONT)
    written.wait_until(lambda: [e.kind for e in written.events()][-1] == "gap", 40)
    assert worker.terminate() == 0
    assert set(written.ids().values()) == {1}
