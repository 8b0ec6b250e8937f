"""Which conditions of a stream are firing, and what is said when they begin and end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from typing import Any, Final, Literal

from halflife.monitors import DriftAlarm, RecipeNote
from halflife.schemas.alert import Alert, AlertKind
from halflife.schemas.fidelity_report import FidelityReport
from halflife.schemas.regeneration import RegenerationOutcome, RegenerationRequest
from halflife.schemas.stream_plan import StreamPlan

from .identity import identity
from .moment import Moment

Severity = Literal["info", "warning", "critical"]
SEVERITY: Final[dict[AlertKind, Severity]] = {
    "drift": "critical",
    "planner-moved": "info",
    "recipe": "info",
    "fidelity": "warning",
    "forecast": "info",
    "regeneration-failed": "critical",
    "regeneration-rejected": "warning",
    "regeneration-waiting": "info",
    "reference-too-short": "warning",
    "generator-silent": "critical",
    "contamination": "critical",
    "collapse": "critical",
    "timing": "warning",
    "approval": "warning",
}
CHANGE_KINDS: Final[frozenset[AlertKind]] = frozenset({"drift", "planner-moved"})
"""What a batch ends that was made from records after a change."""
BATCH_KINDS: Final[frozenset[AlertKind]] = frozenset(
    {
        "fidelity",
        "forecast",
        "recipe",
        "regeneration-failed",
        "regeneration-rejected",
        "regeneration-waiting",
        "generator-silent",
    }
)
"""What any better batch ends."""

SUPERSEDED: Final = "more is known about recipes"
"""Why an alert about recipes ends when the next one says more."""


class AlertBook:
    """Begins and ends alerts of one stream; a condition that goes on is not said again.

    Attributes:
        firing: What is firing: record and text by kind.
        begun: How often each kind has begun to fire, ever.
        failures: Requests in a row without a better batch, by what became of them.
    """

    def __init__(self) -> None:
        self.firing: dict[AlertKind, dict[str, Any]] = {}
        self.begun: Counter[AlertKind] = Counter()
        self.failures: Counter[str] = Counter()

    def fire(
        self, kind: AlertKind, text: str, moment: Moment, evidence: dict[str, Any]
    ) -> list[Alert]:
        """The alert that begins, or nothing if its kind is firing already."""
        if kind in self.firing:
            return []
        self.firing[kind] = {"record": moment.record, "text": text}
        self.begun[kind] += 1
        return [_alert(kind, "firing", text, moment, evidence)]

    def go_on(
        self, kind: AlertKind, text: str, moment: Moment, evidence: dict[str, Any]
    ) -> list[Alert]:
        """The alert that begins, or that goes on with more to say."""
        begun = self.firing.get(kind)
        if begun is None:
            return self.fire(kind, text, moment, evidence)
        begun["text"] = text
        more = {**evidence, "since_record": begun["record"]}
        return [_alert(kind, "firing", text, moment, more)]

    def resolve(
        self,
        kind: AlertKind,
        text: str,
        moment: Moment,
        evidence: dict[str, Any] | None = None,
    ) -> list[Alert]:
        """The alert that ends, or nothing if its kind is not firing."""
        begun = self.firing.pop(kind, None)
        if begun is None:
            return []
        more = {**(evidence or {}), "since_record": begun["record"]}
        return [_alert(kind, "resolved", text, moment, more)]

    def better_batch(self, kinds: Container[AlertKind], text: str, moment: Moment) -> list[Alert]:
        """The alerts of some kinds that a promoted batch ends; it ends a row of failures too."""
        self.failures.clear()
        return self.resolve_for(kinds, text, moment)

    def resolve_for(self, kinds: Container[AlertKind], text: str, moment: Moment) -> list[Alert]:
        """The alerts of some kinds that end."""
        return [
            alert
            for kind in self.kinds
            if kind in kinds
            for alert in self.resolve(kind, text, moment)
        ]

    def inform(
        self, notes: Sequence[RecipeNote], moment: Moment, *, is_settled: bool
    ) -> list[Alert]:
        """What is said of the references of recipes, until every recipe has one of its own."""
        text = "; ".join(note.text for note in notes)
        if is_settled and all(note.kind == "own" for note in notes):
            return self.resolve("recipe", text, moment)
        evidence = {"notes": [{"recipe": note.recipe, "kind": note.kind} for note in notes]}
        ended = self.resolve("recipe", SUPERSEDED, moment)
        return ended + self.fire("recipe", text, moment, evidence)

    def fail(
        self, request: RegenerationRequest, outcome: RegenerationOutcome | None, moment: Moment
    ) -> list[Alert]:
        """What is said of a request that led to no batch; without an outcome nobody answered."""
        ended_as = "silent" if outcome is None else outcome.outcome
        self.failures[ended_as] += ended_as != "undecided"
        if outcome is None:
            text = f"no generator worker has answered the request of record {request.record}"
            return self.fire("generator-silent", text, moment, {})
        evidence = {"request_id": request.request_id, "attempts": outcome.attempts}
        if outcome.outcome == "undecided":
            more = {"more_records": outcome.more_records}
            return self.go_on("regeneration-waiting", outcome.text, moment, evidence | more)
        ended = self.resolve("regeneration-waiting", "a challenger was judged again", moment)
        kind: AlertKind = (
            "regeneration-rejected" if outcome.outcome == "rejected" else "regeneration-failed"
        )
        return ended + self.fire(kind, outcome.text, moment, evidence)

    def planner_moved(self, alarm: DriftAlarm, moment: Moment, start: int) -> list[Alert]:
        """What is said of a planner's move, in a record counted from ``start``."""
        point = start + alarm.change_point
        evidence = drift_evidence(alarm, record=moment.record, change_point=point)
        return self.fire("planner-moved", alarm.text, moment, evidence)

    def change(
        self, text: str, moment: Moment, evidence: dict[str, Any], plan: StreamPlan
    ) -> list[Alert]:
        """What is said of a fault; it ends what was said of one before."""
        point = evidence["change_point"]
        text = f"{text}, since about record {point}; seen at record {moment.record}"
        if plan.on_drift == "ask":
            text += "; a new batch will wait for approval; or mark these records as a fault"
        ended = self.resolve("drift", "another change was found", moment)
        return ended + self.fire("drift", text, moment, evidence)

    def judge(self, report: FidelityReport, moment: Moment, plan: StreamPlan) -> list[Alert]:
        """What is said of the fidelity that a batch has kept."""
        if not report.under_limit:
            return self.resolve("fidelity", f"{kept(report)} again", moment)
        low, high = report.retained_interval
        text = f"{kept(report)} (90 %: {low:.2f} to {high:.2f}); {plan.keep:g} is to be kept"
        evidence = {"retained": report.retained, "interval": [low, high]}
        return self.fire("fidelity", text, moment, evidence)

    def forecast(self, text: str, moment: Moment, report: FidelityReport) -> list[Alert]:
        """What is said of a batch that is about to expire."""
        left = (report.expiry_records or 0.0) - report.age_records
        return self.fire("forecast", text, moment, {"records_left": left})

    @property
    def kinds(self) -> list[AlertKind]:
        """What is firing, in an order that no restart changes."""
        return [kind for kind in SEVERITY if kind in self.firing]

    def state(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "firing": {kind: dict(self.firing[kind]) for kind in self.kinds},
            "begun": dict(sorted(self.begun.items())),
            "failures": dict(sorted(self.failures.items())),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        firing = state["firing"]
        self.firing = {kind: dict(firing[kind]) for kind in SEVERITY if kind in firing}
        self.begun, self.failures = Counter(state["begun"]), Counter(state["failures"])


def kept(report: FidelityReport) -> str:
    """What a batch has kept, in words."""
    return f"{report.retained_part} fidelity is {report.retained:.2f} of its value at birth"


def drift_evidence(alarm: DriftAlarm, *, record: int, change_point: int) -> dict[str, Any]:
    """An alarm as plain data, its places counted from the first record of the stream."""
    recipe = {} if alarm.recipe is None else {"recipe": alarm.recipe}
    return recipe | {
        "record": record,
        "change_point": change_point,
        "kind": alarm.kind,
        "columns": list(alarm.columns),
        "direction": alarm.direction,
        "size": alarm.size,
        "statistic": alarm.statistic,
        "threshold": alarm.threshold,
    }


def _alert(
    kind: AlertKind,
    status: Literal["firing", "resolved"],
    text: str,
    moment: Moment,
    evidence: dict[str, Any],
) -> Alert:
    since = evidence.get("since_record", moment.record)
    return Alert(
        alert_id=identity(moment.stream, "alert", kind, status, moment.address),
        fingerprint=identity(moment.stream, "condition", kind, since),
        stream=moment.stream,
        kind=kind,
        severity=SEVERITY[kind],
        status=status,
        text=text,
        evidence=evidence,
        record=moment.record,
        offset=moment.offset,
        time=moment.time,
    )
