"""What Prometheus is told by a monitor worker."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from halflife.schemas.messages import Alert, FidelityReport, Message
from halflife.streams.watch.reject import Reject
from halflife.streams.watch.stream_watch import StreamWatch

from .partition_worker import PartitionWorker

_HOUR: Final = 3600.0


class MonitorMetrics:
    """Metrics of all streams of one worker, on a registry that is passed in.

    Args:
        registry: Where they are collected.
        clock: Seconds since 1970.
    """

    def __init__(
        self, registry: CollectorRegistry, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._seen: dict[tuple[int, str, str], int] = {}

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"halflife_{name}", text, labels, registry=registry)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"halflife_{name}", text, labels, registry=registry)

        self.records = counter(
            "records", "Real records, by what became of them.", "stream", "outcome"
        )
        self.missing = counter("missing_cells", "Cells without a value.", "stream")
        self.dead = counter("dead_letters", "Messages that could not be used.", "reason")
        self.alarms = counter("drift_alarms", "Drift alarms.", "stream", "kind")
        self.contaminated = counter(
            "contaminated_records", "Records that were rows of a synthetic batch.", "stream"
        )
        self.statistic = gauge(
            "drift_statistic", "Log of the evidence for drift, in nats.", "stream", "kind"
        )
        self.threshold = gauge(
            "drift_threshold", "Where the drift statistic alarms, in nats.", "stream", "kind"
        )
        self.fidelity = gauge(
            "fidelity_ratio", "Fidelity of the batch in circulation, 1 is best.", "stream", "part"
        )
        self.noise = gauge(
            "fidelity_noise_ratio",
            "Fidelity below which a part is worse than sampling noise (95 %).",
            "stream",
            "part",
        )
        self.retained = gauge("retained_ratio", "Worst part over the same at birth.", "stream")
        self.half_life = gauge(
            "half_life_records", "Age at which half is retained; NaN if no decay.", "stream"
        )
        self.expiry = gauge(
            "expiry_timestamp_seconds", "Event time at which the batch expires.", "stream"
        )
        self.created = gauge(
            "batch_created_timestamp_seconds", "When the batch was made.", "stream"
        )
        self.gap = gauge(
            "utility_gap_ratio", "Error trained on the batch over on real, minus 1.", "stream"
        )
        self.watermark = gauge(
            "input_watermark_timestamp_seconds", "Latest event time of a stream.", "stream"
        )
        self.progress = gauge(
            "worker_progress_timestamp_seconds", "When the worker last got on.", "worker"
        )
        self.pending = gauge("regeneration_pending", "1 while a challenger is asked for.", "stream")

        self.halted = gauge(
            "regeneration_halted", "1 while a collapse halts regeneration.", "stream"
        )
        self.guard = gauge(
            "guard_loss_ratio", "Loss of the last batch over that of its epoch's first.", "stream"
        )

    def committed(
        self, worker: PartitionWorker, findings: list[Message], rejects: list[Reject]
    ) -> None:
        """Take over what a partition has just written."""
        self.progress.labels(worker="monitor").set(self._clock())
        for reject in rejects:
            self.dead.labels(reason=reject.error.reason).inc()
        for finding in findings:
            if isinstance(finding, FidelityReport):
                self._report(finding)
            elif isinstance(finding, Alert) and finding.status == "firing":
                kind = str(finding.evidence.get("kind", "planner"))
                if finding.kind in {"drift", "planner-moved", "timing"}:
                    self.alarms.labels(stream=finding.stream, kind=kind).inc()
        for name, watch in worker.watch.streams.items():
            self._stream(worker.partition, name, watch)
            repeated = self.records.labels(stream=name, outcome="repeated")
            total = worker.watch.repeated[name]
            self._advance(repeated, (worker.partition, name, "repeated"), total)

    def _stream(self, partition: int, name: str, watch: StreamWatch) -> None:
        accepted = self.records.labels(stream=name, outcome="accepted")
        self._advance(accepted, (partition, name, "accepted"), watch.records)
        missing = self.missing.labels(stream=name)
        self._advance(missing, (partition, name, "missing"), sum(watch.missing.values()))
        contaminated = self.contaminated.labels(stream=name)
        self._advance(contaminated, (partition, name, "synthetic"), watch.provenance.named)
        self.watermark.labels(stream=name).set(watch.watermark)
        self.pending.labels(stream=name).set(watch.desk.pending is not None)
        self.halted.labels(stream=name).set(watch.desk.guard.halted)
        if watch.desk.guard.ratio is not None:
            self.guard.labels(stream=name).set(watch.desk.guard.ratio)
        drift = watch.drift.statistics() | watch.pace.statistics()
        for kind, (statistic, threshold) in drift.items():
            self.statistic.labels(stream=name, kind=kind).set(statistic)
            self.threshold.labels(stream=name, kind=kind).set(threshold)
        if watch.circulation is not None:
            created = watch.circulation.batch.created.timestamp()
            self.created.labels(stream=name).set(created)

    def _advance(self, counter: Counter, key: tuple[int, str, str], total: int) -> None:
        """Bring a counter up to a total of the state, so that a restart counts nothing twice."""
        before = self._seen.get(key, 0)
        if total > before:
            counter.inc(total - before)
        self._seen[key] = total

    def _report(self, report: FidelityReport) -> None:
        stream = report.stream
        for part, value in report.parts.items():
            self.fidelity.labels(stream=stream, part=part).set(value)
            self.noise.labels(stream=stream, part=part).set(report.bands[part][0])
        self.retained.labels(stream=stream).set(report.retained)
        half_life = report.half_life_records
        self.half_life.labels(stream=stream).set(float("nan") if half_life is None else half_life)
        left = None if report.expiry_hours is None else report.expiry_hours - report.age_hours
        expiry = float("nan") if left is None else report.time.timestamp() + left * _HOUR
        self.expiry.labels(stream=stream).set(expiry)
        if report.utility_gap is not None:
            self.gap.labels(stream=stream).set(report.utility_gap)
