"""A stream for the live page: at a glance, and in full."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from halflife.schemas.stream_plan import StreamPlan
from halflife.streams.watch.alert_book import SEVERITY
from halflife.streams.watch.circulation import Circulation
from halflife.streams.watch.stream_watch import StreamWatch

from .stream_history import StreamHistory, seconds_of
from .stream_samples import StreamSamples

_SPARK: Final = 32
_PLACES: Final = 360
_TOLD: Final = 100
_NO_WORRY: Final = frozenset({"drift", "fidelity", "forecast", "planner-moved", "recipe"})
"""Alerts that do not make a batch suspect, or of which the verdict tells already."""
_SHOWN: Final = (
    "batch_id", "record", "retained", "retained_interval", "retained_part", "under_limit",
    "age_records", "half_life_records", "half_life_interval", "expiry_records", "forecast",
    "utility_gap", "utility_gap_interval",
)  # fmt: skip


def glance_at(
    plan: StreamPlan,
    watch: StreamWatch | None,
    history: StreamHistory,
    samples: StreamSamples,
) -> dict[str, Any]:
    """What the first screen shows of a stream.

    Args:
        plan: Of the stream.
        watch: It, or None if another worker holds it or no record has come.
        history: What was said of it.
        samples: What was looked at in it.
    """
    last = history.last
    view: dict[str, Any] = {
        "title": plan.title or plan.name,
        "keep": plan.keep,
        "lead": plan.lead_records,
        "reference": plan.reference,
        "min_rows": plan.min_rows,
        "report": None if last is None else {name: last.get(name) for name in _SHOWN},
        "spark": history.spark(_SPARK),
        "pace": samples.pace() or history.pace(),
        "last_drift": history.last_drift(),
        "version": history.version,
    }
    return view | (_elsewhere(history) if watch is None else _here(watch))


def _here(watch: StreamWatch) -> dict[str, Any]:
    changed = watch.phase == "changed"
    firing = _urgent_first({kind: begun["text"] for kind, begun in watch.alerts.firing.items()})
    pending = watch.desk.pending
    return {
        "here": True,
        "records": watch.records,
        "phase": watch.phase,
        "watermark": watch.watermark,
        "missing_cells": sum(watch.missing.values()),
        "synthetic": watch.provenance.named,
        "provenance": watch.provenance.text,
        "change": watch.change,
        "records_since": watch.records - watch.epoch_start if changed else None,
        "asks": watch.asks_first,
        "held": watch.held and _batch(watch.held, watch.records),
        "waiting": watch.waiting,
        "pending": pending and pending.cause,
        "rests_until": watch.desk.rests_until(watch.epoch) or None,
        "guard": {
            "halted": watch.desk.guard.halted,
            "ratio": watch.desk.guard.ratio,
            "text": watch.desk.guard.text,
        },
        "batch": None if watch.circulation is None else _batch(watch.circulation, watch.records),
        "firing": firing,
        "worries": [told["kind"] for told in firing if told["kind"] not in _NO_WORRY],
    }


def _urgent_first(texts: Mapping[Any, str]) -> list[dict[str, str]]:
    """What is firing, the most severe first."""
    known: dict[Any, str] = dict(SEVERITY)
    firing = [
        {"kind": kind, "severity": known.get(kind, "warning"), "text": text}
        for kind, text in texts.items()
    ]
    return sorted(firing, key=lambda told: _URGENCY[told["severity"]])


_URGENCY: Final = {"critical": 0, "warning": 1, "info": 2}


def _batch(circulation: Circulation, records: int) -> dict[str, Any]:
    batch = circulation.batch
    return {
        "batch_id": batch.batch_id,
        "generator": batch.maker,
        "rows": batch.rows,
        "trained_on": batch.trained_on,
        "created": batch.created.timestamp(),
        "age_records": records - 1 - circulation.record,
    }


def _elsewhere(history: StreamHistory) -> dict[str, Any]:
    """A stream that another worker holds, by what was last said of it."""
    last = history.last
    texts: dict[str, str] = {}
    for alert in history.alerts:
        if alert["status"] == "firing":
            texts[alert["kind"]] = alert["text"]
        else:
            texts.pop(alert["kind"], None)
    firing = _urgent_first(texts)
    made = [
        r["outcome"]["batch"] for r in history.requests if (r.get("outcome") or {}).get("batch")
    ]
    batch = None
    if last is not None and made:
        batch = {**made[-1], "age_records": last["age_records"]}
    change = history.last_drift() if "drift" in texts else None
    return {
        "here": False,
        "records": 0 if last is None else last["record"] + 1,
        "phase": "changed" if change else "watched",
        "watermark": 0.0 if last is None else seconds_of(last["time"]),
        "change": change,
        "pending": None,
        "batch": batch,
        "firing": firing,
        "worries": [told["kind"] for told in firing if told["kind"] not in _NO_WORRY],
    }


def stream_view(plan: StreamPlan, history: StreamHistory, samples: StreamSamples) -> dict[str, Any]:
    """What the page of one stream shows beyond the glance.

    Args:
        plan: Of the stream.
        history: What was said of it.
        samples: What was looked at in it.
    """
    columns = [
        {"name": c.name, "role": c.role.value, "kind": c.kind.value, "unit": c.unit}
        for c in plan.table.columns
    ]
    return {
        "columns": columns,
        "target": plan.target,
        "fidelity": history.reports(_PLACES),
        "evidence": samples.evidence(_PLACES),
        "alerts": [_alert(alert) for alert in list(history.alerts)[-_TOLD:]],
        "requests": history.requests,
        "decisions": list(history.decisions),
    }


def _alert(alert: Mapping[str, Any]) -> dict[str, Any]:
    evidence = alert.get("evidence") or {}
    told = {name: alert.get(name) for name in _ALERT} | {"time": seconds_of(alert["time"])}
    return told | {name: evidence.get(name) for name in _EVIDENCE}


_ALERT: Final = ("alert_id", "kind", "severity", "status", "text", "record")
_EVIDENCE: Final = ("change_point", "statistic", "threshold")
