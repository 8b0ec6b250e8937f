"""Sparkplug B against a real mosquitto, with an edge node that keeps to the specification."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from halflife.streams.broker.embedded import EmbeddedKafka
from tests.harness import chaos_sparkplug
from tests.harness.connecting import Written
from tests.harness.mosquitto import Mosquitto
from tests.harness.service import wait_until
from tests.harness.sparkplug_node import DOUBLE, SparkplugNode

from .conftest import Serve

LAB = """
[stream.oven]
[stream.oven.column]
setpoint = {{ role = "set-point", unit = "degC" }}
temp = {{ role = "measured", unit = "degC", max = 1000 }}
[source.oven]
type = "sparkplug"
host = "127.0.0.1"
port = {port}
group = "lab"
{more}
[source.oven.column]
setpoint = "Oven/Setpoint"
temp = "Oven/Temperature"
"""
FIRST = {"Oven/Setpoint": (DOUBLE, 100.0), "Oven/Temperature": (DOUBLE, 293.15)}
UNITS = {"Oven/Temperature": "K"}
RECORDS, KILLS, RESTARTS = 500, 1, 1


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "mosquitto") as started:
        yield started


def gaps(written: Written, text: str) -> int:
    return sum(event.kind == "gap" and text in event.text for event in written.events())


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_a_node_is_born_and_tells_and_dies(serve: Serve, broker: Mosquitto, version: str) -> None:
    service, written = serve(LAB.format(port=broker.port, more=f'version = "{version}"'))
    service.start("connect", "one").wait_for("is read from", 60)
    node = SparkplugNode(broker, FIRST, UNITS)
    with node:
        node.data({"Oven/Temperature": 373.15}, time_ms=1_790_000_000_500)
        (record,) = written.wait_for_records(1)
        assert record["values"] == {"setpoint": 100.0, "temp": pytest.approx(100.0)}
        assert record["time"].startswith("2026-09-21T14:13:20.5")
        assert record["instrument"] == "edge/oven"
        assert node.births == 1
        node.skip()
        node.data({"Oven/Temperature": 374.15})
        wait_until(lambda: node.births == 2, 30, lambda: f"{node.births} births")
        written.wait_until(lambda: gaps(written, "1 messages of edge node edge are missing"))
        node.data({"Oven/Setpoint": 120.0})
        records = written.wait_for_records(3)
        assert records[1]["values"] == {"temp": pytest.approx(101.0)}, "the set-point is not sure"
        assert records[2]["values"] == {"setpoint": 120.0, "temp": pytest.approx(101.0)}
        node.device_dies()
        written.wait_until(lambda: gaps(written, "device edge/oven is gone"))
        node.vanish()
        written.wait_until(lambda: gaps(written, "edge node edge is gone"))


def test_births_are_asked_for_when_a_connector_comes_later(serve: Serve, broker: Mosquitto) -> None:
    service, written = serve(LAB.format(port=broker.port, more='host_id = "halflife"'))
    states: list[bool] = []
    with broker.client() as other, SparkplugNode(broker, FIRST) as node:
        other.listen(
            "spBv1.0/STATE/#", lambda _, payload: states.append(json.loads(payload)["online"])
        )
        worker = service.start("connect", "one")
        worker.wait_for("is read from", 60)
        node.data({"Oven/Temperature": 20.0})
        wait_until(lambda: node.births == 2, 30, lambda: f"{node.births} births")
        node.data({"Oven/Temperature": 30.0})
        written.wait_for_records(1)
        wait_until(lambda: states == [True], 10, lambda: str(states))
        worker.kill()
        wait_until(lambda: states == [True, False], 30, lambda: str(states))
        service.start("connect", "one")
        wait_until(lambda: node.births == 3, 60, lambda: f"{node.births} births")
        node.data({"Oven/Temperature": 40.0}, historical=True, time_ms=1_790_000_000_000)
        records = written.wait_for_records(2)
        assert records[-1]["values"] == {"temp": 40.0}
        assert records[-1]["time"].startswith("2026-09-21T14:13:20")
        written.wait_until(lambda: gaps(written, "what was published meanwhile is lost") == 1)


def test_what_is_no_message_is_a_dead_letter(serve: Serve, broker: Mosquitto) -> None:
    service, written = serve(LAB.format(port=broker.port, more=""))
    service.start("connect", "one").wait_for("is read from", 60)
    with broker.client() as other:
        other.send([("spBv1.0/lab/DDATA/edge/oven", b"\x12\xff\xff")])
    written.wait_until(written.letters)
    (letter,) = written.letters()
    assert letter.reason == "broken-protobuf"
    assert letter.address == f"mqtt://127.0.0.1:{broker.port}/spBv1.0/lab/DDATA/edge/oven"


@pytest.mark.slow
def test_killed_and_restarted_it_doubles_nothing_and_tells_what_is_missing(
    kafka: EmbeddedKafka, topic_prefix: str, tmp_path: Path
) -> None:
    figures = chaos_sparkplug.run(
        kafka.address,
        topic_prefix,
        tmp_path,
        records=RECORDS,
        kills=KILLS,
        restarts=RESTARTS,
    )
    assert (figures["doubled"], figures["doubled_ids"]) == (0, 0)
    assert figures["gaps"] >= KILLS + RESTARTS
    assert figures["lost_outside_gaps"] == 0
    assert figures["written"] > 0
