"""Metrics of a worker: capped in number, and gone when what they are about is gone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge

MOST_VALUES: Final = 1000
"""Values that a label may have: more would be a burden for Prometheus."""

Labels = tuple[str, ...]


class _Key(NamedTuple):
    metric: Counter | Gauge
    labels: Labels


class Series:
    """Makes metrics and hands out their series, each to the owners that tell it.

    When all owners of a series have left, it is shown no more. A label that would get more values
    than it may have gets no further ones, and ``halflife_labels_dropped_total`` counts how often
    something was left out for that.

    Args:
        registry: Where they are collected.
        most: Values that a label may have.

    Example:
        >>> registry = CollectorRegistry()
        >>> series = Series(registry, most=1)
        >>> heat = series.gauge("heat_kelvins", "Heat of a stream.", "stream")
        >>> series.set(0, heat, 300.0, "gas")
        >>> series.set(0, heat, 310.0, "water")
        >>> registry.get_sample_value("halflife_heat_kelvins", {"stream": "gas"})
        300.0
        >>> registry.get_sample_value("halflife_labels_dropped_total", {"label": "stream"})
        1.0
        >>> series.forget(0)
        >>> registry.get_sample_value("halflife_heat_kelvins", {"stream": "gas"}) is None
        True
    """

    def __init__(self, registry: CollectorRegistry, *, most: int = MOST_VALUES) -> None:
        self._registry = registry
        self._most = most
        self._names: dict[Counter | Gauge, Labels] = {}
        self._values: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self._owned: defaultdict[Hashable, dict[_Key, Counter | Gauge]] = defaultdict(dict)
        self._owners: dict[_Key, int] = {}
        self._totals: defaultdict[Hashable, dict[_Key, int]] = defaultdict(dict)
        self._dropped = self.counter(
            "labels_dropped", "Updates left out because a label has too many values.", "label"
        )

    def gauge(self, name: str, text: str, *labels: str) -> Gauge:
        """A gauge ``halflife_NAME``."""
        made = Gauge(f"halflife_{name}", text, labels, registry=self._registry)
        self._names[made] = labels
        return made

    def counter(self, name: str, text: str, *labels: str) -> Counter:
        """A counter ``halflife_NAME_total``."""
        made = Counter(f"halflife_{name}", text, labels, registry=self._registry)
        self._names[made] = labels
        return made

    def set(self, owner: Hashable, gauge: Gauge, value: float, *labels: str) -> None:
        """Set the series of a gauge with these values of its labels."""
        child = self._child(owner, gauge, labels)
        if isinstance(child, Gauge):
            child.set(value)

    def add(self, owner: Hashable, counter: Counter, amount: float, *labels: str) -> None:
        """Advance the series of a counter; an amount of 0 shows it."""
        child = self._child(owner, counter, labels)
        if isinstance(child, Counter) and amount > 0:
            child.inc(amount)

    def bring_to(self, owner: Hashable, counter: Counter, total: int, *labels: str) -> int:
        """Advance the series of a counter to a total of its owner; by how much.

        An owner that comes back brings its whole total, so that a restart counts nothing twice.
        """
        totals, key = self._totals[owner], _Key(counter, labels)
        more = total - totals.get(key, 0)
        totals[key] = total
        self.add(owner, counter, more, *labels)
        return more

    def drop(self, owner: Hashable, metric: Counter | Gauge, *labels: str) -> None:
        """Let go of one series of an owner, if it has it."""
        key = _Key(metric, labels)
        if self._owned[owner].pop(key, None) is not None:
            self._release(key)

    def forget(self, owner: Hashable) -> None:
        """Let go of all series of an owner."""
        self._totals.pop(owner, None)
        for key in self._owned.pop(owner, {}):
            self._release(key)

    def _child(
        self, owner: Hashable, metric: Counter | Gauge, labels: Labels
    ) -> Counter | Gauge | None:
        """The series, or None where a label has too many values."""
        owned, key = self._owned[owner], _Key(metric, labels)
        found = owned.get(key)
        if found is not None:
            return found
        full = self._first_full(self._names[metric], labels)
        if full is not None:
            self._dropped.labels(full).inc()
            return None
        for name, value in zip(self._names[metric], labels, strict=True):
            uses = self._values[name]
            uses[value] = uses.get(value, 0) + 1
        self._owners[key] = self._owners.get(key, 0) + 1
        owned[key] = made = metric.labels(*labels)
        return made

    def _first_full(self, names: Sequence[str], labels: Labels) -> str | None:
        """The first label that cannot take another value."""
        for name, value in zip(names, labels, strict=True):
            known = self._values[name]
            if value not in known and len(known) >= self._most:
                return name
        return None

    def _release(self, key: _Key) -> None:
        for name, value in zip(self._names[key.metric], key.labels, strict=True):
            uses = self._values[name]
            uses[value] -= 1
            if not uses[value]:
                del uses[value]
        self._owners[key] -= 1
        if not self._owners[key]:
            del self._owners[key]
            key.metric.remove(*key.labels)
