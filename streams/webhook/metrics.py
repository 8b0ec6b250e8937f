"""What Prometheus is told of deliveries to the webhook."""

from __future__ import annotations

from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter

Outcome = Literal["delivered", "retried", "refused"]
_OUTCOMES: Final[tuple[Outcome, ...]] = ("delivered", "retried", "refused")


class WebhookMetrics:
    """Counts deliveries by how they ended; all begin at 0, so that the first failure is seen.

    Args:
        registry: Where they are collected.

    Example:
        >>> registry = CollectorRegistry()
        >>> WebhookMetrics(registry).count("refused")
        >>> labels = {"outcome": "refused"}
        >>> registry.get_sample_value("halflife_webhook_deliveries_total", labels)
        1.0
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._deliveries = Counter(
            "halflife_webhook_deliveries_total",
            "Attempts to deliver an alert to the webhook, by how they ended.",
            ("outcome",),
            registry=registry,
        )
        for outcome in _OUTCOMES:
            self._deliveries.labels(outcome)

    def count(self, outcome: Outcome) -> None:
        """An attempt has ended so."""
        self._deliveries.labels(outcome).inc()
