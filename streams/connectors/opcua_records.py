"""Records out of the changes that an OPC UA server sends."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from halflife.schemas.errors import MessageError
from halflife.schemas.sources.opcua_source import OpcuaSource

from .arrival import Arrival
from .batch import Item, Position
from .gap import Gap
from .joined import Joined
from .joiner import Joiner
from .opcua_reading import Reading
from .opcua_values import StructureError, plain
from .opcua_variable import OpcuaVariable
from .refusal import Refusal

log = logging.getLogger(__name__)

_LONGEST_RAW: Final = 100_000


class OpcuaRecords:
    """Joins the changes of one session; what has not changed still holds.

    A session begins with the value that each variable has at that moment. That is no change; but
    where it differs from what was last written, something happened while nobody listened, and what
    is left of it becomes a record.

    Args:
        plan: Of the source.
        variables: That are heard.
        position: Of the session before; None if there was none.
    """

    def __init__(
        self, plan: OpcuaSource, variables: Iterable[OpcuaVariable], position: Position | None
    ) -> None:
        self._plan = plan
        self._variables = {variable.name: variable for variable in variables}
        self._units = {name: each.unit for name, each in self._variables.items() if each.unit}
        self._roles = {name: each.role for name, each in self._variables.items() if each.role}
        self._joiner = Joiner(
            list(self._variables), trigger=plan.trigger, within=plan.joined_within, required=()
        )
        self._latest: dict[str, Any] = {}
        self._times: dict[str, datetime] = {}
        self._waiting_since: datetime | None = None
        self._written: dict[str, Any] = dict((position or {}).get("written", {}))
        self.missing: Counter[str] = Counter()

    @property
    def written(self) -> Mapping[str, Any]:
        """What the next session has to know of the last record, as plain data."""
        return self._written

    @property
    def waiting_since(self) -> datetime | None:
        """Source time of the oldest change that is in no record yet, if it must come into one."""
        return self._waiting_since if len(self._joiner) and self._plan.trigger is None else None

    def take(self, readings: Sequence[Reading], now: float) -> list[Item]:
        """What changes amount to.

        Args:
            readings: In the order of their times.
            now: Seconds since 1970 at their arrival.
        """
        items: list[Item] = []
        begun, changed = self._parted(readings)
        if self._plan.trigger is not None:
            changed = sorted([*begun, *changed], key=self._order)
        elif begun:
            for reading in begun:
                self._note(reading, self._cell(reading, items))
            items += self._state_of_now()
        first_trigger = next((r for r in begun if r.name == self._plan.trigger), None)
        for reading in changed:
            value = self._cell(reading, items)
            if self._plan.trigger is None:
                items += self._arrivals(self._put(reading, value, now))
            elif reading.name == self._plan.trigger:
                items += self._triggered(reading, value, initial=reading is first_trigger)
            else:
                self._note(reading, value)
                self._joiner.put(reading.name, value, reading.time.timestamp())
        items += self.flush(now)
        return items

    def flush(self, now: float) -> list[Item]:
        """The record whose time has passed, if there is one.

        Args:
            now: Seconds since 1970.
        """
        return self._arrivals([self._filled(each) for each in self._joiner.flush(now)])

    def snapshot(self, readings: Sequence[Reading]) -> list[Item]:
        """All values together, as they are read in a dry run: a record that nothing triggers."""
        items: list[Item] = []
        for reading in readings:
            self._note(reading, self._cell(reading, items))
        return [*items, *self._arrivals([self._all()])]

    def tell_missing(self) -> None:
        """Say how many values of each variable could not be used."""
        if self.missing:
            counts = ", ".join(f"{name} {count}" for name, count in self.missing.most_common(20))
            log.info("source %s: values missing by their status: %s", self._plan.name, counts)

    def _parted(self, readings: Sequence[Reading]) -> tuple[list[Reading], list[Reading]]:
        """First values of the session, and changes."""
        begun: list[Reading] = []
        changed: list[Reading] = []
        for reading in readings:
            if reading.is_waiting:
                continue
            is_first = reading.name not in self._times
            self._times.setdefault(reading.name, reading.time)
            (begun if is_first else changed).append(reading)
        return begun, changed

    def _order(self, reading: Reading) -> tuple[datetime, bool]:
        """A trigger comes after everything of its own time."""
        return reading.time, reading.name == self._plan.trigger

    def _keeps(self, reading: Reading) -> bool:
        return reading.is_uncertain and self._plan.uncertain == "keep"

    def _cell(self, reading: Reading, items: list[Item]) -> Any:
        """The plain value; None for one that cannot be used. Adds to items what went wrong."""
        if reading.overflow:
            items.append(self._overflow(reading))
        if not reading.is_good and not self._keeps(reading):
            if not self.missing[reading.name]:
                said = "source %s: %s is missing, as its status is 0x%08X"
                log.warning(said, self._plan.name, reading.name, reading.status)
            self.missing[reading.name] += 1
            return None
        try:
            return plain(reading.value)
        except StructureError as error:
            items.append(self._refusal(reading, error))
            return None

    def _note(self, reading: Reading, value: Any) -> None:
        self._latest[reading.name] = value
        self._times[reading.name] = reading.time

    def _put(self, reading: Reading, value: Any, now: float) -> list[Joined]:
        """Joined by time: a value that is missing begins no record."""
        done: list[Joined] = []
        if value is not None:
            if not len(self._joiner):
                self._waiting_since = reading.time
            put = self._joiner.put(reading.name, value, reading.time.timestamp(), now=now)
            done = [self._filled(each) for each in put]
            if put and len(self._joiner):
                self._waiting_since = reading.time
        self._note(reading, value)
        return done

    def _triggered(self, reading: Reading, value: Any, *, initial: bool) -> list[Item]:
        """The record of a trigger, if it fires."""
        before = self._written.get("trigger")
        mark = {"time": reading.time.isoformat(), "value": value}
        self._note(reading, value)
        if initial:
            # Its time alone says little: many servers give the time of the first look; and one that
            # has just begun has a counter at 0.
            is_news = bool(before is not None and before["value"] != value and value)
            if value is not None:
                self._written = {"trigger": mark}
            if not is_news:
                return []
        if value is None or value is False:
            self._written = {"trigger": mark} if value is False else self._written
            return []
        self._written = {"trigger": mark}
        return self._arrivals(self._joiner.put(reading.name, value, reading.time.timestamp()))

    def _state_of_now(self) -> list[Item]:
        """The state in which a session begins, if it is not the last one that was written."""
        arrival = self._arrival(self._all())
        before = self._written.get("record")
        self._written = {"record": arrival.record_id}
        return [] if before in {None, arrival.record_id} else [arrival]

    def _filled(self, joined: Joined) -> Joined:
        """A record with the values that have not changed meanwhile."""
        return Joined({**self._latest, **joined.values}, joined.time)

    def _all(self) -> Joined:
        latest = max(self._times.values(), default=datetime.fromtimestamp(0, UTC))
        return Joined(dict(self._latest), latest.timestamp())

    def _arrivals(self, joined: Iterable[Joined]) -> list[Item]:
        arrivals = [self._arrival(each) for each in joined]
        if arrivals and self._plan.trigger is None:
            self._written = {"record": arrivals[-1].record_id}
        return list(arrivals)

    def _arrival(self, joined: Joined) -> Arrival:
        values: dict[str, Any] = {}
        for name, value in joined.values.items():
            values.update(self._variables[name].cells(value))
        # Whole microseconds, where a float of seconds since 1970 has some beyond.
        moment = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=round(joined.time * 1e6))
        told = orjson.dumps(joined.values, option=orjson.OPT_SORT_KEYS, default=str)
        digest = hashlib.blake2b(told, digest_size=8).hexdigest()
        return Arrival(
            values=values,
            address=f"{self._plan.url} at {moment.isoformat()}",
            record_id=f"{self._plan.name}-{moment:%Y%m%dT%H%M%S.%fZ}-{digest}",
            time=moment,
            units=self._units,
            roles=self._roles,
        )

    def _overflow(self, reading: Reading) -> Gap:
        before = self._times.get(reading.name)
        first = None if before is None else min(before, reading.time)
        return Gap(
            first,
            reading.time,
            f"{reading.name}: the server dropped changes, as its queue was full; queue in the lab "
            f"file is {self._plan.queue}, and interval says how often it is emptied",
        )

    def _refusal(self, reading: Reading, error: StructureError) -> Refusal:
        node = self._variables[reading.name].node.to_string()
        text = f"is {error}: name its parts as nodes of their own"
        return Refusal(
            f"{self._plan.url}, {node} at {reading.time.isoformat()}",
            MessageError("wrong-type", f"values.{reading.name}", text),
            repr(reading.value).encode()[:_LONGEST_RAW],
        )
