"""A lab of small streams, and records of which everything is known beforehand."""

from __future__ import annotations

import io
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import pyarrow as pa

PARTITIONS: Final = 4
STREAMS: Final = tuple(f"lab-{letter}" for letter in "abcdef")
ARROW_STREAM: Final = "lab-f"
ARROW_ROWS: Final = 20
ARROW_HEADERS: Final = (("content-type", b"application/vnd.apache.arrow.stream"),)
BEGIN: Final = datetime(2026, 3, 1, 8, tzinfo=UTC)

LAB: Final = "".join(
    f"""
[stream.{name}]
false_alarms = "1 per 10000 records"
reference = 120
min_rows = 80
rows = 150
tick = 700
grace = 25
budget = 3
generator = "trees"
[stream.{name}.column]
a = {{ role = "set-point", min = 0, max = 1 }}
b = {{ role = "set-point", min = 0, max = 1 }}
y = {{ role = "measured" }}
"""
    for name in STREAMS
)


@dataclass(frozen=True)
class Sent:
    """One message for the topic of records."""

    partition: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass
class Script:
    """Messages in their order, and what must become of them.

    Args:
        messages: To be sent one after the other.
        accepted: Records that count, by stream.
        repeated: Records that are repeats, by stream.
        rejected: Records for the dead letters, by reason.
    """

    messages: list[Sent] = field(default_factory=list)
    accepted: Counter[str] = field(default_factory=Counter)
    repeated: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)

    @property
    def records(self) -> int:
        """All records, whatever becomes of them."""
        return self.accepted.total() + self.repeated.total() + self.rejected.total()


def partition_of(stream: str) -> int:
    """Six streams on four partitions: two of these have two."""
    return STREAMS.index(stream) % PARTITIONS


def script(records: int, seed: int) -> Script:
    """Records of all streams, mixed; one in 100 is bad and one in 100 a repeat.

    Streams a, c and e change after 55 % of their records: the same set-points answer otherwise.
    """
    rng = np.random.default_rng(seed)
    written = Script()
    change = int(0.55 * records / len(STREAMS))
    changes = dict.fromkeys(STREAMS[::2], change)
    sources = {name: rows_of(name, rng, change=changes.get(name)) for name in STREAMS}
    late: dict[str, list[Sent]] = {name: [] for name in STREAMS}
    shares = np.array([1 / ARROW_ROWS if name == ARROW_STREAM else 1.0 for name in STREAMS])
    while written.records < records:
        name = STREAMS[rng.choice(len(STREAMS), p=shares / shares.sum())]
        chance = rng.random()
        if name == ARROW_STREAM:
            _arrow(written, name, [next(sources[name]) for _ in range(ARROW_ROWS)], rng)
        elif chance < 0.01 and late[name]:
            written.messages.append(late[name][-rng.integers(1, min(300, len(late[name])) + 1)])
            written.repeated[name] += 1
        elif chance < 0.02:
            reason, spoil = BAD[rng.integers(len(BAD))]
            value = spoil(json_record(name, next(sources[name])))
            written.messages.append(Sent(partition_of(name), name.encode(), value))
            written.rejected[reason] += 1
        else:
            value = json.dumps(json_record(name, next(sources[name]))).encode()
            message = Sent(partition_of(name), name.encode(), value)
            late[name].append(message)
            written.messages.append(message)
            written.accepted[name] += 1
    return written


Row = tuple[str, datetime, float, float, float]


def rows_of(
    name: str, rng: np.random.Generator | None = None, *, change: int | None = None
) -> Iterator[Row]:
    """``y = a + 2 b^2`` with noise of 0.1; from the record of a change on a fifth more, and 0.3."""
    rng = np.random.default_rng(0) if rng is None else rng
    for number in itertools.count():
        a, b, noise = rng.random(), rng.random(), rng.normal(0, 0.1)
        y = a + 2 * b * b + noise
        if change is not None and number >= change:
            y = 1.2 * y + 0.3
        yield f"{name}-{number}", BEGIN + timedelta(seconds=20 * number), a, b, y


def json_record(name: str, row: Row) -> dict[str, Any]:
    """A row as a record, before it becomes JSON."""
    record_id, time, a, b, y = row
    return {
        "stream": name,
        "record_id": record_id,
        "time": time.isoformat(),
        "instrument": "robot",
        "values": {"a": a, "b": b, "y": y},
    }


def arrow_message(name: str, rows: list[Row], **columns: Any) -> Sent:
    """Many records in one message, some of its columns replaced."""
    ids, times, a, b, y = map(list, zip(*rows, strict=True))
    table = {
        "record_id": ids,
        "time": pa.array(times, pa.timestamp("us", tz="UTC")),
        "instrument": ["robot"] * len(rows),
        "a": a,
        "b": b,
        "y": y,
    }
    batch = pa.table(table | columns)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_table(batch)
    return Sent(partition_of(name), name.encode(), sink.getvalue(), ARROW_HEADERS)


def _arrow(written: Script, name: str, rows: list[Row], rng: np.random.Generator) -> None:
    """Many records in one message; now and then one of them is out of range."""
    columns = {}
    if rng.random() < 0.1:
        columns["a"] = [1.5, *(row[2] for row in rows[1:])]
        written.rejected["out-of-range"] += 1
        written.accepted[name] -= 1
    written.messages.append(arrow_message(name, rows, **columns))
    written.accepted[name] += len(rows)


def _with(record: dict[str, Any], **changes: Any) -> bytes:
    return json.dumps(record | changes).encode()


BAD: Final[tuple[tuple[str, Callable[[dict[str, Any]], bytes]], ...]] = (
    ("broken-json", lambda record: json.dumps(record).encode()[:-9]),
    ("unknown-stream", lambda record: _with(record, stream="lab-z")),
    ("unknown-column", lambda record: _with(record, values=record["values"] | {"z": 1.0})),
    ("wrong-type", lambda record: _with(record, values=record["values"] | {"y": "high"})),
    ("out-of-range", lambda record: _with(record, values=record["values"] | {"a": -0.5})),
    ("time-without-zone", lambda record: _with(record, time="2026-03-01T08:00:00")),
    ("time-in-future", lambda record: _with(record, time="2126-03-01T08:00:00Z")),
)
"""Reasons, and how a record is spoilt for them."""
