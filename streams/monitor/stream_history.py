"""What has been said of one stream, in bounded room."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import numpy as np

from halflife.schemas.batch import maker_of
from halflife.schemas.table import FloatArray

from .trail import Trail

PARTS: Final = ("columns", "pairs", "joint", "predictive")
_HEAD: Final = (
    "record", "time", "batch", "retained", "retained_low", "retained_high", "under_limit",
    "age_records", "utility_gap",
)  # fmt: skip
_SHAPE: Final = ("value", "low", "high")
FIELDS: Final = (*_HEAD, *(f"{part}.{shape}" for part in PARTS for shape in _SHAPE))
_REPORTS: Final = 720
_ALERTS: Final = 200
_DECISIONS: Final = 100
_DECISION: Final = (
    "command_id", "action", "by", "reason", "outcome", "text", "first", "last", "records",
)  # fmt: skip
_REQUESTS: Final = 100
_BATCHES: Final = 200
_DAY: Final = 86_400.0


class StreamHistory:
    """Fidelity reports, alerts, and requests with their outcomes, from the messages themselves.

    Args:
        reports: How many reports are kept; older ones are thinned, the worst outlive the others.

    Attributes:
        last: The latest fidelity report, as plain data; None before the first.
        alerts: The latest alerts, oldest first.
        decisions: What people decided last, oldest first.
    """

    def __init__(self, *, reports: int = _REPORTS) -> None:
        self.last: dict[str, Any] | None = None
        self.alerts: deque[dict[str, Any]] = deque(maxlen=_ALERTS)
        self.decisions: deque[dict[str, Any]] = deque(maxlen=_DECISIONS)
        self.version = 0
        self._trail = Trail(width=len(FIELDS), capacity=reports)
        self._batches: dict[str, int] = {}
        self._requests: dict[str, dict[str, Any]] = {}
        self._born = 0

    def report(self, report: Mapping[str, Any]) -> None:
        """A fidelity report, in the order in which they were said."""
        batch = report["batch_id"]
        if batch not in self._batches:
            self._batches[batch] = self._born
            self._born += 1
            if len(self._batches) > _BATCHES:
                del self._batches[next(iter(self._batches))]
        low, high = report["retained_interval"]
        gap = report.get("utility_gap")
        row = [
            report["record"], seconds_of(report["time"]), self._batches[batch], report["retained"],
            low, high, report["under_limit"], report["age_records"], np.nan if gap is None else gap,
        ]  # fmt: skip
        for part in PARTS:
            known = part in report["parts"]
            row += [report["parts"][part], *report["bands"][part]] if known else [np.nan] * 3
        self._trail.append(row, matters=-float(report["retained"]))
        self.last = dict(report)
        self.version += 1

    def alert(self, alert: Mapping[str, Any]) -> None:
        """An alert that begins or ends."""
        self.alerts.append(dict(alert))
        self.version += 1

    def decision(self, decision: Mapping[str, Any]) -> None:
        """An order of a person was carried out, or refused."""
        told = {name: decision.get(name) for name in _DECISION}
        self.decisions.append(told | {"time": seconds_of(decision["time"])})
        self.version += 1

    def request(self, request: Mapping[str, Any]) -> None:
        """A challenger was asked for."""
        told = {name: request.get(name) for name in ("request_id", "cause", "record", "text")}
        told |= {
            "time": seconds_of(request["time"]),
            "rows": (request.get("window") or {})["count"],
        }
        known = self._requests.get(request["request_id"], {})
        self._requests[request["request_id"]] = {**known, **told}
        if len(self._requests) > _REQUESTS:
            del self._requests[next(iter(self._requests))]
        self.version += 1

    def outcome(self, outcome: Mapping[str, Any]) -> None:
        """What became of a request."""
        told = self._requests.setdefault(
            outcome["request_id"],
            {"request_id": outcome["request_id"], "cause": outcome["cause"], "record": None},
        )
        told["outcome"] = {
            name: outcome.get(name) for name in ("outcome", "text", "attempts", "seconds")
        } | {
            "created": seconds_of(outcome["created"]),
            "verdict": outcome.get("verdict"),
            "batch": _batch(outcome.get("batch")),
        }
        self.version += 1

    @property
    def requests(self) -> list[dict[str, Any]]:
        """Requests, oldest first, each with its outcome where there is one."""
        return list(self._requests.values())

    def reports(self, most: int) -> dict[str, Any]:
        """The reports by their fields, at no more than so many places; the batches by number."""
        rows = self._trail.last(most)
        columns = {name: column_of(rows[:, i]) for i, name in enumerate(FIELDS)}
        here = set(rows[:, FIELDS.index("batch")].astype(int).tolist())
        names = {number: name for name, number in self._batches.items() if number in here}
        return {"fields": columns, "batches": {str(n): name for n, name in names.items()}}

    def spark(self, most: int) -> list[list[Any]]:
        """What the batches kept of their birth: record, share, batch, at so many places."""
        rows = self._trail.last(most)
        chosen = [FIELDS.index(name) for name in ("record", "retained", "batch")]
        return [column_of(rows[:, i], digits=3) for i in chosen]

    def pace(self) -> float | None:
        """Records per second of event time over the last day of reports; None if unknown."""
        return pace_of(self._trail.rows[:, :2])

    def last_drift(self) -> dict[str, Any] | None:
        """The latest drift alert that began, the planner's moves aside."""
        for alert in reversed(self.alerts):
            if alert["kind"] == "drift" and alert["status"] == "firing":
                return {
                    "record": alert["record"],
                    "time": seconds_of(alert["time"]),
                    "change_point": alert["evidence"].get("change_point"),
                    "text": alert["text"],
                }
        return None


def column_of(values: FloatArray, *, digits: int = 5) -> list[Any]:
    """Numbers as JSON carries them: what is no number is None, whole ones are whole.

    Example:
        >>> column_of(np.array([1.0, np.nan, 0.1234567]))
        [1, None, 0.12346]
    """
    told: list[Any] = []
    for value in values.tolist():
        if not np.isfinite(value):
            told.append(None)
        else:
            told.append(int(value) if value == int(value) else round(value, digits))
    return told


def pace_of(rows: FloatArray) -> float | None:
    """Records per second over the last day; None if they do not tell it.

    Args:
        rows: Numbers of records and event times, seconds since 1970, shape (n, 2), rising.
    """
    if len(rows) < 2:
        return None
    last_record, last_time = rows[-1]
    day = rows[rows[:, 1] >= last_time - _DAY]
    records, passed = last_record - day[0, 0], last_time - day[0, 1]
    return float(records / passed) if records > 0 and passed > 0 else None


def seconds_of(time: str) -> float:
    """A time of a message in seconds since 1970.

    Example:
        >>> seconds_of("1970-01-01T00:01:00Z")
        60.0
    """
    return datetime.fromisoformat(time).timestamp()


def _batch(batch: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if batch is None:
        return None
    told = {n: batch.get(n) for n in ("batch_id", "generator", "rows", "trained_on", "supersedes")}
    told["generator"] = maker_of(str(batch.get("generator")), batch.get("options") or {})
    return told | {"created": seconds_of(batch["created"])}
