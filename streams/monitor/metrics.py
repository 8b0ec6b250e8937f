"""What Prometheus is told by a monitor worker."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Final, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge

from halflife.schemas.alert import AlertKind
from halflife.schemas.messages import Alert, Message
from halflife.schemas.stream_plan import StreamPlan
from halflife.streams.telemetry.series import Series
from halflife.streams.watch.reject import Reject
from halflife.streams.watch.stream_watch import StreamWatch

from .fidelity_series import FidelitySeries
from .partition_worker import PartitionWorker

_KINDS: Final[tuple[AlertKind, ...]] = get_args(AlertKind)
_CHANGES: Final = frozenset({"drift", "planner-moved", "timing"})
_PHASES: Final = ("warming", "watched", "changed")
_FAILURES: Final = ("rejected", "failed", "silent")
_LONGEST_TEXT: Final = 400
_PROCESS: Final = "process"
"""Owner of what is counted for the worker as a whole."""


class MonitorMetrics:
    """Metrics of all streams of one worker, on a registry that is passed in.

    Only what is in a snapshot is told, and what a snapshot holds is told again after a restart: no
    counter goes back, and an alert that fires goes on firing. Series belong to the partition of
    their stream and go with it.

    Args:
        registry: Where they are collected.
        clock: Seconds since 1970.
    """

    def __init__(
        self, registry: CollectorRegistry, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._series = series = Series(registry)
        self._texts: dict[tuple[int, str], dict[AlertKind, str]] = {}
        self._standing: dict[tuple[int, str], object] = {}
        self._workers: Mapping[int, PartitionWorker] = {}
        self._turned: dict[int, float] = {}
        gauge, counter = series.gauge, series.counter
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
        self._reports = FidelitySeries(series)
        self.created = gauge(
            "batch_created_timestamp_seconds", "When the batch was made.", "stream"
        )
        self.watermark = gauge(
            "input_watermark_timestamp_seconds", "Latest event time of a stream.", "stream"
        )
        self.arrival = gauge(
            "last_record_timestamp_seconds",
            "When the latest record of a stream was taken; after a restart, its event time.",
            "stream",
        )
        self.pause = gauge(
            "longest_pause_seconds",
            "Pause between records that is no news, learnt from the reference.",
            "stream",
        )
        self.pending = gauge("regeneration_pending", "1 while a challenger is asked for.", "stream")
        self.failures = gauge(
            "regeneration_failures",
            "Requests in a row without a better batch, by how they ended.",
            "stream",
            "outcome",
        )
        self.firing = gauge("alert_firing", "1 while an alert fires.", "stream", "kind")
        self.begun = counter("alerts", "Alerts that began to fire.", "stream", "kind")
        self.told = gauge(
            "alert_info", "What an alert says that fires; always 1.", "stream", "kind", "text"
        )
        self.phase = gauge("stream_phase", "1 for the phase of a stream.", "stream", "phase")
        self.info = gauge(
            "stream_info", "Title of a stream, and what it does after drift.",
            "stream", "title", "on_drift",
        )  # fmt: skip
        self.promise = gauge(
            "false_alarm_interval_records", "Records between false alarms, as promised.", "stream"
        )
        self.keep = gauge(
            "keep_ratio", "Share of its fidelity at birth that a batch must keep.", "stream"
        )
        self.progress = gauge(
            "worker_progress_timestamp_seconds", "When the worker last got on.", "worker"
        )
        self.halted = gauge(
            "regeneration_halted", "1 while a collapse halts regeneration.", "stream"
        )
        self.guard = gauge(
            "guard_loss_ratio", "Loss of the last batch over that of its epoch's first.", "stream"
        )
        self.snapshot = gauge(
            "snapshot_timestamp_seconds",
            "Up to when all that a partition took in is in its snapshot.",
            "partition",
        )

    def follow(self, workers: Mapping[int, PartitionWorker]) -> None:
        """Tell, from now on at each scrape, how these get on; the mapping may change."""
        self._workers = workers
        self.progress.labels("monitor").set_function(self._progress)

    def committed(
        self, worker: PartitionWorker, findings: list[Message], rejects: list[Reject]
    ) -> None:
        """Take over what a partition has just written, or restored."""
        partition, series = worker.partition, self._series
        if partition not in self._turned:
            self._turned[partition] = worker.progress
            self.snapshot.labels(str(partition)).set_function(lambda: self._saved(partition))
        for reject in rejects:
            series.add(_PROCESS, self.dead, 1, reject.error.reason)
        for name in sorted(worker.written):
            self._stream(partition, name, worker.watch.streams[name])
            repeated = worker.watch.repeated[name]
            series.bring_to(partition, self.records, repeated, name, "repeated")
        for finding in findings:
            if isinstance(finding, Alert) and finding.kind in _CHANGES:
                kind = str(finding.evidence.get("kind", "planner"))
                fires = finding.status == "firing"
                series.add(partition, self.alarms, fires, finding.stream, kind)

    def forget(self, partition: int) -> None:
        """A partition has gone to another worker."""
        self._series.forget(partition)
        self._reports.forget(partition)
        for key in [key for key in self._texts if key[0] == partition]:
            del self._texts[key], self._standing[key]
        if self._turned.pop(partition, None) is not None:
            self.snapshot.remove(str(partition))

    def _stream(self, partition: int, name: str, watch: StreamWatch) -> None:
        def show(gauge: Gauge, value: float, *labels: str) -> None:
            self._series.set(partition, gauge, value, name, *labels)

        def count(counter: Counter, total: int, *labels: str) -> int:
            return self._series.bring_to(partition, counter, total, name, *labels)

        is_new = (partition, name) not in self._texts
        if is_new:
            self._introduce(partition, watch.plan)
        if count(self.records, watch.records, "accepted"):
            now = self._clock()
            show(self.arrival, min(now, watch.watermark) if is_new else now)
        count(self.missing, sum(watch.missing.values()))
        count(self.contaminated, watch.provenance.named)
        show(self.watermark, watch.watermark)
        show(self.pending, watch.desk.pending is not None)
        show(self.halted, watch.desk.guard.halted)
        if watch.desk.guard.ratio is not None:
            show(self.guard, watch.desk.guard.ratio)
        drift = watch.drift.statistics() | watch.pace.statistics()
        for kind, (statistic, threshold) in drift.items():
            show(self.statistic, statistic, kind)
            show(self.threshold, threshold, kind)
            self._series.add(partition, self.alarms, 0, name, kind)
        pause = math.inf if watch.pace.monitor is None else watch.pace.monitor.longest_pause
        if math.isfinite(pause):
            show(self.pause, pause)
        else:
            self._series.drop(partition, self.pause, name)
        batch = watch.circulation
        if batch is not None:
            show(self.created, batch.batch.created.timestamp())
        self._reports.show(partition, name, None if batch is None else batch.last)
        self._stand(partition, name, watch)

    def _stand(self, partition: int, name: str, watch: StreamWatch) -> None:
        """Phase, failures and alerts, which seldom change: most of the time nothing is to do."""
        book = watch.alerts
        texts = {kind: _short(begun["text"]) for kind, begun in book.firing.items()}
        standing = (watch.phase, texts, dict(book.begun), dict(book.failures))
        if self._standing.get((partition, name)) == standing:
            return
        self._standing[partition, name] = standing
        series = self._series
        for phase in _PHASES:
            series.set(partition, self.phase, watch.phase == phase, name, phase)
        for outcome in _FAILURES:
            series.set(partition, self.failures, book.failures[outcome], name, outcome)
        for kind in _KINDS:  # each, so that one that ends is seen to end
            series.set(partition, self.firing, kind in book.firing, name, kind)
            series.bring_to(partition, self.begun, book.begun[kind], name, kind)
        self._tell(partition, name, texts)

    def _introduce(self, partition: int, plan: StreamPlan) -> None:
        """What the lab file says of a stream."""
        name, series = plan.name, self._series
        series.set(partition, self.info, 1, name, plan.title or name, plan.on_drift)
        series.set(partition, self.promise, plan.false_alarms, name)
        series.set(partition, self.keep, plan.keep, name)

    def _tell(self, partition: int, name: str, texts: dict[AlertKind, str]) -> None:
        """The texts of the alerts that fire."""
        for kind, text in self._texts.get((partition, name), {}).items():
            if texts.get(kind) != text:
                self._series.drop(partition, self.told, name, kind, text)
        for kind, text in texts.items():
            self._series.set(partition, self.told, 1, name, kind, text)
        self._texts[partition, name] = texts

    def _progress(self) -> float:
        """When the partition that has stood longest last got on; a scrape shows that we live."""
        for partition, worker in self._workers.items():
            # One that begins again and again gets nowhere.
            if worker.restored or partition not in self._turned:
                self._turned[partition] = worker.progress
        stood = [self._turned[partition] for partition in self._workers]
        return self._wall(min(stood)) if stood else self._clock()

    def _saved(self, partition: int) -> float:
        """Up to when all that a partition took in is in its snapshot."""
        worker = self._workers.get(partition)
        return float("nan") if worker is None else self._wall(worker.saved)

    def _wall(self, moment: float) -> float:
        """A moment of the monotonic clock in seconds since 1970."""
        return self._clock() - (time.monotonic() - moment)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 4]} ..."
