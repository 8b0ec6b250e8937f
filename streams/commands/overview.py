"""What is known of all streams, out of Kafka: what ``halflife status`` shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from halflife.schemas.alert import Alert
from halflife.schemas.batch import SyntheticBatch
from halflife.schemas.fidelity_report import FidelityReport
from halflife.schemas.regeneration import RegenerationOutcome, RegenerationRequest
from halflife.schemas.source_event import SourceEvent
from halflife.schemas.source_position import SourcePosition
from halflife.streams.broker.dead_letters import DeadLetters
from halflife.streams.broker.lag import read_lag

from .topic_reader import TopicReader, parsed

if TYPE_CHECKING:
    from halflife.schemas.settings import Settings
    from halflife.streams.broker.topics import TopicPlan

_BACK: Final = 5000  # offsets of a partition to look back for alerts and reports
_LETTERS: Final = 1000
_POSITIONS: Final = 300  # of sources, which may have large ones: each batch writes it anew


def overview(settings: Settings, topics: TopicPlan) -> dict[str, Any]:
    """Streams, lag and dead letters, as plain data.

    Args:
        settings: How the cluster is reached.
        topics: Names of its topics.

    Returns:
        ``streams``: name, batch in circulation, last fidelity report, open alerts, request that
        waits for its outcome; None for what there is not. ``sources``: what happened to each last,
        its records so far and when the last of them were written. ``lag``: of the monitor workers.
        ``dead_letters``: how many of the newest 1,000, by reason.

    Raises:
        BrokerError: If the cluster does not answer or has no topics of Halflife.
    """
    with TopicReader(settings) as reader:
        batches = parsed(SyntheticBatch, reader.newest(topics.batches))
        reports = parsed(FidelityReport, reader.newest(topics.fidelity, _BACK))
        alerts = parsed(Alert, reader.newest(topics.alerts, _BACK))
        messages = reader.newest(topics.regenerations, _BACK)
        events = parsed(SourceEvent, reader.newest(topics.source_events, _BACK))
        positions = parsed(SourcePosition, reader.newest(topics.sources, _POSITIONS))
    circulating = {batch.stream: batch for batch in batches}
    fidelity = {report.stream: report for report in reports}
    firing = open_alerts(alerts)
    outcomes = parsed(RegenerationOutcome, messages)
    training = waiting(parsed(RegenerationRequest, messages), outcomes)
    undecided = undecided_last(outcomes)
    names = sorted({*circulating, *fidelity, *training, *(alert.stream for alert in alerts)})
    return {
        "broker": settings.broker,
        "streams": [
            {
                "stream": name,
                "batch": _plain(circulating.get(name)),
                "fidelity": _plain(fidelity.get(name)),
                "alerts": [_plain(alert) for alert in firing if alert.stream == name],
                "training": _plain(training.get(name)),
                "undecided": _plain(undecided.get(name)),
            }
            for name in names
        ],
        "sources": sources_of(events, positions),
        "lag": _lag(settings, topics),
        "dead_letters": _letters(settings, topics),
    }


def sources_of(
    events: Sequence[SourceEvent], positions: Iterable[SourcePosition]
) -> list[dict[str, Any]]:
    """How each source is: what happened to it last, how many records it gave, and until when."""
    last = {event.source: event for event in events if event.kind != "gap"}
    gaps = Counter(event.source for event in events if event.kind == "gap")
    places = {position.source: position for position in positions}
    found = []
    for name in sorted({*last, *gaps, *places}):
        event, place = last.get(name), places.get(name)
        found.append(
            {
                "source": name,
                "type": place and place.type,
                "stream": event and event.stream,
                "state": event and event.kind,
                "text": event and event.text,
                "since": event and event.time.isoformat(),
                "worker": event and event.worker,
                "records": place and place.records,
                "last": place and place.time.isoformat(),
                "gaps": gaps[name],
            }
        )
    return found


def undecided_last(outcomes: Iterable[RegenerationOutcome]) -> dict[str, RegenerationOutcome]:
    """The last outcome of each stream whose challenger waits for more records."""
    last = {outcome.stream: outcome for outcome in outcomes}
    return {name: outcome for name, outcome in last.items() if outcome.outcome == "undecided"}


def open_alerts(alerts: Iterable[Alert]) -> list[Alert]:
    """The alerts that fire and were not resolved since, oldest first."""
    firing: dict[str, Alert] = {}
    for alert in alerts:
        if alert.status == "firing":
            firing[alert.fingerprint] = alert
        else:
            firing.pop(alert.fingerprint, None)
    return list(firing.values())


def waiting(
    requests: Iterable[RegenerationRequest], outcomes: Iterable[RegenerationOutcome]
) -> dict[str, RegenerationRequest]:
    """The requests without an outcome, by stream."""
    answered = {outcome.request_id for outcome in outcomes}
    return {r.stream: r for r in requests if r.request_id not in answered}


def _lag(settings: Settings, topics: TopicPlan) -> list[dict[str, Any]]:
    # Of the monitor workers alone: what waits for a generator worker is a request, and in its
    # topic each transaction counts as a message that nobody ever reads.
    group = f"{settings.topic_prefix}-monitor"
    return [
        {
            "group": group,
            "topic": each.topic,
            "partition": each.partition,
            "end": each.end,
            "lag": each.lag,
            "began": each.committed is not None,
        }
        for each in read_lag(settings, group, [topics.records])
    ]


def _letters(settings: Settings, topics: TopicPlan) -> dict[str, Any]:
    found = DeadLetters(settings, topics.dead_letters).newest(_LETTERS)
    reasons = [one.letter.reason for one in found]
    return {
        "count": len(found),
        "more": len(found) == _LETTERS,
        "reasons": {reason: reasons.count(reason) for reason in sorted(set(reasons))},
    }


def _plain(message: Any) -> Any:
    return None if message is None else message.model_dump(mode="json")
