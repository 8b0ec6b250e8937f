"""The watchdog ends a process that is stuck, and no other."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

from halflife.streams.monitor.main import (
    LONGEST_BLOCK_SECONDS,
    SILENCE_SECONDS,
    why_stuck,
)
from halflife.streams.monitor.watchdog import EXIT_STUCK, Heartbeat, Watchdog, end_within


def test_a_stuck_process_is_ended_once_with_its_reason(caplog: Any) -> None:
    ended: list[int] = []
    over = threading.Event()

    def end(status: int) -> None:
        ended.append(status)
        over.set()

    dog = Watchdog(lambda: "the loop stands still", end=end)
    dog.start()
    assert over.wait(30)
    dog.stop()
    assert ended == [EXIT_STUCK]
    assert EXIT_STUCK != 0
    assert "stuck and ends itself: the loop stands still" in caplog.text


def test_a_process_that_gets_on_is_left_alone() -> None:
    looks = threading.Semaphore(0)
    ended: list[int] = []

    def fine() -> None:
        looks.release()

    dog = Watchdog(fine, end=ended.append)
    dog.start()
    assert looks.acquire(timeout=30)
    assert looks.acquire(timeout=30)
    dog.stop()
    assert ended == []


def test_what_counts_as_stuck() -> None:
    now = [0.0]
    heartbeat = Heartbeat(lambda: now[0])
    worker = SimpleNamespace(busy_since=None)
    ingest: Any = SimpleNamespace(workers={3: worker}, lost_to_its_group=False)

    def why() -> str | None:
        return why_stuck(heartbeat, ingest, clock=lambda: now[0])

    assert why() is None
    now[0] = SILENCE_SECONDS
    assert why() is None
    now[0] = SILENCE_SECONDS + 1
    assert why() == "the event loop has not turned for 61 s"
    heartbeat.beat()
    assert why() is None
    worker.busy_since = now[0]
    now[0] += LONGEST_BLOCK_SECONDS + 1
    heartbeat.beat()
    assert why() == "partition 3 has worked on one block for 901 s"
    worker.busy_since = None
    assert why() is None
    ingest.lost_to_its_group = True
    assert why() == "its Kafka client has given up its group"


def test_a_worker_that_cannot_end_is_ended(caplog: Any) -> None:
    ended: list[int] = []
    end_within(0.01, end=ended.append).join(30)
    assert ended == [0]
    assert "not ended in good order within 0.01 s" in caplog.text
    end_within(3600, end=ended.append).cancel()
    assert ended == [0]
