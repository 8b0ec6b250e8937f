"""What Prometheus is told of requests with records."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class PushMetrics:
    """Counts requests, and shows what is in flight.

    Args:
        registry: Where they are collected.

    Example:
        >>> registry = CollectorRegistry()
        >>> PushMetrics(registry).answered(202, 0.004)
        >>> registry.get_sample_value("halflife_push_requests_total", {"code": "202"})
        1.0
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        # The statuses of answers are few: nothing of `Series` is needed.
        self._requests = Counter(
            "halflife_push_requests_total",
            "Requests with records by the status of their answer.",
            ["code"],
            registry=registry,
        )
        self._seconds = Histogram(
            "halflife_push_request_duration_seconds",
            "From a request with records to its answer.",
            buckets=_BUCKETS,
            registry=registry,
        )
        self._in_flight = Gauge(
            "halflife_push_in_flight_bytes",
            "Bytes that were received and that Kafka does not have yet.",
            registry=registry,
        )

    def watch(self, in_flight: Callable[[], int]) -> None:
        """Whom to ask for the bytes in flight."""
        self._in_flight.set_function(in_flight)

    def answered(self, code: int, seconds: float) -> None:
        """A request was answered."""
        self._requests.labels(str(code)).inc()
        self._seconds.observe(seconds)
