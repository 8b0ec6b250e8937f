"""The connector of MQTT beside a real mosquitto: who acknowledges what, and when."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from halflife.schemas.errors import LabFileError
from halflife.schemas.settings import Settings
from halflife.schemas.sources.mqtt_source import MqttSource
from halflife.schemas.sources.sparkplug_source import SparkplugSource
from halflife.streams.connectors.arrival import Arrival
from halflife.streams.connectors.batch import Batch, Position
from halflife.streams.connectors.errors import SourceAway, SourceRefused
from halflife.streams.connectors.gap import Gap
from halflife.streams.connectors.mqtt.mqtt_connector import MqttConnector
from halflife.streams.connectors.mqtt.written import Written
from halflife.streams.connectors.sparkplug.sparkplug_connector import SparkplugConnector
from halflife.streams.connectors.surroundings import Surroundings
from tests.harness.mosquitto import Mosquitto, make_certificates
from tests.harness.sparkplug_node import DOUBLE, message


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "mosquitto") as started:
        yield started


def connector(broker: Mosquitto, dry_run: bool = False, **more: Any) -> MqttConnector:
    plan = {"name": "oven", "type": "mqtt", "host": "127.0.0.1", "port": broker.port}
    surroundings = Surroundings(
        settings=Settings(topic_prefix="lab1"), clock=time.time, dry_run=dry_run
    )
    return MqttConnector(MqttSource(**{**plan, "topics": ["t/#"], **more}), surroundings)


async def read_until(batches: AsyncIterator[Batch], count: int) -> tuple[list[Any], Any]:
    """Items up to a count, and the position of the batch that had the last: not acknowledged."""
    items: list[Any] = []
    async for batch in batches:
        items += batch.items
        if len(items) >= count:
            return items, batch.position
    raise AssertionError("it ended")


def values(items: list[Any]) -> list[Any]:
    return [item.values["x"] for item in items if isinstance(item, Arrival)]


@pytest.mark.parametrize("version", ["3.1.1", "5"])
@pytest.mark.parametrize("restart", [False, True])
async def test_written_but_not_acknowledged_is_not_written_again(
    broker: Mosquitto, version: str, restart: bool
) -> None:
    position: Position | None = None
    async with aclosing(connector(broker, version=version).read(None)) as batches:
        first = await anext(batches)
        position = first.position
        with broker.client() as oven:
            # All alike: only numbers and marks of the protocol tell them apart.
            oven.send([("t/x", "1")] * 15)
        items, position = await read_until(batches, 15)
    assert len(items) == 15
    with broker.client() as oven:
        if restart:
            broker.restart()
    with broker.client() as oven:
        oven.send([("t/x", "1")] * 3)
    async with aclosing(connector(broker, version=version).read(position)) as batches:
        items, position = await read_until(batches, 3)
        await anext_or_nothing(batches)
    assert values(items) == ["1"] * 3
    names = {item.record_id for item in items}
    assert len(names) == 3


async def anext_or_nothing(batches: AsyncIterator[Batch]) -> None:
    """Goes on behind the last batch, so that it is acknowledged, until nothing comes."""
    try:
        async with asyncio.timeout(1.0):
            batch = await anext(batches)
    except TimeoutError:
        return
    raise AssertionError(f"more came: {batch}")


async def test_neither_written_nor_acknowledged_comes_again(broker: Mosquitto) -> None:
    async with aclosing(connector(broker).read(None)) as batches:
        position = (await anext(batches)).position
        with broker.client() as oven:
            oven.send([("t/x", str(x)) for x in range(30)])
        await read_until(batches, 30)
    async with aclosing(connector(broker).read(position)) as batches:
        items, _ = await read_until(batches, 30)
    assert values(items) == [str(x) for x in range(30)]


async def test_what_the_broker_has_confirmed_is_remembered_no_longer(broker: Mosquitto) -> None:
    async with aclosing(connector(broker).read(None)) as batches:
        await anext(batches)
        with broker.client() as oven:
            oven.send([("t/x", "1")] * 40)
            _, position = await read_until(batches, 40)
            assert len(Written(position["written"])) > 0
            until = time.monotonic() + 20
            while len(Written(position["written"])) > 5:  # the last ones are not confirmed yet
                assert time.monotonic() < until, position
                oven.send([("t/x", "1")])
                _, position = await read_until(batches, 1)


async def test_a_dry_run_sees_and_leaves_no_trace(broker: Mosquitto) -> None:
    async with aclosing(connector(broker).read(None)) as batches:
        position = (await anext(batches)).position
    with broker.client() as oven:
        oven.send([("t/x", "1")], retain=True)
    async with aclosing(connector(broker, dry_run=True).read(None)) as batches:
        items, _ = await read_until(batches, 1)
    assert values(items) == ["1"], "what the broker keeps for newcomers is shown"
    async with aclosing(connector(broker).read(position)) as batches:
        items, _ = await read_until(batches, 1)
    assert values(items) == ["1"], "and still waits for the real one"
    log = (broker.folder / "log").read_text()
    assert "halflife-look-" in log


async def test_topics_that_are_asked_for_no_more_are_left(broker: Mosquitto) -> None:
    async with aclosing(connector(broker, topics=["t/#", "u/x"]).read(None)) as batches:
        position = (await anext(batches)).position
    with broker.client() as oven:
        oven.send([("u/x", "1")])
        async with aclosing(connector(broker).read(position)) as batches:
            await anext(batches)
            oven.send([("u/x", "2"), ("t/x", "3")])
            items, _ = await read_until(batches, 1)
    assert values(items) == ["3"]


async def test_with_qos_0_a_time_away_is_a_gap(broker: Mosquitto) -> None:
    async with aclosing(connector(broker).read(None)) as batches:
        await anext(batches)
        with broker.client() as oven:
            oven.send([("t/x", "1")], qos=0)
        _, position = await read_until(batches, 1)
    async with aclosing(connector(broker).read(position)) as batches:
        (gap,) = (await anext(batches)).items
    assert isinstance(gap, Gap)
    assert "QoS 0" in gap.text


async def test_a_broker_that_stops_is_away(broker: Mosquitto) -> None:
    async with aclosing(connector(broker).read(None)) as batches:
        await anext(batches)
        broker.stop()
        with pytest.raises(SourceAway, match=r"mqtt://127\.0\.0\.1"):
            await anext(batches)
    with pytest.raises(SourceAway, match="refused"):
        await anext(connector(broker).read(None))


# paho drops the socket of a handshake that failed, and leaves it to Python to close it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_certificate_of_somebody_else_is_refused(tmp_path: Path) -> None:
    theirs, ours = (make_certificates(tmp_path / name) for name in ("theirs", "ours"))
    with Mosquitto(tmp_path / "m", certificates=theirs) as broker:
        with pytest.raises(SourceRefused, match="does not vouch for"):
            await anext(connector(broker, tls=True, ca_file=str(ours / "ca.pem")).read(None))
        with pytest.raises(LabFileError, match=r"source\.oven\.ca_file"):
            await anext(connector(broker, tls=True, ca_file=str(tmp_path / "none")).read(None))


async def test_a_dry_run_of_sparkplug_sends_nothing(broker: Mosquitto) -> None:
    commands: list[str] = []
    plan = SparkplugSource(
        name="oven", type="sparkplug", host="127.0.0.1", port=broker.port, group="lab", host_id="me"
    )
    surroundings = Surroundings(
        settings=Settings(topic_prefix="lab1"), clock=time.time, dry_run=True
    )
    raw = message({"t": (DOUBLE, 21.5)}, seq=7)
    with broker.client() as other:
        other.listen("spBv1.0/+/NCMD/#", lambda topic, _: commands.append(topic))
        other.listen("spBv1.0/STATE/#", lambda topic, _: commands.append(topic))
        async with aclosing(SparkplugConnector(plan, surroundings).read(None)) as batches:
            await anext(batches)
            other.send([("spBv1.0/lab/DDATA/edge/oven", raw)])
            items, _ = await read_until(batches, 1)
            await anext_or_nothing(batches)
    assert [item.values["t"] for item in items] == [21.5], "as far as names are in the data"
    assert commands == []
