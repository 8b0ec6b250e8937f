"""What Prometheus is told of sources."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry

from halflife.streams.telemetry.series import Series

from .outlet import Written

STATES: Final = ("starting", "connected", "away", "refused", "ended")


class ConnectorMetrics:
    """Counts what sources say, and shows how they are.

    Args:
        registry: Where it is collected.
        clock: Seconds since 1970 in UTC.

    Example:
        >>> registry = CollectorRegistry()
        >>> metrics = ConnectorMetrics(registry, clock=lambda: 0.0)
        >>> metrics.state("hplc", "connected")
        >>> registry.get_sample_value("halflife_source_up", {"source": "hplc"})
        1.0
    """

    def __init__(self, registry: CollectorRegistry, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._series = series = Series(registry)
        self._records = series.counter(
            "source_records", "Records of a source by what became of them.", "source", "outcome"
        )
        self._refused = series.counter(
            "source_refused", "What a source gave and could not be used.", "source", "reason"
        )
        self._up = series.gauge("source_up", "Whether a source can be heard.", "source")
        self._state = series.gauge("source_state_info", "How a source is.", "source", "state")
        self._tries = series.counter("source_tries", "Times that a source was begun.", "source")
        self._gaps = series.counter(
            "source_gaps", "Times in which a source could not be heard.", "source"
        )
        self._latest = series.gauge(
            "source_record_timestamp_seconds", "Event time of the latest record.", "source"
        )
        self._progress = series.gauge(
            "source_progress_timestamp_seconds",
            "When a source last had something written.",
            "source",
        )
        self._states: dict[str, str] = {}

    def state(self, source: str, state: str) -> None:
        """A source is now so."""
        before = self._states.get(source)
        if before is not None and before != state:
            self._series.drop(source, self._state, source, before)
        self._states[source] = state
        self._series.set(source, self._up, float(state == "connected"), source)
        self._series.set(source, self._state, 1.0, source, state)

    def tried(self, source: str) -> None:
        """A source is begun, for the first time or again."""
        self._series.add(source, self._tries, 1.0, source)
        self._series.add(source, self._gaps, 0.0, source)

    def written(self, source: str, written: Written) -> None:
        """A batch of a source is in Kafka."""
        add = self._series.add
        add(source, self._records, float(written.records), source, "accepted")
        add(source, self._records, float(len(written.refusals)), source, "refused")
        for reason in written.refusals:
            add(source, self._refused, 1.0, source, reason)
        add(source, self._gaps, float(len(written.gaps)), source)
        self._series.set(source, self._progress, self._clock(), source)
        if written.latest is not None:
            self._series.set(source, self._latest, written.latest, source)

    def forget(self, source: str) -> None:
        """A source is read here no more."""
        self._states.pop(source, None)
        self._series.forget(source)
