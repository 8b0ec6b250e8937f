"""What is known of one stream of the demo, and what a chemist is told of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from halflife.schemas.messages import (
    Alert,
    FidelityReport,
    Message,
    RegenerationOutcome,
    RegenerationRequest,
    SyntheticBatch,
    TrainingProgress,
)


class Chapter:
    """Collects what Kafka says of a stream and turns it into sentences.

    Args:
        stream: Name of the stream.
    """

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.requests: list[RegenerationRequest] = []
        self.outcomes: list[RegenerationOutcome] = []
        self.batches: list[SyntheticBatch] = []
        self.reports: list[FidelityReport] = []
        self.alerts: list[Alert] = []
        self._phase = ""

    def hear(self, message: Message) -> Iterator[str]:
        """Remember a message; sentences that tell it, in rich's markup."""
        match message:
            case RegenerationRequest():
                self.requests.append(message)
                yield from self._request(message)
            case RegenerationOutcome():
                self.outcomes.append(message)
                yield from self._outcome(message)
            case SyntheticBatch():
                self.batches.append(message)
                yield from self._batch(message)
            case FidelityReport():
                self.reports.append(message)
                yield from self._report(message)
            case Alert():
                self.alerts.append(message)
                yield from self._alert(message)
            case TrainingProgress():
                yield from self._progress(message)

    @property
    def drifts(self) -> list[Alert]:
        """The drift alarms so far."""
        return [a for a in self.alerts if a.kind == "drift" and a.status == "firing"]

    def reports_of(self, batch_id: str) -> list[FidelityReport]:
        """The reports of one batch, in order."""
        return [report for report in self.reports if report.batch_id == batch_id]

    def _request(self, request: RegenerationRequest) -> Iterator[str]:
        if request.cause == "first":
            yield f"reference learnt: {request.text}; a first batch is being made from them"
        else:
            window = request.window
            yield (
                f"record {request.record:,}: a challenger is asked for ({request.cause}): "
                f"{request.text}; {window.count} real records to train and judge on"
            )

    def _outcome(self, outcome: RegenerationOutcome) -> Iterator[str]:
        colour = {
            "promoted": "green",
            "rejected": "yellow",
            "undecided": "yellow",
            "failed": "red",
        }[outcome.outcome]
        yield (
            f"the gate: [{colour}]{outcome.outcome}[/] after {outcome.seconds:.1f} s of training, "
            f"sampling and judging: {outcome.text}"
        )

    def _batch(self, batch: SyntheticBatch) -> Iterator[str]:
        birth = batch.gate["challenger"]
        first = "first batch" if batch.supersedes is None else "new batch"
        yield (
            f"[bold green]{first} in circulation[/]: {batch.rows:,} synthetic rows by "
            f"{batch.maker}, trained on {batch.trained_on} real records, judged on "
            f"{batch.window.count - batch.trained_on} others; fidelity at birth: "
            f"{_parts(birth['parts'])} (1 = as good as another real sample)"
        )

    def _report(self, report: FidelityReport) -> Iterator[str]:
        low, high = report.retained_interval
        colour = "red" if report.under_limit else "default"
        yield (
            f"record {report.record:,}: fidelity {_parts(report.parts)}; "
            f"[{colour}]{report.retained_part} has kept {report.retained:.2f} of its value at "
            f"birth[/] (90 %: {max(0, low):.2f} to {high:.2f}). {report.forecast}"
        )

    def _alert(self, alert: Alert) -> Iterator[str]:
        if alert.status == "resolved":
            yield f"[green]over[/]: {alert.kind} (since record {alert.evidence['since_record']:,})"
            return
        if alert.kind == "drift":
            evidence = alert.evidence
            columns = ", ".join(evidence["columns"])
            yield (
                f"[bold red]record {alert.record:,}: drift of {columns}, "
                f"{evidence['kind'].replace('-', ' ', 1)}[/]: {alert.text} "
                f"(evidence {evidence['statistic']:.1f} over threshold "
                f"{evidence['threshold']:.1f}, in nats)"
            )
            return
        colour = {"info": "cyan", "warning": "yellow", "critical": "red"}[alert.severity]
        yield f"[{colour}]record {alert.record:,}: {alert.kind}[/]: {alert.text}"

    def _progress(self, progress: TrainingProgress) -> Iterator[str]:
        if progress.phase != self._phase:
            self._phase = progress.phase
            yield f"[dim]the generator worker is {progress.phase}[/]"


def _parts(parts: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in parts.items())
