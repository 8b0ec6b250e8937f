"""Gaps between two hearings, and what is taken of the news in between."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from halflife.streams.connectors.hearing import UNDER_WAY, Hearing
from halflife.streams.connectors.single_values import taken, whole


def test_what_was_never_heard_has_no_gap() -> None:
    hearing = Hearing(lambda: 9.0)
    hearing.up("t")
    hearing.value("t", 9.0)
    assert hearing.gaps() == []
    assert hearing.state() == {"t": [9.0, 0.0]}


def test_a_gap_is_told_with_the_first_value_and_begins_where_all_had_arrived() -> None:
    hearing = Hearing(lambda: 100.0)
    hearing.up("t")
    hearing.value("t", 20.0, said=19.0)
    hearing.alive(["t"], 50.0)
    hearing.down("t", 55.0)
    hearing.up("t")
    assert "t" in hearing
    assert hearing.gaps() == []
    hearing.alive(["t"], 60.0)  # its server lives, but nothing of it has come yet
    hearing.value("t", 99.0, said=60.0)
    (gap,) = hearing.gaps()
    assert gap.first is not None
    assert (gap.first.timestamp(), gap.last.timestamp()) == (55.0 - UNDER_WAY, 100.0)


def test_a_clock_ahead_of_ours_says_nothing() -> None:
    hearing = Hearing(lambda: 100.0, {"t": [50.0, 3650.0]})
    hearing.up("t")
    hearing.value("t", 100.0, said=3700.0)
    (gap,) = hearing.gaps()
    assert gap.first is not None
    assert gap.first.timestamp() == 50.0 - UNDER_WAY


def test_a_source_that_says_no_times_may_have_had_news_under_way() -> None:
    hearing = Hearing(lambda: 100.0)
    hearing.up("t")
    hearing.value("t", 20.0)
    hearing.down("t", 20.0)
    hearing.up("t")
    hearing.value("t", 99.0)
    (gap,) = hearing.gaps()
    assert gap.first is not None
    assert gap.first.timestamp() == 20.0 - UNDER_WAY


def test_things_heard_again_together_are_one_gap() -> None:
    hearing = Hearing(lambda: 9.0, {f"c{i}": [float(i), 0.0] for i in range(12)})
    for i in range(12):
        hearing.up(f"c{i}")
        hearing.value(f"c{i}", 9.0)
    (gap,) = hearing.gaps()
    assert gap.text.startswith("nobody listened to c0, c1, c10")
    assert "and 4 more" in gap.text
    assert gap.first is not None
    assert gap.first < gap.last


@given(st.lists(st.sampled_from(["t1", "a1", "b1", ""]), max_size=30))
def test_whole_news_keep_their_order_and_drop_only_triggers(names: list[str]) -> None:
    news = list(enumerate(names))
    found = whole(news, lambda each: each[1] or None, "t1")
    dropped = [each for each in news if each not in found]
    assert all(name == "t1" for _, name in dropped)
    others = [each for each in found if each[1] != "t1"]
    assert others == [each for each in news if each[1] != "t1"]
    triggers = [each for each in found if each[1] == "t1"]
    assert triggers == sorted(triggers)
    if any(name == "t1" for name in names):
        assert triggers[-1] == max(each for each in news if each[1] == "t1")
    heard = {name for name in names if name} - {"t1"}
    for i, (_, name) in enumerate(found):
        if name == "t1":
            assert heard <= {before for _, before in found[:i]}
            break


async def test_taken_waits_no_longer_than_it_may() -> None:
    queue: asyncio.Queue[int] = asyncio.Queue()
    assert await taken(queue, 0.01) == []
    for i in range(5):
        queue.put_nowait(i)
    assert await taken(queue, 0.01) == [0, 1, 2, 3, 4]
