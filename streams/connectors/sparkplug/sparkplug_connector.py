"""The connector of Sparkplug B: a host application that only listens, and asks for births."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final

import aiomqtt
import orjson

from halflife.schemas.sources.sparkplug_source import SparkplugSource
from halflife.streams.connectors.batch import Batch, Item, Position
from halflife.streams.connectors.connector import Connector
from halflife.streams.connectors.gap import Gap
from halflife.streams.connectors.mqtt.heard import Heard
from halflife.streams.connectors.mqtt.link import connected, subscribe
from halflife.streams.connectors.mqtt.manual_client import ManualClient

from .codec import rebirth_command
from .sparkplug_records import SparkplugRecords

_MOST: Final = 500
_LINGER: Final = 0.05
_LOOK: Final = 1.0


class SparkplugConnector(Connector[SparkplugSource]):
    """Reads a group of edge nodes.

    Data comes with QoS 0, and the specification wants no lasting session: what is published while
    nobody listens is a gap, unless nodes keep it for their primary host. The position says when
    something was last heard, and which nodes there are.
    """

    async def read(self, position: Position | None) -> AsyncIterator[Batch]:
        """Connect, ask for births, and hand on what comes."""
        plan, here = self.plan, self.surroundings
        host = None if here.dry_run else plan.host_id
        born = here.clock()
        records = SparkplugRecords(
            plan,
            () if position is None else position["nodes"],
            lenient=here.dry_run or not plan.rebirth,
        )
        will = host and aiomqtt.Will(_state_topic(host), _state(False, born), 1, True)
        async with connected(plan, here, will=will or None) as client:
            filters = [*plan.filters, *([_state_topic(host)] if host else [])]
            await subscribe(client, plan, filters, qos=0 if here.dry_run else 1, retained=False)
            if host:
                await client.publish(_state_topic(host), _state(True, born), 1, True)
            here.connected(plan.address)
            heard = here.clock() if position is None else float(position["heard"])
            yield Batch(self._missed(position), self._position(heard, records, position))
            try:
                while True:
                    await self._ask(client, records)
                    batch = await client.collect(_MOST, _LINGER, _LOOK)
                    items: list[Item] = []
                    for message in batch:
                        items += records.take(message)
                    if host:
                        await self._assert_host(client, host, batch)
                    if batch:
                        yield Batch(items, self._position(batch[-1].time, records, position))
                    for message in batch:
                        client.acknowledge(message)
            finally:
                if host:
                    await _say_offline(client, host, here.clock())

    async def _ask(self, client: ManualClient, records: SparkplugRecords) -> None:
        now = self.surroundings.clock()
        for node in records.ask(now):
            topic = f"spBv1.0/{self.plan.group}/NCMD/{node}"
            await client.publish(topic, rebirth_command(now), 0)

    async def _assert_host(self, client: ManualClient, host: str, batch: list[Heard]) -> None:
        """If somebody says that we are gone (a will of a former life), say that we are not."""
        for message in batch:
            if message.topic == _state_topic(host) and not message.retain:
                try:
                    online = bool(orjson.loads(message.payload)["online"])
                except (ValueError, TypeError, KeyError):
                    online = False
                if not online:
                    now = self.surroundings.clock()
                    await client.publish(_state_topic(host), _state(True, now), 1, True)

    def _missed(self, position: Position | None) -> list[Item]:
        if position is None:
            return []
        said = (
            f"{self.plan.address}: what was published meanwhile is lost, unless edge nodes keep it "
            "for their primary host"
        )
        first = datetime.fromtimestamp(float(position["heard"]), UTC)
        return [Gap(first, datetime.fromtimestamp(self.surroundings.clock(), UTC), said)]

    def _position(
        self, heard: float, records: SparkplugRecords, former: Position | None
    ) -> dict[str, Any]:
        known = dict.fromkeys([*(former["nodes"] if former else ()), *records.nodes])
        return {"heard": heard, "nodes": list(known)[-1000:]}


def _state_topic(host: str) -> str:
    return f"spBv1.0/STATE/{host}"


def _state(online: bool, now: float) -> bytes:
    return orjson.dumps({"online": online, "timestamp": int(1000 * now)})


async def _say_offline(client: ManualClient, host: str, now: float) -> None:
    """As far as there is still somebody to say it to."""
    try:
        await client.publish(_state_topic(host), _state(False, now), 1, True, timeout=2)
    except aiomqtt.MqttError:
        return
