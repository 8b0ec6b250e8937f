"""What a monitor worker shows of itself: ready or not, and the streams at a glance."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from halflife.schemas.messages import (
    Alert,
    FidelityReport,
    Message,
    RegenerationRequest,
    TrainingProgress,
)
from halflife.schemas.stream_plan import StreamPlan
from halflife.streams.watch.reject import Reject
from halflife.streams.watch.stream_watch import StreamWatch

from .partition_worker import PartitionWorker
from .standing import standing_of

if TYPE_CHECKING:
    from .ingest import Ingest

_REPORTS: Final = 200
_ALERTS: Final = 50


class Board:
    """Keeps the latest findings for people; nothing depends on it.

    Args:
        plans: Streams of the lab.
    """

    def __init__(self, plans: Mapping[str, StreamPlan]) -> None:
        self.plans = dict(plans)
        self.workers: Mapping[int, PartitionWorker] = {}
        self._reports: dict[str, deque[dict[str, Any]]] = defaultdict(
            lambda: deque(maxlen=_REPORTS)
        )
        self._alerts: dict[str, deque[dict[str, Any]]] = defaultdict(lambda: deque(maxlen=_ALERTS))
        self._training: dict[str, TrainingProgress] = {}

    def committed(
        self, _worker: PartitionWorker, findings: list[Message], _rejects: list[Reject]
    ) -> None:
        """Take over what a partition has just written."""
        for finding in findings:
            if isinstance(finding, FidelityReport):
                shown = finding.model_dump(mode="json", include=_SHOWN)
                self._reports[finding.stream].append(shown)
            elif isinstance(finding, Alert):
                self._alerts[finding.stream].append(finding.model_dump(mode="json"))
            elif isinstance(finding, RegenerationRequest):
                self._training.pop(finding.stream, None)

    def progress(self, progress: TrainingProgress) -> None:
        """A training has got on."""
        self._training[progress.stream] = progress

    def ready(self, ingest: Ingest, now: float) -> dict[str, Any]:
        """Whether the group has dealt us our partitions, and how each of them is getting on."""
        partitions = {
            str(number): {
                "restored": worker.restored,
                "next_offset": worker.watch.next_offset,
                "waiting": [watch.plan.name for watch in worker.watch.waiting],
            }
            for number, worker in sorted(self.workers.items())
        }
        return {
            "ready": ingest.joined and all(part["restored"] for part in partitions.values()),
            "partitions": partitions,
            "restarts": ingest.restarts,
            "time": now,
        }

    def state(self, now: float) -> dict[str, Any]:
        """Everything that the live page shows."""
        streams: dict[str, dict[str, Any]] = {}
        for worker in self.workers.values():
            for name, watch in worker.watch.streams.items():
                streams[name] = self._stream(watch, worker)
        for name in self.plans.keys() - streams.keys():
            streams[name] = {"title": self.plans[name].title or name, "records": 0}
        for view in streams.values():
            view["standing"] = standing_of(view)._asdict()
        return {"time": now, "streams": dict(sorted(streams.items()))}

    def page(self) -> str:
        """The live page: it fetches ``/state`` by itself."""
        return (files(__package__) / "live.html").read_text(encoding="utf-8")

    def _stream(self, watch: StreamWatch, worker: PartitionWorker) -> dict[str, Any]:
        plan, circulation = watch.plan, watch.circulation
        training = self._training.get(plan.name)
        drift = watch.drift.statistics() | watch.pace.statistics()
        return {
            "title": plan.title or plan.name,
            "records": watch.records,
            "repeated": worker.watch.repeated[plan.name],
            "missing_cells": sum(watch.missing.values()),
            "synthetic": watch.provenance.named,
            "provenance": watch.provenance.text,
            "phase": watch.phase,
            "reference": plan.reference,
            "keep": plan.keep,
            "watermark": watch.watermark,
            "change": watch.change,
            "waiting": watch.waiting,
            "pending": watch.desk.pending and watch.desk.pending.cause,
            "training": training and training.model_dump(mode="json"),
            "drift": {kind: list(pair) for kind, pair in drift.items()},
            "batch": circulation and circulation.batch.model_dump(mode="json"),
            "reports": list(self._reports[plan.name]),
            "alerts": list(self._alerts[plan.name]),
            "firing": {kind: begun["text"] for kind, begun in watch.alerts.firing.items()},
        }


_SHOWN: Final = {
    "record", "time", "fidelity", "parts", "bands", "retained", "retained_interval",
    "retained_part", "under_limit", "half_life_records", "expiry_records", "forecast",
    "utility_gap", "batch_id", "age_records",
}  # fmt: skip
