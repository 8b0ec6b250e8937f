"""What the chaos of connectors has in common where a source tells only who listens."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from halflife.schemas.source_event import SourceEvent

from .connecting import Written
from .service import Service

_PATIENCE: Final = 240.0


def troubles(kills: int, restarts: int) -> list[str]:
    """``kill`` and ``restart`` in an order that mixes them.

    Example:
        >>> troubles(2, 1)
        ['kill', 'restart', 'kill']
    """
    places = [((i + 0.5) / kills, "kill") for i in range(kills)]
    places += [((i + 0.5) / restarts, "restart") for i in range(restarts)]
    return [name for _, name in sorted(places)]


class Counts(Protocol):
    """A server that counts, and knows when it said each count."""

    @property
    def happened(self) -> dict[int, int]:
        """Nanoseconds since 1970 of each count."""

    def start(self) -> None:
        """Starts it; it goes on where it was."""

    def kill(self) -> None:
        """``kill -9``."""


def counted(
    server: Counts, service: Service, written: Written, *, records: int, kills: int, restarts: int
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Records of a server's counts while it and its connector are killed by turns, and figures.

    Args:
        server: That the one source of the service listens to.
        service: Whose worker runs.
        written: What it writes.
        records: How many have to arrive; the server counts on while nobody listens.
        kills: ``kill -9`` of the connector.
        restarts: ``kill -9`` of the server.
    """
    began = time.monotonic()
    order = troubles(kills, restarts)
    server.start()
    worker = service.start("connect", "one")
    for i, trouble in enumerate(order):
        written.wait_for_records(records * (i + 1) // (len(order) + 1), _PATIENCE)
        if trouble == "kill":
            worker.kill()
            worker = service.start("connect", "one")
        else:
            server.kill()
            server.start()
    written.wait_for_records(records, _PATIENCE)
    assert worker.terminate() == 0
    found = written.records()
    result = figures(
        found,
        written.events(),
        {number: stamp / 1e9 for number, stamp in server.happened.items()},
        lambda each: int(each["values"]["count"]),
    )
    result["letters"] = len(written.letters())
    return found, {**result, "seconds": round(time.monotonic() - began, 1)}


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


def breaks(events: Sequence[SourceEvent]) -> int:
    """Stretches of time that gaps cover: what comes back piece by piece is told piece by piece.

    Args:
        events: Of the source.
    """
    found, until = 0, -1.0
    for first, last in sorted(
        (seconds(each.first), seconds(each.last)) for each in events if each.kind == "gap"
    ):
        found += first > until
        until = max(until, last)
    return found


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
        "breaks": breaks(events),
    }
