"""What the live page is told of streams."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from halflife.schemas.lab import Lab
from halflife.streams.monitor.board import _SHOWN, Board
from halflife.streams.watch.partition_watch import PartitionWatch
from tests.streams.monitor.test_live_page import STREAM
from tests.streams.watch.stories import Heavy, fields, raw

PLANS = Lab.parse(
    """
[stream.spring]
reference = 20
[stream.spring.column]
stretch = { role = "measured", unit = "mm" }
[stream.quiet]
title = "Nothing yet"
[stream.quiet.column]
x = { role = "measured" }
"""
).streams


def view_after(records: int) -> dict[str, Any]:
    """The state after so many records, as the browser reads it."""
    watch = PartitionWatch(PLANS, 0)
    log = [
        raw(i, fields({"stretch": float(i)}, name=f"r{i}", stream="spring"), key=b"spring")
        for i in range(records)
    ]
    Heavy().drive(watch.feed(log))
    board = Board(PLANS)
    board.workers = {0: SimpleNamespace(watch=watch)}  # all that it looks at
    board.committed(board.workers[0], watch.take_findings(), [])
    told: dict[str, Any] = json.loads(json.dumps(board.state(now=1.7e9)))
    return told


def test_a_stream_is_told_with_everything_that_the_page_looks_for() -> None:
    spring = view_after(12)["streams"]["spring"]
    assert set(spring) >= set(STREAM)
    assert set(STREAM["reports"][0]) <= _SHOWN
    assert spring["records"] == 12
    assert spring["standing"] == {
        "tone": "idle",
        "text": "Learning the reference: 12 of 20 records",
    }


def test_streams_without_a_record_are_told_too() -> None:
    quiet = view_after(1)["streams"]["quiet"]
    assert quiet == {
        "title": "Nothing yet",
        "records": 0,
        "standing": {"tone": "idle", "text": "Waiting for the first record"},
    }
