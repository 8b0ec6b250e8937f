"""What the chaos of connectors has in common where a source tells only who listens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from halflife.schemas.source_event import SourceEvent


def troubles(kills: int, restarts: int) -> list[str]:
    """``kill`` and ``restart`` in an order that mixes them.

    Example:
        >>> troubles(2, 1)
        ['kill', 'restart', 'kill']
    """
    places = [((i + 0.5) / kills, "kill") for i in range(kills)]
    places += [((i + 0.5) / restarts, "restart") for i in range(restarts)]
    return [name for _, name in sorted(places)]


def seconds(text: datetime | str | None) -> float:
    """Seconds since 1970; long ago for none."""
    if text is None:
        return 0.0
    return (datetime.fromisoformat(text) if isinstance(text, str) else text).timestamp()


def outside_gaps(times: Mapping[int, float], events: Sequence[SourceEvent]) -> list[int]:
    """Numbers of what happened at a time that no gap covers.

    Args:
        times: Seconds since 1970, by number.
        events: Of the source.
    """
    gaps = [(seconds(each.first), seconds(each.last)) for each in events if each.kind == "gap"]
    return [
        number
        for number, time in times.items()
        if not any(first <= time <= last for first, last in gaps)
    ]


def figures(
    records: Sequence[Mapping[str, Any]],
    events: Sequence[SourceEvent],
    happened: Mapping[int, float],
    number_of: Callable[[Mapping[str, Any]], int],
) -> dict[str, Any]:
    """What was written, held against what happened.

    Args:
        records: From Kafka.
        events: Of the source.
        happened: Seconds since 1970 of each number that the source has counted.
        number_of: The number of a record.
    """
    numbers = Counter(map(number_of, records))
    # What was before anybody ever listened is no gap, and the last is where we stopped looking.
    span = range(min(numbers), max(numbers) + 1)
    happened = {number: time for number, time in happened.items() if number in span}
    ids = Counter(record["record_id"] for record in records)
    missing = {number: time for number, time in happened.items() if number not in numbers}
    outside = outside_gaps(missing, events)
    return {
        "happened": len(happened),
        "written": len(records),
        "doubled": sum(count - 1 for count in ids.values())
        + sum(count - 1 for count in numbers.values()),
        "invented": len(set(numbers) - set(happened)),
        "missed": len(missing),
        "missed_outside_gaps": len(outside),
        "first_outside": outside[:5],
        "gaps": sum(each.kind == "gap" for each in events),
    }
