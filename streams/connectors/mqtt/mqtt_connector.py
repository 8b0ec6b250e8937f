"""The connector of MQTT: nothing is acknowledged before it is in Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any, Final

from halflife.schemas.sources.mqtt_source import MqttSource
from halflife.streams.connectors.batch import Batch, Item, Position
from halflife.streams.connectors.connector import Connector
from halflife.streams.connectors.gap import Gap
from halflife.streams.connectors.surroundings import Surroundings

from .heard import Heard
from .link import client_id, connected, subscribe
from .manual_client import ManualClient
from .mqtt_records import MqttRecords
from .written import Written

_MOST: Final = 500
_LINGER: Final = 0.05
_LOOK: Final = 0.25
_IDLE: Final = 5.0


class MqttConnector(Connector[MqttSource]):
    """Reads topics with a session that the broker keeps while we are away.

    Its position: what is written and perhaps not acknowledged (`Written`), values that wait for
    others, when something was last heard, and what the broker was asked for.
    """

    def __init__(self, plan: MqttSource, surroundings: Surroundings) -> None:
        super().__init__(plan, surroundings)
        self._written = Written()
        self._records = MqttRecords(plan, now=surroundings.clock())
        self._heard = surroundings.clock()
        self._unsafe = plan.qos == 0
        self._asking: asyncio.Task[None] | None = None

    async def read(self, position: Position | None) -> AsyncIterator[Batch]:
        """Connect, and hand on what comes; each message is acknowledged when its batch is kept."""
        plan, dry = self.plan, self.surroundings.dry_run
        async with connected(plan, self.surroundings, session=3600 * plan.session_hours) as client:
            items = self._go_on(position, client)
            await subscribe(
                client,
                plan,
                plan.filters,
                qos=0 if dry else plan.qos,
                retained=dry or plan.trigger is not None,
                former=() if position is None or dry else position["filters"],
            )
            self.surroundings.connected(plan.address)
            yield Batch(items, self._position())
            try:
                async with aclosing(self._batches(client)) as batches:
                    async for batch in batches:
                        yield batch
            finally:
                if self._asking is not None:
                    self._asking.cancel()

    async def _batches(self, client: ManualClient) -> AsyncGenerator[Batch, None]:
        """What comes, each acknowledged when the next is asked for."""
        while True:
            wait = _LOOK if self._records.waits else _IDLE
            batch = await client.collect(_MOST, _LINGER, wait)
            items = self._items(batch) + self._dropped(client)
            if items or any(heard not in self._written for heard in batch if heard.qos):
                for heard in batch:
                    self._written.add(heard)
                yield Batch(items, self._position())
            for heard in batch:
                client.acknowledge(heard)
                self._written.acknowledged(heard)
            self._confirm(client)

    def _confirm(self, client: ManualClient) -> None:
        """Find out, meanwhile, whether the broker has heard of all acknowledgements."""
        if self._written.unsure and (self._asking is None or self._asking.done()):
            number = self._written.asked()
            self._asking = asyncio.create_task(self._ask(client, number))

    async def _ask(self, client: ManualClient, number: int) -> None:
        if await client.settled():
            self._written.confirmed(number)

    def _go_on(self, position: Position | None, client: ManualClient) -> list[Item]:
        """Take up a position; tells what was missed since."""
        now = self.surroundings.clock()
        if position is None:
            return []
        last, self._unsafe = float(position["heard"]), self._unsafe or position["unsafe"]
        self._records = MqttRecords(self.plan, position["records"], now=now)
        if client.session_present:
            self._written = Written(position["written"], now=now)
            said = "messages that were published with QoS 0 meanwhile are lost"
            return [self._gap(last, now, said)] if self._unsafe else []
        said = (
            f"the broker has forgotten {client_id(self.plan, self.surroundings)}: what was "
            "published meanwhile is lost"
        )
        return [self._gap(last, now, said)]

    def _items(self, batch: Sequence[Heard]) -> list[Item]:
        """What a batch becomes, without what is only told again."""
        now = self.surroundings.clock()
        items: list[Item] = []
        for heard in batch:
            self._heard = heard.time
            self._written.heard_at(heard.time)
            self._unsafe = self._unsafe or not (heard.qos or heard.retain)
            if heard in self._written:
                continue
            if heard.retain and not self.surroundings.dry_run:
                self._records.fill(heard)
            else:
                items += self._records.take(heard)
        return items + self._records.flush(now)

    def _dropped(self, client: ManualClient) -> list[Item]:
        if not client.dropped:
            return []
        count, client.dropped = client.dropped, 0
        now = self.surroundings.clock()
        said = f"{count:,} messages of QoS 0 came faster than they could be written"
        return [self._gap(self._heard, now, said)]

    def _gap(self, first: float, last: float, text: str) -> Gap:
        return Gap(
            datetime.fromtimestamp(first, UTC),
            datetime.fromtimestamp(last, UTC),
            f"{self.plan.address}: {text}",
        )

    def _position(self) -> dict[str, Any]:
        return {
            "written": self._written.state(),
            "records": self._records.state(),
            "heard": self._heard,
            "unsafe": self._unsafe,
            "filters": self.plan.filters,
        }
