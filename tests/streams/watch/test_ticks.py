"""A tick falls at the same record, however the records are cut."""

from __future__ import annotations

import numpy as np
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.streams.watch.ticks import FAR, Ticks


def due_at(times: list[float], cuts: list[int]) -> list[int]:
    """Numbers of records at which ticks were due, as a stream takes its rows."""
    ticks, found = Ticks(every=5, interval=10.0), []
    ticks.begin(records=0, seconds=0.0)
    records, seconds = 0, 0.0
    for end in sorted({min(cut, len(times)) for cut in cuts} | {len(times)}):
        while records < end:
            rest = np.array(times[records:end])
            taken = min(len(rest), ticks.room(rest, records=records, seconds=seconds))
            seconds = max(seconds, float(rest[:taken].max()))
            records += taken
            if ticks.is_due(records=records, seconds=seconds):
                found.append(records)
                ticks.begin(records=records, seconds=seconds)
    return found


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(st.floats(-20, 100), max_size=60), st.lists(st.integers(1, 60), max_size=8))
def test_whatever_the_cuts_and_the_clocks(times: list[float], cuts: list[int]) -> None:
    one_by_one = due_at(times, list(range(1, 61)))
    assert due_at(times, cuts) == one_by_one
    assert all(b - a >= 5 for a, b in zip([0, *one_by_one], one_by_one, strict=False))


def test_a_stream_that_stands_still_has_no_tick_until_its_clock_goes_on() -> None:
    assert due_at([1.0] * 40 + [10.0], []) == [41]


def test_none_is_due_before_a_batch_circulates() -> None:
    ticks = Ticks(every=1, interval=0.0)
    assert not ticks.is_due(records=10**9, seconds=1e18)
    assert ticks.next == FAR


def test_a_state_is_exact() -> None:
    ticks = Ticks(every=3, interval=1.0)
    ticks.begin(records=7, seconds=0.1 + 0.2)
    again = Ticks(every=3, interval=1.0)
    again.restore(orjson.loads(orjson.dumps(ticks.state())))
    assert again.state() == ticks.state()
