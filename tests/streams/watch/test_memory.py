"""The latest rows are the last ones of the log, however they came; their state brings them back."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.schemas.window import address
from halflife.streams.watch.memory import Memory
from halflife.streams.watch.rows import Rows

from .stories import lab, opv_values, plans, rows_from

PLAN = plans(lab())["opv"]
VALUES = opv_values(60, 0, seed=0)
ALL = rows_from(PLAN, VALUES)


def memory(capacity: int = 20) -> Memory:
    return Memory(PLAN.table, 3, capacity)


def filled(cuts: list[int], repeats: list[int], end: int) -> Memory:
    """All rows up to ``end`` but the repeats, in parts."""
    known = memory()
    ends = sorted({min(cut, end) for cut in cuts} | {end})
    for start, stop in zip([0, *ends], ends, strict=False):
        part = ALL[start:stop]
        twice = np.isin(part.addresses, [address(r) for r in repeats])
        if not twice.all():
            known.append(part[~twice])
        known.note_repeats(part.addresses[twice])
    return known


CUTS = st.lists(st.integers(1, 60), max_size=6)
REPEATS = st.lists(st.integers(1, 59), max_size=10)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(CUTS, REPEATS, st.integers(1, 60))
def test_the_last_rows_and_their_window_whatever_the_cuts(
    cuts: list[int], repeats: list[int], end: int
) -> None:
    known, whole = filled(cuts, repeats, end), filled([], repeats, end)
    kept = [i for i in range(end) if i not in repeats][-20:]
    rows = known.latest(20)
    assert rows.addresses.tolist() == [address(i) for i in kept]
    assert rows.block.digest() == ALL.block[kept].digest()
    assert known.state() == whole.state()
    window = known.window(rows)
    assert window == whole.window(rows)
    held = [i for i in range(kept[0], end) if window.holds(address(i))]
    assert held == kept


@settings(max_examples=50, deadline=None, derandomize=True)
@given(CUTS, REPEATS, st.integers(1, 60), st.integers(0, 30))
def test_a_state_brings_the_rows_back_from_the_log(
    cuts: list[int], repeats: list[int], end: int, start: int
) -> None:
    known = filled(cuts, repeats, end)
    state: dict[str, Any] = orjson.loads(orjson.dumps(known.state()))
    again = memory()
    lost = again.refill(state, [ALL[start:40], ALL[40:]])
    due = known.latest(20)
    kept = due[due.addresses >= address(start)]
    assert lost == len(due) - len(kept)
    assert again.latest(20).addresses.tolist() == kept.addresses.tolist()
    if lost == 0:
        assert again.state() == state
        # What comes next, after repeats that stood behind the last row, makes the same window.
        for one in (known, again):
            one.append(rows_from(PLAN, VALUES[:2], first=70))
        assert known.window(known.latest(20)) == again.window(again.latest(20))


def test_no_more_is_held_than_the_capacity_and_a_part() -> None:
    known = memory()
    for start in range(0, 60, 7):
        known.append(ALL[start : start + 7])
        assert known._held < 20 + 7
    assert len(known.latest(1000)) == 20


def test_an_empty_memory() -> None:
    known = memory()
    assert len(known.latest(5)) == 0
    assert known.state() == {"rows": 0, "first": 0, "last": 0, "repeats": []}
    assert memory().refill(known.state(), [Rows.empty(PLAN.table)]) == 0
