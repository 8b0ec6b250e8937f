"""A small stream, requests for it, and its messages as they stand in the log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from halflife.schemas.batch import SyntheticBatch
from halflife.schemas.lab import Lab
from halflife.schemas.record import ExperimentRecord
from halflife.schemas.regeneration import RegenerationRequest
from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.table import Block
from halflife.schemas.window import Window, address
from halflife.streams.watch.rows import Rows

TIME = datetime(2026, 11, 22, 10, tzinfo=UTC)
LAB = """
[stream.opv]
rows = 100
generator = "trees"
[stream.opv.column]
a = { role = "set-point", min = 0, max = 1 }
b = { role = "set-point", min = 0, max = 1 }
n = { role = "context", kind = "integer" }
who = { role = "context", kind = "category" }
y = { role = "measured" }
[[stream.opv.law]]
sum = ["a", "b"]
equals = 1
"""


@dataclass(frozen=True)
class Raw:
    """A message as a Kafka client gives it."""

    offset: int
    value: bytes
    key: bytes = b"opv"
    timestamp: int = int(1000 * TIME.timestamp())
    headers: tuple[tuple[str, bytes], ...] = ()


@pytest.fixture
def plan() -> StreamPlan:
    return Lab.parse(LAB).streams["opv"]


@pytest.fixture
def values() -> list[dict[str, Any]]:
    """120 records: fractions on a grid of .1, a noisy answer, missing cells here and there."""
    rng = np.random.default_rng(1)
    a = rng.integers(0, 11, 120) / 10
    y = a**2 + rng.normal(0, 0.05, 120)
    return [
        {
            "a": float(a[i]),
            "b": round(1 - float(a[i]), 1),
            "n": i % 7 if i % 11 else None,
            "who": "ann" if i % 2 else None,
            "y": float(y[i]),
        }
        for i in range(120)
    ]


@pytest.fixture
def messages(values: list[dict[str, Any]]) -> list[Raw]:
    """The records at every other offset from 10, as after transactions."""
    return [
        Raw(
            10 + 2 * i,
            ExperimentRecord(
                stream="opv", record_id=f"r{i}", time=TIME, instrument="robot", values=cells
            ).to_bytes(),
        )
        for i, cells in enumerate(values)
    ]


@pytest.fixture
def rows(plan: StreamPlan, values: list[dict[str, Any]]) -> Rows:
    """The same as rows."""
    addresses = np.array([address(10 + 2 * i) for i in range(len(values))], np.int64)
    times = np.full(len(values), TIME.timestamp())
    ids = [f"r{i}" for i in range(len(values))]
    return Rows(Block.from_rows(plan.table, values), addresses, times, ids)


@pytest.fixture
def window(rows: Rows) -> Window:
    return Window.of(3, rows.addresses.tolist(), repeats=[], digest=rows.block.digest())


@pytest.fixture
def manifest(plan: StreamPlan, window: Window) -> Callable[..., SyntheticBatch]:
    """Makes the manifest of a batch of 120 rows; keywords change its fields."""

    def make(**changes: Any) -> SyntheticBatch:
        fields: dict[str, Any] = {
            "batch_id": "12" * 16,
            "stream": "opv",
            "request_id": "34" * 16,
            "generator": "trees",
            "model_id": "56" * 16,
            "rows": 120,
            "seed": 7,
            "window": window,
            "trained_on": 84,
            "gate": {"promoted": True},
            "created": TIME,
            "digest": "78" * 16,
            "plan": plan.digest,
            "partition": 3,
            "first_offset": 100,
            "last_offset": 219,
        }
        return SyntheticBatch(**{**fields, **changes})

    return make


@pytest.fixture
def ask(plan: StreamPlan, window: Window) -> Callable[..., RegenerationRequest]:
    """Makes a request for the window; keywords change its fields."""

    def make(**changes: Any) -> RegenerationRequest:
        fields: dict[str, Any] = {
            "request_id": "ab" * 16,
            "stream": "opv",
            "cause": "drift",
            "window": window,
            "record": 120,
            "offset": window.last,
            "time": TIME,
            "champion": None,
            "seed": 7,
            "plan": plan.digest,
            "text": "a test asks",
        }
        return RegenerationRequest(**{**fields, **changes})

    return make
