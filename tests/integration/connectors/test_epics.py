"""EPICS against a real IOC (caproto), at ports of its own."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest

from halflife.schemas.lab import Lab
from halflife.schemas.settings import Settings
from halflife.streams.broker.embedded import EmbeddedKafka
from halflife.streams.connectors.arrival import Arrival
from halflife.streams.connectors.registry import make_connector
from halflife.streams.connectors.surroundings import Surroundings
from tests.harness import chaos_epics
from tests.harness.epics_ioc import EpicsIoc

from .conftest import Serve

RECORDS, KILLS, RESTARTS, RATE = 500, 1, 1, 60.0
LAB = """
[stream.oven.column]
count = {{ role = "set-point", kind = "integer" }}
temperature = {{ role = "measured", unit = "K" }}
broken = {{ role = "measured", unit = "V" }}
state = {{ role = "context", kind = "category" }}
note = {{ role = "context", kind = "category" }}
word = {{ role = "context", kind = "category" }}
second = {{ role = "measured" }}
far = {{ role = "measured", unit = "degC" }}
[source.oven]
type = "epics"
addresses = ["{address}", "{other}"]
{mode}
[source.oven.channels]
count = "LAB:COUNT"
temperature = "LAB:TEMP"
broken = "LAB:BROKEN"
state = "LAB:STATE"
note = "LAB:NOTE"
word = "LAB:WORD"
curve = "LAB:CURVE"
far = "FAR:TEMP"
[source.oven.column]
second = "curve.1"
"""


@pytest.fixture
def make_ioc(tmp_path: Path) -> Iterator[Callable[..., EpicsIoc]]:
    """Starts IOCs; they are killed at the end."""
    made: list[EpicsIoc] = []

    def make(name: str, **more: float | str) -> EpicsIoc:
        made.append(EpicsIoc(tmp_path / f"{name}.txt", **more))  # type: ignore[arg-type]
        made[-1].start()
        return made[-1]

    yield make
    for ioc in made:
        ioc.kill()


@pytest.mark.slow
def test_killed_again_and_again_it_tells_what_it_missed(
    kafka: EmbeddedKafka, topic_prefix: str, tmp_path: Path
) -> None:
    found = chaos_epics.run(
        kafka.address,
        topic_prefix,
        tmp_path,
        records=RECORDS,
        kills=KILLS,
        restarts=RESTARTS,
        rate=RATE,
    )
    assert found["written"] + found["missed"] == found["happened"]
    assert found["written"] > RECORDS / 4
    assert 0 < found["breaks"] <= KILLS + RESTARTS
    # What a server on a busy machine drops by itself, no client of EPICS can know.
    assert found["missed_outside_gaps"] <= found["dropped_by_server"]
    wrong = ("doubled", "invented", "wrong_time", "letters")
    assert {key: found[key] for key in wrong if found[key]} == {}
    assert found["torn"] <= 1 + KILLS + RESTARTS + found["dropped_by_server"]


def test_each_kind_of_channel_and_one_that_goes_and_comes(
    serve: Serve, make_ioc: Callable[..., EpicsIoc]
) -> None:
    near, far = make_ioc("near"), make_ioc("far", prefix="FAR:")
    service, written = serve(
        LAB.format(address=near.address, other=far.address, mode='trigger = "count"')
    )
    service.start("connect", "one")
    written.wait_until(lambda: any(_far(each) is not None for each in written.records()))
    record = next(each for each in written.records() if _far(each) is not None)
    values = record["values"]
    assert values["broken"] is None  # its alarm is INVALID
    assert (values["note"], values["word"], values["second"]) == ("made by hand", "a word", 2.5)
    assert values["state"] in {"idle", "heating", "done"}
    assert record["instrument"] == "oven"
    assert values["temperature"] == pytest.approx(273.15 + values["count"] / 2, abs=0.51)

    far.kill()
    written.wait_until(lambda: _far(written.records()[-1]) is None)
    seen = len(written.records())
    far.start()
    written.wait_until(lambda: any(_far(each) is not None for each in written.records()[seen:]))
    gaps = [each for each in written.events() if each.kind == "gap"]
    assert [each.text.split(":")[0] for each in gaps] == ["nobody listened to far"]
    assert gaps[0].first is not None
    assert gaps[0].first < gaps[0].last  # type: ignore[operator]
    counts = [each["values"]["count"] for each in written.records()]
    assert counts == list(range(counts[0], counts[0] + len(counts)))


def test_a_server_that_stops_answering_is_away_in_some_seconds(
    serve: Serve, make_ioc: Callable[..., EpicsIoc]
) -> None:
    ioc = make_ioc("near")
    mode = 'within = "0.05 s"'
    service, written = serve(LAB.format(address=ioc.address, other=ioc.address, mode=mode))
    worker = service.start("connect", "one")
    written.wait_for_records(20)
    assert ioc.process is not None
    ioc.process.send_signal(signal.SIGSTOP)
    written.wait_until(lambda: [e.kind for e in written.events()][-1] == "lost", 12)
    assert "does not answer any more" in written.events()[-1].text
    ioc.process.send_signal(signal.SIGCONT)
    written.wait_until(lambda: [e.kind for e in written.events()][-1] == "gap", 30)
    assert not worker.children()
    assert worker.terminate() == 0
    assert set(written.ids().values()) == {1}


def test_no_process_and_no_socket_is_left(serve: Serve, make_ioc: Callable[..., EpicsIoc]) -> None:
    ioc = make_ioc("near")
    before = set(psutil.pids())
    lab = LAB.format(address=ioc.address, other=ioc.address, mode='trigger = "count"')
    service, written = serve(lab)
    worker = service.start("connect", "one")
    written.wait_for_records(5)
    assert not worker.children()
    assert worker.terminate() == 0
    ours = {pid for pid in set(psutil.pids()) - before if _is_ours(pid, worker.log)}
    assert ours == set()


async def test_a_dry_run_shows_names_units_and_values(make_ioc: Callable[..., EpicsIoc]) -> None:
    ioc = make_ioc("near")
    mode = 'trigger = "count"'
    lab = Lab.parse(LAB.format(address=ioc.address, other=ioc.address, mode=mode))
    around = Surroundings(settings=Settings(), dry_run=True, clock=time.time)
    connector = make_connector(lab.sources["oven"], around)
    async with aclosing(connector.read(None)) as batches:  # type: ignore[type-var]  # a generator
        items = [item for item in (await anext(batches)).items if isinstance(item, Arrival)]
    assert {"count", "temperature", "broken", "state", "curve"} <= set(items[0].values)
    assert items[0].units == {"temperature": "degC", "broken": "V"}
    assert items[0].address == f"epics://{ioc.address}/LAB:COUNT"
    others = asyncio.all_tasks() - {asyncio.current_task()}
    assert not others


def _far(record: dict[str, dict[str, float | None]]) -> float | None:
    return record["values"].get("far")


def _is_ours(pid: int, log: Path) -> bool:
    """Whether a process holds the log of the worker open, as a repeater that it started would."""
    folder = Path(f"/proc/{pid}/fd")
    try:
        return any(each.readlink() == log for each in folder.iterdir())
    except OSError:
        return False
