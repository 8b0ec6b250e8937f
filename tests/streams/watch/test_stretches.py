"""Stretches of records, beside sets of numbers."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from halflife.streams.watch.stretches import Stretches

stretches = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 12)).map(lambda pair: (pair[0], sum(pair))),
    max_size=8,
)


@given(stretches, st.integers(0, 80), st.integers(0, 90))
def test_they_count_and_leave_out_what_sets_do(
    marked: list[tuple[int, int]], count: int, before: int
) -> None:
    found, known = Stretches(), set()
    for first, last in marked:
        found.add(first, last)
        known |= set(range(first, last + 1))
    others = [i for i in range(before) if i not in known]
    assert found.others(count, before=before).tolist() == others[max(0, len(others) - count) :]
    assert found.count(since=before) == sum(i >= before for i in known)
    state = found.state()
    assert Stretches.restored(state).state() == state
    assert all(a[1] + 1 < b[0] for a, b in itertools.pairwise(state)), "none touch"
