"""What Prometheus is told of the batch in circulation: the latest report of its fidelity."""

from __future__ import annotations

from typing import Final

from prometheus_client import Gauge

from halflife.schemas.messages import FidelityReport
from halflife.streams.telemetry.series import Series

_HOUR: Final = 3600.0
_NONE: Final = float("nan")

Place = tuple[Gauge, tuple[str, ...]]
"""A gauge, and labels beside the stream."""


class FidelitySeries:
    """Shows the latest report of each stream, and nothing of a batch that is not measured yet.

    What a report says is of one batch. When the next one circulates the figures of the one before
    are no longer shown, and a worker that restarts shows at once what its snapshot holds.

    Args:
        series: Makes and hands out the metrics.
    """

    def __init__(self, series: Series) -> None:
        self._series = series
        gauge = series.gauge
        self._fidelity = gauge(
            "fidelity_ratio", "Fidelity of the batch in circulation, 1 is best.", "stream", "part"
        )
        self._noise = gauge(
            "fidelity_noise_ratio",
            "Fidelity below which a part is worse than sampling noise (95 %).",
            "stream",
            "part",
        )
        self._columns = gauge(
            "column_fidelity_ratio",
            "Fidelity of a single column of the batch in circulation, 1 is best.",
            "stream",
            "column",
        )
        self._retained = gauge("retained_ratio", "Worst part over the same at birth.", "stream")
        self._half_life = gauge(
            "half_life_records", "Age at which half is retained; NaN if no decay.", "stream"
        )
        self._expiry = gauge(
            "expiry_timestamp_seconds", "Event time at which the batch expires.", "stream"
        )
        self._gap = gauge(
            "utility_gap_ratio", "Error trained on the batch over on real, minus 1.", "stream"
        )
        self._told: dict[tuple[int, str], tuple[str, set[Place]]] = {}

    def show(self, partition: int, stream: str, report: FidelityReport | None) -> None:
        """Show the latest report of the batch in circulation.

        Args:
            partition: Of the stream.
            stream: Its name.
            report: None while there is none of this batch.
        """
        known, shown = self._told.get((partition, stream), ("", set[Place]()))
        new = "" if report is None else report.report_id
        if new == known:
            return
        found = {} if report is None else self._figures(report)
        for gauge, labels in shown - found.keys():
            self._series.drop(partition, gauge, stream, *labels)
        for (gauge, labels), value in found.items():
            self._series.set(partition, gauge, value, stream, *labels)
        self._told[partition, stream] = new, set(found)

    def forget(self, partition: int) -> None:
        """A partition has gone to another worker, and its series with it."""
        for key in [key for key in self._told if key[0] == partition]:
            del self._told[key]

    def _figures(self, report: FidelityReport) -> dict[Place, float]:
        """What a report says."""
        left = None if report.expiry_hours is None else report.expiry_hours - report.age_hours
        found: dict[Place, float] = {
            (self._retained, ()): report.retained,
            (self._half_life, ()): _NONE if (half := report.half_life_records) is None else half,
            (self._expiry, ()): _NONE if left is None else report.time.timestamp() + left * _HOUR,
        }
        if report.utility_gap is not None:
            found[self._gap, ()] = report.utility_gap
        for part, value in report.parts.items():
            found[self._fidelity, (part,)] = value
            found[self._noise, (part,)] = report.bands[part][0]
        found |= {(self._columns, (name,)): value for name, value in report.columns.items()}
        return found
