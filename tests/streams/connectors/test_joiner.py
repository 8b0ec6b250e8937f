"""Values that arrive one by one become records, and none is lost or in two."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halflife.streams.connectors.joined import Joined
from halflife.streams.connectors.joiner import Joiner

NAMES = ["a", "b", "c"]
PUTS = st.lists(
    st.tuples(
        st.sampled_from([*NAMES, "other", "go"]),
        st.integers(0, 99) | st.none() | st.text(max_size=3),
        st.integers(0, 5),
        st.sampled_from([None, "K"]),
    ),
    max_size=40,
)
"""Name, value, tenths of a second since the value before, unit."""


def timed(puts: Any) -> list[tuple[str, Any, float, str | None]]:
    now, found = 1_795_000_000.0, []
    for name, value, step, unit in puts:
        now += step / 10
        found.append((name, value, now, unit))
    return found


@pytest.mark.parametrize(
    "how", [{"trigger": "go"}, {"trigger": "go", "settle": 0.3}, {"within": 0.7}]
)
@given(puts=PUTS, cut=st.integers(0, 40))
def test_a_restart_changes_nothing(how: dict[str, Any], puts: Any, cut: int) -> None:
    def run(cut: int | None) -> list[Joined]:
        joiner, done = Joiner(NAMES, **how), []
        for at, put in enumerate(timed(puts)):
            if at == cut:
                state = json.loads(json.dumps(joiner.state()))
                joiner = Joiner(NAMES, **how)
                joiner.restore(state)
            done += joiner.flush(put[2]) + joiner.put(*put)
        return done + joiner.flush(1e12)

    assert run(cut) == run(None)


@given(PUTS)
def test_within_a_time_every_value_is_in_one_record(puts: Any) -> None:
    joiner, done = Joiner(NAMES, within=0.7), []
    given_values = [put for put in timed(puts) if put[0] in NAMES]
    for put in timed(puts):
        done += joiner.flush(put[2]) + joiner.put(*put)
    done += joiner.flush(1e12)
    assert not len(joiner)
    told = [(name, value) for joined in done for name, value in joined.values.items()]
    assert told == [(name, value) for name, value, _, _ in given_values]
    at = 0
    for joined in done:
        times = [put[2] for put in given_values[at : at + len(joined.values)]]
        at += len(joined.values)
        assert joined.time == max(times)
        assert max(times) - min(times) <= 0.7
        assert set(joined.missing) == set(NAMES) - set(joined.values)
    for one, two in pairwise(done):  # none ended before it had to
        assert not one.missing or set(one.values) & set(two.values) or two.time - one.time > 0


@given(PUTS)
def test_a_trigger_takes_the_latest_of_each(puts: Any) -> None:
    joiner, done, due = Joiner(NAMES, trigger="go", max_age=1.0), [], []
    latest: dict[str, tuple[Any, float, str | None]] = {}
    for name, value, time, unit in timed(puts):
        done += joiner.put(name, value, time, unit)
        if name != "other":
            latest[name] = (value, time, unit)
        if name == "go":
            fresh = {n for n, (_, t, _) in latest.items() if time - t <= 1.0}
            due.append(
                Joined(
                    {n: v if n in fresh else None for n, (v, _, _) in latest.items()},
                    time,
                    {n: u for n, (_, _, u) in latest.items() if u is not None},
                    tuple(n for n in NAMES if n not in fresh),
                )
            )
    assert done == due


@given(PUTS)
def test_with_settle_each_trigger_makes_a_record_of_what_was_there_when_it_had_settled(
    puts: Any,
) -> None:
    joiner, done = Joiner(NAMES, trigger="go", settle=0.3), []
    for put in timed(puts):
        done += joiner.flush(put[2]) + joiner.put(*put)
    done += joiner.flush(1e12)
    assert not joiner.settles
    counted = [put for put in timed(puts) if put[0] != "other"]
    goes = [i for i, put in enumerate(counted) if put[0] == "go"]
    assert [joined.time for joined in done] == [counted[i][2] for i in goes]
    untils = [*goes, len(counted)][1:]
    for joined, i, until in zip(done, goes, untils, strict=False):  # one too many without any
        latest = {name: value for name, value, _, _ in counted[: i + 1]}
        soon = [put for put in counted[i + 1 : until] if put[2] - counted[i][2] <= 0.3]
        assert joined.values == latest | {name: value for name, value, _, _ in soon}


def test_what_waits_is_told_at_once_when_asked() -> None:
    joiner = Joiner(["a"], trigger="go", settle=5.0)
    assert joiner.put("go", 1, 10.0, now=100.0) == []
    assert joiner.flush(104.9) == []
    assert [(joined.values, joined.missing) for joined in joiner.flush(math.inf)] == [
        ({"go": 1}, ("a",))
    ]
    assert joiner.flush(math.inf) == []


def test_a_value_that_comes_again_begins_the_next_record() -> None:
    joiner = Joiner(["a", "b"], within=5.0)
    assert joiner.put("a", 1, 0.0) == []
    (first,) = joiner.put("a", 2, 0.1)
    assert (first.values, first.missing) == ({"a": 1}, ("b",))
    (second,) = joiner.put("b", 3, 0.2)
    assert (second.values, second.missing, second.time) == ({"a": 2, "b": 3}, (), 0.2)


def test_one_name_alone_is_a_record_at_once() -> None:
    joiner = Joiner(["a"], within=5.0)
    assert [joined.values for joined in joiner.put("a", 1, 0.0)] == [{"a": 1}]


def test_a_clock_of_the_source_that_is_slow_ends_no_record() -> None:
    joiner = Joiner(["a", "b"], within=1.0)
    joiner.put("a", 1, 0.0, now=1000.0)
    assert joiner.flush(1000.9) == []
    assert [joined.time for joined in joiner.flush(1001.1)] == [0.0]


def test_what_is_forgotten_is_in_no_record() -> None:
    joiner = Joiner(None, trigger="go", required=["a"])
    joiner.put("a", 1, 0.0)
    joiner.put("b", 2, 0.0)
    joiner.forget("a")
    (joined,) = joiner.put("go", True, 1.0)
    assert joined.values == {"b": 2, "go": True}
    assert joined.missing == ("a",)
    joiner.forget()
    assert not len(joiner)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"trigger": "a", "within": 1.0},
        {"within": 0.0},
        {"within": 1.0, "max_age": 1.0},
        {"within": 1.0, "settle": 1.0},
    ],
)
def test_a_way_to_join_that_is_none(how: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"trigger|within"):
        Joiner(NAMES, **how)
