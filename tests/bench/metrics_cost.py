"""What share of a monitor worker's time its metrics take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from prometheus_client import CollectorRegistry, generate_latest
from rich.console import Console
from rich.table import Table

from halflife.streams.monitor.metrics import MonitorMetrics
from tests.bench import traffic
from tests.harness.offline_partition import OfflinePartition

LIMIT: Final = 0.01
COMMIT, SCRAPE, BLOCK = 2.0, 15.0, 2000
"""Seconds from one snapshot to the next, and from scrape to scrape; records of a block."""

_OFTEN: Final = 0.1
"""Seconds between two that are measured: more often than a worker does, to measure many."""

TRICKLE: Final = 600.0
"""Seconds of a quiet lab, in which each stream has a record a second."""


@dataclass
class Meter:
    """Processor time of what is done within it, and how often it was."""

    seconds: float = 0.0
    times: int = 0

    def __call__(self, work: Callable[[], object]) -> None:
        begin = time.process_time()
        work()
        self.seconds += time.process_time() - begin
        self.times += 1

    @property
    def each(self) -> float:
        """Milliseconds of one."""
        return 1000 * self.seconds / max(1, self.times)


class Measured:
    """One partition with some streams; what its metrics take is told apart."""

    def __init__(self, streams: int) -> None:
        self.streams = streams
        self.registry = CollectorRegistry()
        metrics = MonitorMetrics(self.registry)
        metrics.follow({})
        self.part = OfflinePartition(traffic.lab(streams), metrics)
        self.commits, self.scrapes = Meter(), Meter()
        self.part.worker.on_committed = lambda *told: self.commits(lambda: metrics.committed(*told))

    def scrape(self) -> None:
        """What Prometheus asks for."""
        self.scrapes(lambda: generate_latest(self.registry))

    def messages(self, rows: int) -> Iterator[bytes]:
        """Records of all streams, in turns."""
        sources = [
            traffic.messages(f"s{k}", traffic.table(rows, seed=k)) for k in range(self.streams)
        ]
        return (value for turn in zip(*sources, strict=True) for value in turn)


def run(console: Console, scale: float) -> dict[str, Any]:
    """As fast as it goes, and in a quiet lab, for one stream and for fifty."""
    console.print(
        f"[bold]metrics[/]: a snapshot each {COMMIT:g} s, a scrape each {SCRAPE:g} s, 16 columns; "
        f"to stay under {LIMIT:.0%} of the time"
    )
    rows = [
        _flat_out(1, int(150_000 * scale)),
        _flat_out(50, int(150_000 * scale)),
        _quiet(1, scale),
        _quiet(50, scale),
    ]
    shown = Table("lab", "streams", "ms a snapshot", "ms a scrape", "share of a core")
    for row in rows:
        good = "green" if row["share"] < LIMIT else "red"
        shown.add_row(
            row["lab"], str(row["streams"]), f"{row['commit']:.2f}", f"{row['scrape']:.1f}",
            f"[{good}]{row['share']:.3%}[/]",
        )  # fmt: skip
    worst = max(row["share"] for row in rows)
    console.print(shown, f"worst: [bold]{worst:.2%}[/]")
    return {"rows": rows, "worst": worst}


def _flat_out(streams: int, records: int) -> dict[str, Any]:
    """All records at once, once references stand."""
    made = Measured(streams)
    source = made.messages(records // streams + 600)
    made.part.feed_values(list(islice(source, 600 * streams)), commits=False)
    made.part.commit()
    made.commits, made.scrapes = Meter(), Meter()
    taking = Meter()
    due = scrape_due = 0.0
    while block := list(islice(source, BLOCK)):
        taking(lambda: made.part.feed_values(block, commits=False))
        if taking.seconds >= due:
            made.part.commit()
            due = taking.seconds + _OFTEN
        if taking.seconds >= scrape_due:
            made.scrape()
            scrape_due = taking.seconds + _OFTEN
    return _row("as fast as it goes", made)


def _quiet(streams: int, scale: float) -> dict[str, Any]:
    """A record a second of each stream."""
    seconds = max(60.0, TRICKLE * scale)
    made = Measured(streams)
    source = made.messages(600 + int(seconds) + 2)
    made.part.feed_values(list(islice(source, 600 * streams)), commits=False)
    made.part.commit()
    made.commits, made.scrapes = Meter(), Meter()
    for turn in range(int(seconds / COMMIT)):
        made.part.feed_values(list(islice(source, int(COMMIT) * streams)), commits=False)
        made.part.commit()
        if turn % round(SCRAPE / COMMIT) == 0:
            made.scrape()
    return _row("a record a second", made)


def _row(lab: str, made: Measured) -> dict[str, Any]:
    """Of each second of a core, what snapshots and scrapes take at their pace."""
    return {
        "lab": lab,
        "streams": made.streams,
        "commit": made.commits.each,
        "scrape": made.scrapes.each,
        "share": made.commits.each / 1000 / COMMIT + made.scrapes.each / 1000 / SCRAPE,
    }
