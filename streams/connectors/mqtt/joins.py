"""Values of many instruments at once, each joined with those that belong to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from halflife.schemas.errors import MessageError
from halflife.schemas.sources.field_path import ABSENT, value_at
from halflife.schemas.sources.mqtt_join import MqttJoin
from halflife.streams.connectors.joined import Joined
from halflife.streams.connectors.joiner import Joiner

Done = list[tuple[dict[str, Any], Joined]]
"""All fields of records that are whole, and what was joined."""

_TRIGGER: Final = "\0trigger"
_MOST_WAITING: Final = 1000
_LARGEST: Final = 4096


@dataclass(frozen=True, slots=True)
class Group:
    """What is known of a record beside the values that were joined.

    Args:
        parts: Of the topic, by name.
        key: What its values share, as JSON; empty where nothing is asked.
    """

    parts: tuple[tuple[str, str], ...]
    key: str = ""


class Joins:
    """Joins values by the named parts of their topics, and by a key that they share.

    Args:
        plan: How.

    Example:
        >>> joins = Joins(MqttJoin(within="2 s", names=["t", "p"]))
        >>> joins.put({"instrument": "hplc"}, "t", "21.5", time=1.0, now=1.0)
        []
        >>> joins.put({"instrument": "gc"}, "p", "3", time=1.0, now=1.0)
        []
        >>> done = joins.put({"instrument": "hplc"}, "p", "4", time=1.1, now=1.1)
        >>> done[0][0]
        {'instrument': 'hplc', 't': '21.5', 'p': '4'}
    """

    def __init__(self, plan: MqttJoin) -> None:
        self._plan = plan
        self._open: dict[Group, Joiner] = {}

    def put(
        self,
        parts: Mapping[str, str],
        name: str,
        value: Any,
        *,
        time: float,
        now: float,
        payload: Any = None,
    ) -> Done:
        """The records that a value completes, with all their fields.

        Args:
            parts: Of its topic.
            name: Of the value.
            value: Itself.
            time: Seconds since 1970, as the source says it.
            now: When it arrived.
            payload: In which it stood, for the key.

        Raises:
            MessageError: If it cannot be kept until the others come.
        """
        _check(value, name)
        group = Group(tuple(sorted(parts.items())), self._key(payload))
        joiner, done = self._open.get(group), []
        if joiner is None or name not in joiner:
            done = self._make_room()
            joiner = self._open.setdefault(group, self._joiner())
        elif self._plan.key is not None:
            joiner.forget(name)  # the key says that it belongs here: the later one counts
        done += self._told(group, joiner.put(name, value, time, now=now))
        self._tidy(group)
        return done

    def fill(self, parts: Mapping[str, str], name: str, value: Any, time: float) -> None:
        """A value that was there before we were: it counts until another comes; never a record."""
        group = Group(tuple(sorted(parts.items())))
        if self._plan.trigger is None or name in self._open.get(group, ()):
            return
        _check(value, name)
        self._make_room()
        self._open.setdefault(group, self._joiner()).put(name, value, time)

    def trigger(self, parts: Mapping[str, str], name: str, payload: Any, time: float) -> Done:
        """The records of all that agree with the parts of the trigger's topic."""
        meant = [
            group
            for group in self._open
            if all(parts.get(key, value) == value for key, value in group.parts)
        ] or [Group(tuple(sorted(parts.items())))]
        done: Done = []
        for group in meant:
            joiner = self._open.setdefault(group, self._joiner())
            fields = payload if isinstance(payload, dict) else {name: payload}
            for told, joined in self._told(group, joiner.put(_TRIGGER, None, time)):
                done.append(({**parts, **told, **fields}, joined))
            joiner.forget(_TRIGGER)
            self._tidy(group)
        return done

    def flush(self, now: float) -> Done:
        """The records whose time is over."""
        done: Done = []
        for group in list(self._open):
            done += self._told(group, self._open[group].flush(now))
            self._tidy(group)
        return done

    def state(self) -> list[Any]:
        """Everything that waits, as plain data."""
        return [[list(map(list, g.parts)), g.key, j.state()] for g, j in self._open.items()]

    def restore(self, state: list[Any]) -> None:
        """Go on from what `state` gave."""
        for parts, key, heard in state:
            joiner = self._joiner()
            joiner.restore(heard)
            if len(joiner):
                self._open[Group(tuple((name, value) for name, value in parts), key)] = joiner

    @property
    def waits(self) -> bool:
        """Whether time alone can make a record."""
        return self._plan.trigger is None and bool(self._open)

    def _joiner(self) -> Joiner:
        plan = self._plan
        trigger = None if plan.trigger is None else _TRIGGER
        return Joiner(
            plan.names or None, trigger=trigger, within=plan.seconds, max_age=plan.max_age
        )

    def _key(self, payload: Any) -> str:
        if self._plan.key is None:
            return ""
        found = value_at(payload, self._plan.key)
        if found is ABSENT or found is None or isinstance(found, dict | list):
            raise MessageError("missing-field", self._plan.key, "the key of the join is not there")
        return orjson.dumps(found).decode()

    def _told(self, group: Group, joined: list[Joined]) -> Iterator[tuple[dict[str, Any], Joined]]:
        for one in joined:
            fields: dict[str, Any] = dict(group.parts)
            if self._plan.key is not None:
                fields[self._plan.key] = orjson.loads(group.key)
            values = {name: value for name, value in one.values.items() if name != _TRIGGER}
            yield {**fields, **values}, one

    def _make_room(self) -> Done:
        """The record that is ended early, because too many values wait for others."""
        if sum(map(len, self._open.values())) < _MOST_WAITING:
            return []
        oldest = next(iter(self._open))
        if self._plan.trigger is not None or len(self._open) == 1:
            said = f"{_MOST_WAITING:,} values wait already to be joined; names leaves some out"
            raise MessageError("too-large", "", said)
        return list(self._told(oldest, self._open.pop(oldest).flush(float("inf"))))

    def _tidy(self, group: Group) -> None:
        if group in self._open and not len(self._open[group]):
            del self._open[group]


def _check(value: Any, name: str) -> None:
    """Whether a value can stand in the position.

    Raises:
        MessageError: If it is too large, or too deep.
    """
    try:
        size = len(orjson.dumps(value))
    except (TypeError, ValueError):
        raise MessageError("wrong-type", name, "too deep for a value that is joined") from None
    if size > _LARGEST:
        raise MessageError(
            "too-large", name, f"{size:,} bytes; {_LARGEST:,} are allowed for a joined value"
        )
