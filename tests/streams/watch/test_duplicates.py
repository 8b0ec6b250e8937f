"""Repeats are those that a search through the whole log finds, however it is cut or left."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.schemas.window import address
from halflife.streams.watch.duplicates import MOST, STRETCH, Duplicates

Log = list[tuple[str, int]]


@st.composite
def logs(draw: st.DrawFn) -> Log:
    """Identities with their offsets: some messages hold several rows, some offsets are holes."""
    steps = draw(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from([0, 1, 1, 2, 9]))))
    offsets = np.cumsum([step for _, step in steps]).tolist()
    return [(name, offset) for (name, _), offset in zip(steps, offsets, strict=True)]


def oracle(log: Log, stretch: int, most: int) -> list[bool]:
    return [
        any(
            before == name and offset - place <= stretch
            for before, place in log[max(0, i - most) : i]
        )
        for i, (name, offset) in enumerate(log)
    ]


def places(log: Log) -> np.ndarray:
    rows: dict[int, int] = {}
    found = []
    for _, offset in log:
        found.append(address(offset, rows.get(offset, 0)))
        rows[offset] = rows.get(offset, 0) + 1
    return np.array(found, np.int64)


def told(known: Duplicates, log: Log, addresses: np.ndarray) -> list[bool]:
    found: list[bool] = known.repeats([name for name, _ in log], addresses).tolist()
    return found


BOUNDS = [(3, 100), (100, 4), (7, 7), (0, 100)]


@pytest.mark.parametrize(("stretch", "most"), BOUNDS)
@settings(max_examples=50, deadline=None, derandomize=True)
@given(log=logs(), cuts=st.lists(st.integers(0, 60), max_size=6))
def test_the_same_as_a_search_through_everything(
    stretch: int, most: int, log: Log, cuts: list[int]
) -> None:
    known, addresses, found = Duplicates(stretch=stretch, most=most), places(log), []
    ends = sorted({min(cut, len(log)) for cut in cuts} | {len(log)})
    for start, end in zip([0, *ends], ends, strict=False):
        found += told(known, log[start:end], addresses[start:end])
    assert found == oracle(log, stretch, most)


@pytest.mark.parametrize(("stretch", "most"), BOUNDS)
@settings(max_examples=50, deadline=None, derandomize=True)
@given(log=logs(), stop=st.integers(0, 60), ahead=st.integers(0, 5))
def test_learnt_again_after_a_restart(
    stretch: int, most: int, log: Log, stop: int, ahead: int
) -> None:
    known, addresses = Duplicates(stretch=stretch, most=most), places(log)
    offset = log[stop][1] if stop < len(log) else 1000
    read = [i for i, (_, place) in enumerate(log) if place < offset + ahead]
    told(known, [log[i] for i in read], addresses[read])

    first = known.first(offset)
    again = Duplicates(stretch=stretch, most=most)
    old = [i for i, (_, place) in enumerate(log) if first <= place < offset]
    new = [i for i, (_, place) in enumerate(log) if place >= offset]
    told(again, [log[i] for i in old], addresses[old])
    assert again.first(offset) == first
    expected = oracle(log, stretch, most)
    assert told(again, [log[i] for i in new], addresses[new]) == [expected[i] for i in new]


def test_no_more_is_remembered_than_can_be_repeated() -> None:
    known = Duplicates(stretch=50, most=200)
    for block in range(200):
        names = [f"{block}-{i}" for i in range(100)]
        known.repeats(names, np.array([address(block, i) for i in range(100)], np.int64))
    assert len(known._offsets) <= 200 + 100
    assert len(known._numbers) <= 2 * (200 + 100) + 50 + 100


def test_a_message_of_the_largest_usual_size_is_known_when_it_comes_again() -> None:
    assert STRETCH == 10_000
    names = [f"r{i}" for i in range(MOST)]
    known = Duplicates()
    one = np.arange(MOST, dtype=np.int64)
    assert not known.repeats(names, one).any()
    assert known.repeats(names, one + address(1)).all()
