"""Observable properties of a SiLA 2 server, joined to records."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from typing import Final

from halflife.schemas.sources.field_path import ABSENT, value_at
from halflife.schemas.sources.sila_source import SilaSource

from .arrival import Arrival
from .batch import Batch, Item, Position
from .connector import Connector
from .hearing import Hearing
from .joined import Joined
from .joiner import Joiner
from .sila_client import SilaClient
from .sila_update import SilaUpdate
from .single_values import digest, taken, whole
from .surroundings import Surroundings

_FIRST_SECONDS: Final = 5.0
_BEAT_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.5


class SilaConnector(Connector[SilaSource]):
    """Listens to properties, and makes records of their values.

    SiLA says no times: a record has the time at which it arrived. A server says the latest value
    to whoever subscribes; where that is what was last written, nothing is known to have happened.
    """

    def __init__(self, plan: SilaSource, surroundings: Surroundings) -> None:
        super().__init__(plan, surroundings)
        self._rests: dict[str, dict[str, str]] = {}
        for name, path in plan.properties.items():
            feature, own, *rest = path.split(".")
            self._rests.setdefault(f"{feature}.{own}", {})[name] = ".".join(rest)
        self._joiner = Joiner(
            plan.properties,
            trigger=plan.trigger,
            within=plan.within,
            settle=plan.settle if plan.trigger is not None else 0.0,
        )
        self._left: list[Joined] = []
        self._hearing = Hearing(surroundings.clock)
        self._marks: dict[str, str] = {}
        self._fresh = set(plan.properties)

    async def read(self, position: Position | None) -> AsyncIterator[Batch]:
        """Records as they happen; see `Connector.read`."""
        self._resume(position)
        client = SilaClient(self.plan, self._rests, clock=self.surroundings.clock)
        async with client:
            self.surroundings.connected(client.address)
            updates = await self._first(client)
            beat = self.surroundings.clock()
            while True:
                items = self._items(updates, client)
                now = self.surroundings.clock()
                if items or now - beat >= _BEAT_SECONDS:
                    yield Batch(items, self._position(client))
                    beat = now
                if client.updates.empty():
                    client.check()
                updates = await taken(client.updates, _POLL_SECONDS)

    def _resume(self, position: Position | None) -> None:
        if position is not None:
            heard = position["heard"].items()
            self._hearing = Hearing(
                self.surroundings.clock,
                {name: at for name, at in heard if name in self.plan.properties},
            )
            self._marks = dict(position["marks"])
            if position["joiner"] is not None:
                self._joiner.restore(position["joiner"])
            if self.plan.trigger is not None:
                # What is heard now came later than the trigger, and belongs to another record.
                self._left = self._joiner.flush(math.inf)
                self._joiner.forget()

    def _position(self, client: SilaClient) -> Position:
        if client.updates.empty():
            self._hearing.alive(self.plan.properties, client.heard)
        return {
            "heard": self._hearing.state(),
            "marks": self._marks,
            "joiner": self._joiner.state() if self.plan.within or self._joiner.settles else None,
        }

    async def _first(self, client: SilaClient) -> list[SilaUpdate]:
        """What is heard until each property has a value, or some seconds have passed."""
        updates: list[SilaUpdate] = []
        loop = asyncio.get_running_loop()
        due = loop.time() + _FIRST_SECONDS
        while {each.name for each in updates} != set(self._rests) and (
            rest := due - loop.time()
        ) > 0:
            client.check()
            updates += await taken(client.updates, min(rest, _POLL_SECONDS))
        trigger = self.plan.trigger
        of_trigger = next((own for own, names in self._rests.items() if trigger in names), None)
        first: dict[str, float] = {}
        for each in updates:
            if not each.trouble and each.name != of_trigger:
                first.setdefault(each.name, each.heard)
        # What belonged to a trigger long before the others' first values, nobody heard.
        since = max(first.values(), default=0.0) - self.plan.settle
        kept = [e for e in updates if e.trouble or e.name != of_trigger or e.heard >= since]
        return whole(kept, lambda each: None if each.trouble else each.name, of_trigger)

    def _items(self, updates: list[SilaUpdate], client: SilaClient) -> list[Item]:
        """What updates come to, in their order; before that, gaps of what is heard again."""
        before, self._left = self._left, []
        items: list[Item] = self._arrivals(before, client)
        for update in updates:
            if update.trouble and self.plan.trigger is not None:
                items += self._arrivals(self._joiner.flush(math.inf), client)
            # Of what comes together the trigger counts last.
            names = sorted(self._rests[update.name], key=lambda name: name == self.plan.trigger)
            for name in names:
                if update.trouble:
                    self._gone(name, update)
                else:
                    items += self._take(name, update, client)
        late = self._joiner.flush(self.surroundings.clock())
        return [*self._hearing.gaps(), *items, *self._arrivals(late, client)]

    def _take(self, name: str, update: SilaUpdate, client: SilaClient) -> list[Item]:
        self._hearing.up(name)
        self._hearing.value(name, update.heard)
        rest = self._rests[update.name][name]
        found = value_at(update.value, rest) if rest else update.value
        value = None if found is ABSENT else found
        mark = digest(value)
        is_known = name in self._fresh and self._marks.get(name) == mark
        self._fresh.discard(name)
        self._marks[name] = mark
        if is_known and (self.plan.trigger is None or self.plan.trigger == name):
            return []
        # What has settled by then is complete without this value.
        done = self._joiner.flush(update.heard) + self._joiner.put(name, value, update.heard)
        return self._arrivals(done, client)

    def _arrivals(self, records: Iterable[Joined], client: SilaClient) -> list[Item]:
        return [self._arrival(each, client) for each in records]

    def _arrival(self, joined: Joined, client: SilaClient) -> Arrival:
        trigger = self.plan.trigger
        mark = digest(joined.values if trigger is None else joined.values[trigger])
        name = self.plan.trigger or next(iter(joined.values))
        return Arrival(
            values=joined.values,
            address=f"{client.address}/{self.plan.properties[name].replace('.', '/')}",
            record_id=f"{self.plan.name}:{int(joined.time * 1e6)}:{mark}",
            time=datetime.fromtimestamp(joined.time, UTC),
            units=self._units(client),
        )

    def _units(self, client: SilaClient) -> dict[str, str]:
        """Units by the paths that columns name; elements of a list have that of the list."""
        wanted = [*self.plan.properties, *(each.path for each in self.plan.columns.values())]
        found: dict[str, str] = {}
        for path in wanted:
            for own, names in self._rests.items():
                for name, rest in names.items():
                    if path == name or path.startswith(f"{name}."):
                        inner = f"{rest}.{path[len(name) + 1 :]}".split(".")
                        at = ".".join(part for part in inner if part and not part.isdecimal())
                        if at in client.scales[own]:
                            found[path] = client.scales[own][at].unit
        return found

    def _gone(self, name: str, update: SilaUpdate) -> None:
        """A value counts no more once nobody says whether it is still so."""
        if name in self._hearing:
            self._hearing.down(name, update.heard)
            if self.plan.trigger is not None:
                self._joiner.forget(name)
        self._fresh.add(name)
        self.surroundings.log.warning(
            "source %s: %s is not heard: %s", self.plan.name, update.name, update.trouble
        )
