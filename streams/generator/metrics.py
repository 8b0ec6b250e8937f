"""What the generator worker tells Prometheus."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from halflife.schemas.regeneration import RegenerationOutcome
from halflife.streams.telemetry.series import MOST_VALUES

_BUCKETS: Final = (0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600, 1800, 3600)


class GeneratorMetrics:
    """The metrics of the generator worker.

    Args:
        registry: Where they are registered.

    Example:
        >>> registry = CollectorRegistry()
        >>> GeneratorMetrics(registry).alive(1_700_000_000.0)
        >>> labels = {"worker": "generator"}
        >>> registry.get_sample_value("halflife_worker_progress_timestamp_seconds", labels)
        1700000000.0
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._streams: set[str] = set()
        self._dropped = Counter(
            "halflife_labels_dropped_total",
            "Updates left out because a label has too many values.",
            ("label",),
            registry=registry,
        )
        self._regenerations = Counter(
            "halflife_regenerations_total",
            "Requests that were answered, by how they ended.",
            ("stream", "cause", "outcome"),
            registry=registry,
        )
        self._seconds = Histogram(
            "halflife_regeneration_duration_seconds",
            "How long training, sampling and judging of a challenger took.",
            ("stream",),
            buckets=_BUCKETS,
            registry=registry,
        )
        self._cpu_seconds = Counter(
            "halflife_regeneration_cpu_seconds_total",
            "CPU time of training processes, in s, failed attempts included.",
            ("stream",),
            registry=registry,
        )
        self._joules = Counter(
            "halflife_regeneration_energy_joules_total",
            "Energy that GPUs took while challengers were trained (NVML), in J. No watts are "
            "assumed for a CPU: its share is not in here.",
            ("stream",),
            registry=registry,
        )
        self._progress = Gauge(
            "halflife_worker_progress_timestamp_seconds",
            "When the worker last went round its loop.",
            ("worker",),
            registry=registry,
        )

    def alive(self, now: float) -> None:
        """The worker goes on; now in seconds since 1970."""
        self._progress.labels("generator").set(now)

    def answered(self, outcome: RegenerationOutcome) -> None:
        """A request was answered."""
        if outcome.stream not in self._streams and len(self._streams) >= MOST_VALUES:
            self._dropped.labels("stream").inc()
            return
        self._streams.add(outcome.stream)
        self._regenerations.labels(outcome.stream, outcome.cause, outcome.outcome).inc()
        self._seconds.labels(outcome.stream).observe(outcome.seconds)
        self._cpu_seconds.labels(outcome.stream).inc(outcome.cpu_seconds or 0.0)
        self._joules.labels(outcome.stream).inc(outcome.gpu_joules or 0.0)
