"""Channels of EPICS (Channel Access), joined to records."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Final

from halflife.schemas.sources.epics_source import EpicsSource

from .arrival import Arrival
from .batch import Batch, Item, Position
from .connector import Connector
from .epics_client import EpicsClient
from .epics_places import places_of
from .epics_update import EpicsUpdate
from .errors import SourceAway
from .hearing import Hearing
from .joined import Joined
from .joiner import Joiner
from .single_values import digest, taken, whole
from .surroundings import Surroundings

_FIRST_SECONDS: Final = 5.0
_BEAT_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.5
_SEVERITIES: Final = {"minor": 1, "major": 2, "invalid": 3}


class EpicsConnector(Connector[EpicsSource]):
    """Listens to channels, and makes records of their values.

    A position says until when each channel was heard. What happens in a server while nobody
    listens is lost there, and told as a gap when the channel is heard again.
    """

    def __init__(self, plan: EpicsSource, surroundings: Surroundings) -> None:
        super().__init__(plan, surroundings)
        self._names = {pv: name for name, pv in plan.names.items()}
        self._joiner = Joiner(plan.names, trigger=plan.trigger, within=plan.within)
        self._hearing = Hearing(surroundings.clock)
        self._servers: dict[str, str] = {}
        self._marks: dict[str, str] = {}
        self._worst = _SEVERITIES[plan.missing_at]

    async def read(self, position: Position | None) -> AsyncIterator[Batch]:
        """Records as they happen; see `Connector.read`."""
        self._resume(position)
        client = EpicsClient(
            self._names,
            places=await places_of(self.plan, self.surroundings.environ),
            highest={pv: self._highest(name) for pv, name in self._names.items()},
            clock=self.surroundings.clock,
            user=self.surroundings.environ.get("USER") or "halflife",
        )
        async with client:
            updates = await self._first(client)
            beat = self.surroundings.clock()
            while True:
                items = self._items(updates)
                now = self.surroundings.clock()
                is_over = self._is_over
                if items or is_over or now - beat >= _BEAT_SECONDS:
                    yield Batch(items, self._position(client))
                    beat = now
                if is_over:
                    raise SourceAway(client.trouble or "the channels are gone")
                updates = await taken(client.updates, _POLL_SECONDS)

    @property
    def _is_over(self) -> bool:
        """Whether no record can come any more."""
        if self.plan.trigger is not None:
            return self.plan.trigger not in self._hearing
        return not self._servers

    def _resume(self, position: Position | None) -> None:
        if position is not None:
            self._hearing = Hearing(
                self.surroundings.clock,
                {name: at for name, at in position["heard"].items() if name in self.plan.names},
            )
            self._marks = dict(position["marks"])
            if self.plan.within is not None and position["joiner"] is not None:
                self._joiner.restore(position["joiner"])

    def _position(self, client: EpicsClient) -> Position:
        if client.updates.empty():
            for name, server in self._servers.items():
                self._hearing.alive([name], client.last_heard(server) or 0.0)
        return {
            "heard": self._hearing.state(),
            "marks": self._marks,
            "joiner": None if self.plan.within is None else self._joiner.state(),
        }

    async def _first(self, client: EpicsClient) -> list[EpicsUpdate]:
        """What is heard until each channel has a value, or some seconds have passed.

        Raises:
            SourceAway: If the channels without which there are no records are not found.
        """
        updates: list[EpicsUpdate] = []
        loop = asyncio.get_running_loop()
        due = loop.time() + _FIRST_SECONDS
        valued: set[str] = set()
        while len(valued) < len(self._names) and (rest := due - loop.time()) > 0:
            new = await taken(client.updates, min(rest, _POLL_SECONDS))
            valued |= {each.pv for each in new if each.kind == "value"}
            updates += new
        trigger = None if self.plan.trigger is None else self.plan.names[self.plan.trigger]
        silent = [pv for pv in self._names if pv not in valued]
        if not valued or trigger in silent:
            names = trigger or ", ".join(silent[:5])
            raise SourceAway(f"no server answers for {names}: {client.trouble}".rstrip(": "))
        if silent:
            self.surroundings.log.warning(
                "source %s: no server answers for %s: missing until one does",
                self.plan.name,
                ", ".join(silent),
            )
        return whole(updates, lambda each: each.pv if each.kind == "value" else None, trigger)

    def _items(self, updates: list[EpicsUpdate]) -> list[Item]:
        """What updates come to, in their order; before that, gaps of what is heard again."""
        items: list[Item] = []
        for update in updates:
            name = self._names[update.pv]
            if update.kind == "value":
                items += self._take(name, update)
            elif update.kind == "up":
                self._servers[name] = update.server
                self._hearing.up(name)
                self.surroundings.connected(f"epics://{update.server}")
            else:
                self._gone(name, update)
        late = self._joiner.flush(self.surroundings.clock())
        return [*self._hearing.gaps(), *items, *map(self._joined, late)]

    def _take(self, name: str, update: EpicsUpdate) -> list[Arrival]:
        said = None if update.stamp is None else update.stamp / 1e9
        self._hearing.value(name, update.heard, said)
        value = None if update.severity >= self._worst else update.value
        # A server says the latest value again to whoever connects.
        mark = digest([update.pv, update.stamp, value])
        is_known, self._marks[name] = self._marks.get(name) == mark, mark
        if is_known and (self.plan.trigger is None or self.plan.trigger == name):
            return []
        time = update.heard if said is None else said
        done = self._joiner.put(name, value, time, update.unit, now=update.heard)
        if self.plan.trigger is None:
            return [self._joined(each) for each in done]
        stamp = update.stamp or int(update.heard * 1e6) * 1000
        return [self._triggered(each, update, stamp, mark) for each in done]

    def _triggered(self, joined: Joined, update: EpicsUpdate, stamp: int, mark: str) -> Arrival:
        """A record that is the same if its trigger has the same time and value."""
        moment = datetime.fromtimestamp(stamp // 10**9, UTC)
        return Arrival(
            values=joined.values,
            address=f"epics://{update.server}/{update.pv}",
            record_id=f"{self.plan.name}:{stamp}:{mark}",
            time=moment + timedelta(microseconds=stamp % 10**9 // 1000),
            units=joined.units,
        )

    def _joined(self, joined: Joined) -> Arrival:
        """A record that is the same if it has the same time and values."""
        name = next(iter(joined.values))
        return Arrival(
            values=joined.values,
            address=f"epics://{self._servers.get(name, '')}/{self.plan.names[name]}",
            record_id=f"{self.plan.name}:{joined.time:.6f}:{digest(joined.values)}",
            time=joined.moment,
            units=joined.units,
        )

    def _gone(self, name: str, update: EpicsUpdate) -> None:
        """A value counts no more once nobody says whether it is still so."""
        if self._servers.pop(name, None) is None:
            return
        self._hearing.down(name, update.heard)
        if self.plan.trigger is not None:
            self._joiner.forget(name)
        self.surroundings.log.warning(
            "source %s: %s is gone: %s: %s", self.plan.name, update.pv, update.server, update.text
        )

    def _highest(self, name: str) -> int:
        """The last element of an array that a column wants."""
        wanted = [name, *(column.path for column in self.plan.columns.values())]
        rests = [path[len(name) + 1 :] for path in wanted if path.startswith(f"{name}.")]
        return max((int(rest) for rest in rests if rest.isdecimal()), default=0)
