"""What is known of one edge node."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from .codec import Payload, value_of
from .metric import Metric

_SEQUENCE: Final = 256


@dataclass(frozen=True, slots=True)
class Said:
    """Values that belong together.

    Args:
        values: By name; also those that did not change, if they are known.
        changed: Names that this message had.
        units: By name.
        time: Milliseconds since 1970; None if nothing says it.
    """

    values: dict[str, Any]
    changed: frozenset[str]
    units: dict[str, str]
    time: int | None


@dataclass(slots=True)
class Device:
    """A device of an edge node, or itself, as it was born.

    Args:
        names: By alias.
        types: By name.
        units: By name.
        latest: Values by name.
        past: Values by name as they were before what is told late.
    """

    names: dict[int, str] = field(default_factory=dict)
    types: dict[str, int] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    latest: dict[str, Any] = field(default_factory=dict)
    past: dict[str, Any] = field(default_factory=dict)


class Edge:
    """An edge node: its births, the values of its devices, and the numbers of its messages.

    Attributes:
        alive: Whether it was born, and has not died since.
        puzzled: Whether it has used an alias that its birth did not have.
        birth_number: ``bdSeq`` of its last birth.

    Example:
        >>> edge = Edge()
        >>> edge.born("", Payload(0, 0, (Metric("t", 1, 0, 10, 20.5),)))
        >>> edge.follows(1), edge.follows(3), edge.follows(4)
        (0, 1, 0)
        >>> [said.values for said in edge.told("", Payload(5, 4, (Metric(None, 1, 5, 10, 21.0),)))]
        [{'t': 21.0}]
    """

    def __init__(self) -> None:
        self.alive = False
        self.puzzled = False
        self.birth_number: int | None = None
        self._next: int | None = None
        self._devices: dict[str, Device] = {}

    def follows(self, seq: int | None) -> int:
        """How many messages are missing before one with this number; it is the last one now."""
        due, given = self._next, (0 if seq is None else seq % _SEQUENCE)
        if seq is None:
            return 0
        self._next = (given + 1) % _SEQUENCE
        return 0 if due is None else (given - due) % _SEQUENCE

    def born(self, device: str, payload: Payload) -> None:
        """A birth: what it says replaces everything that was known of a device, or of all."""
        if not device:
            # The births of its devices follow; what is told late is told on what was before.
            self._devices = {
                name: Device(past=each.past) for name, each in self._devices.items() if each.past
            }
            self._next = None
            self.follows(payload.seq)
            self.alive, self.puzzled = True, False
            self.birth_number = birth_number(payload)
        before = self._devices.get(device, Device())
        made = Device(past=before.past)
        for metric in payload.metrics:
            if metric.name is None:
                continue
            if metric.alias is not None:
                made.names[metric.alias] = metric.name
            made.types[metric.name] = metric.type
            if metric.unit is not None:
                made.units[metric.name] = metric.unit
            made.latest[metric.name] = _value(metric, metric.type)
        self._devices[device] = made

    def knows(self, device: str) -> bool:
        """Whether a device was born, and lives."""
        found = self._devices.get(device)
        return self.alive and found is not None and bool(found.types)

    def dies(self, device: str) -> None:
        """A device, or with no name all of them, is gone: its values count no more."""
        if not device:
            self.alive = False
            self._devices = {}
            self._next = None
        else:
            self._devices.pop(device, None)

    def doubts(self) -> None:
        """Messages are missing: values that were told before may be old."""
        for device in self._devices.values():
            device.latest.clear()

    def told(self, device: str, payload: Payload) -> Iterator[Said]:
        """What a message of data says: one set of values, or several where a metric comes again."""
        known = self._devices.setdefault(device, Device())
        for metrics in _groups(payload.metrics):
            values, times = {}, []
            for metric in metrics:
                name = metric.name or known.names.get(-1 if metric.alias is None else metric.alias)
                if name is None:
                    self.puzzled = True
                    continue
                values[name] = _value(metric, metric.type or known.types.get(name, 0))
                if metric.time is not None:
                    times.append(metric.time)
                if metric.unit is not None:
                    known.units[name] = metric.unit
            if not values:
                continue
            if metrics[0].historical:
                known.past.update(values)
                all_values = dict(known.past)
            else:
                known.latest.update(values)
                known.past = all_values = dict(known.latest)
            units = {name: unit for name, unit in known.units.items() if name in all_values}
            yield Said(all_values, frozenset(values), units, max(times, default=payload.time))


def birth_number(payload: Payload) -> int | None:
    """``bdSeq`` of a birth or a death."""
    for metric in payload.metrics:
        if metric.name == "bdSeq":
            value = _value(metric, metric.type)
            return value if isinstance(value, int) else None
    return None


def _value(metric: Metric, kind: int) -> Any:
    if isinstance(metric.value, tuple):
        field, raw = metric.value
        return value_of(kind, field, raw)
    return metric.value


def _groups(metrics: Sequence[Metric]) -> Iterator[list[Metric]]:
    """Metrics that belong together: none twice, and what is told late by its times."""
    group: list[Metric] = []
    seen: set[Any] = set()
    for metric in metrics:
        name = metric.alias if metric.name is None else metric.name
        other = group and (
            name in seen
            or metric.historical != group[0].historical
            or (metric.historical and metric.time != group[0].time)
        )
        if other:
            yield group
            group, seen = [], set()
        group.append(metric)
        seen.add(name)
    if group:
        yield group
