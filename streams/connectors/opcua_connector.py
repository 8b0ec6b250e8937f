"""Reads an OPC UA server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from asyncua import ua  # this module is imported only for sources of its type

from halflife.schemas.sources.opcua_source import OpcuaSource

from .batch import Batch, Item, Position
from .connector import Connector
from .gap import Gap
from .opcua_link import connected, told
from .opcua_nodes import find_variables, wanted
from .opcua_reading import Reading
from .opcua_records import OpcuaRecords
from .opcua_subscription import OpcuaSubscription
from .opcua_values import zoned
from .opcua_variable import OpcuaVariable
from .surroundings import Surroundings

if TYPE_CHECKING:
    from asyncua import Client

_LOOK_SECONDS: Final = 0.25
_PLACE_SECONDS: Final = 2.0
_DRY_SECONDS: Final = 1.0
_SAME_CLOCK: Final = timedelta(seconds=5)


class OpcuaConnector(Connector[OpcuaSource]):
    """Hears variables by subscription, and joins their changes into records.

    Its position is the time, by the server's clock, before which everything was heard, and what the
    last record was. What happens between that time and the next session nobody will know: it is
    told as a gap.
    """

    def __init__(self, plan: OpcuaSource, surroundings: Surroundings) -> None:
        super().__init__(plan, surroundings)
        self._wanted = wanted(plan)

    async def read(self, position: Position | None) -> AsyncIterator[Batch]:
        """As the contract says; a session is one connection."""
        plan = self.plan
        async with connected(plan, self.surroundings.environ) as client:
            with told(plan.url, "looking for nodes"):
                variables = await find_variables(client, plan, self._wanted)
            records = OpcuaRecords(plan, variables, position)
            if self.surroundings.dry_run:
                self.surroundings.connected(plan.url)
                while True:
                    with told(plan.url, "reading"):
                        readings = await _read(client, variables)
                    yield Batch(records.snapshot(readings))
                    await asyncio.sleep(_DRY_SECONDS)
            async with aclosing(self._listen(client, variables, records, position)) as batches:
                async for batch in batches:
                    yield batch

    async def _listen(
        self,
        client: Client,
        variables: Sequence[OpcuaVariable],
        records: OpcuaRecords,
        position: Position | None,
    ) -> AsyncGenerator[Batch, None]:
        """Subscribe, and tell what changes until the connection is lost."""
        clock = self.surroundings.clock
        subscription = OpcuaSubscription(client, self.plan)
        try:
            await subscription.begin(variables)
            placed: datetime | None = None
            opened: list[Reading] = []
            while True:
                readings = await subscription.changes(_LOOK_SECONDS)
                pulse = subscription.pulse
                if pulse is None:  # the first values of all variables come before it
                    opened += readings
                    continue
                items: list[Item] = []
                if placed is None:
                    self.surroundings.connected(self.plan.url)
                    items += self._gap(position, pulse)
                    readings, opened = sorted([*opened, *readings], key=lambda r: r.time), []
                items += records.take(readings, clock())
                due = placed is None or pulse - placed >= timedelta(seconds=_PLACE_SECONDS)
                if items or due:
                    placed = pulse
                    heard = min(pulse, records.waiting_since or pulse)
                    yield Batch(items, {"heard": heard.isoformat(), "written": records.written})
        finally:
            await subscription.end()
            records.tell_missing()

    def _gap(self, position: Position | None, pulse: datetime) -> list[Gap]:
        """The time from the last session to this one."""
        if position is None:
            return []
        first = datetime.fromisoformat(position["heard"])
        here = datetime.fromtimestamp(self.surroundings.clock(), UTC)
        # Servers may look at their clock once a second; ours is later, where the two agree.
        last = max(pulse, here) if abs(here - pulse) < _SAME_CLOCK else pulse
        said = f"{self.plan.url} was not heard; what changed and changed back meanwhile is unknown"
        return [Gap(min(first, last), last, said)]


async def _read(client: Client, variables: Sequence[OpcuaVariable]) -> list[Reading]:
    """The present values of variables."""
    nodes = [client.get_node(variable.node) for variable in variables]
    found: list[Any] = await client.read_attributes(nodes, ua.AttributeIds.Value)
    now = datetime.now(UTC)
    return [
        Reading(
            variable.name,
            item.Value.Value if item.Value else None,
            zoned(item.SourceTimestamp or item.ServerTimestamp or now),
            int(item.StatusCode.value) if item.StatusCode else 0,
        )
        for variable, item in zip(variables, found, strict=True)
    ]
