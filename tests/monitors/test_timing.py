"""What is said of event times, and what is not."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.monitors import NotFitted, ReferenceTooShort, StateMismatch, Timing
from halflife.monitors.gap_limit import gap_limit
from halflife.monitors.pace_drift import PaceDrift
from halflife.schemas.table import Block, Column, FloatArray, Table

FIVE = 300.0
SECONDS = Table((Column(name="interval", unit="s"),))
REFERENCE = 500


def regular(rng: np.random.Generator, n: int) -> FloatArray:
    return np.cumsum(FIVE * rng.uniform(0.8, 1.2, n))


def bursts(rng: np.random.Generator, n: int) -> FloatArray:
    """Three replicates in the same second."""
    return np.repeat(np.cumsum(3 * FIVE * rng.uniform(0.8, 1.2, -(-n // 3))), 3)[:n]


def out_of_order(rng: np.random.Generator, n: int) -> FloatArray:
    return FIVE * np.arange(n) + rng.normal(0, FIVE, n)


def nightly(rng: np.random.Generator, n: int) -> FloatArray:
    """60 records a day, then a night; a longer pause after each fifth day."""
    pauses = FIVE * rng.uniform(0.8, 1.2, n)
    pauses[::60] = 3600 * 14
    pauses[::300] = 3600 * 62
    return np.cumsum(pauses)


def scheduled(rng: np.random.Generator, n: int) -> FloatArray:
    """What is late has the next interval shorter."""
    return FIVE * (np.arange(n) + 0.05 * rng.normal(size=n))


def constant(rng: np.random.Generator, n: int) -> FloatArray:
    return FIVE * np.arange(n, dtype=np.float64)


STREAMS = (regular, bursts, out_of_order, nightly, scheduled, constant)


def fitted(times: FloatArray, false_alarms: float = 10_000) -> Timing:
    timing = Timing(false_alarms=false_alarms)
    timing.fit(times)
    return timing


@pytest.mark.parametrize("stream", STREAMS)
def test_unchanged_streams_are_left_alone(
    stream: Callable[[np.random.Generator, int], FloatArray],
) -> None:
    """At 1 alarm in 10,000 records or fewer: 10,000 records may bring 4 with chance 1 in 50."""
    alarms = []
    for seed in range(5):
        times = stream(np.random.default_rng(seed), 1000 + 2000)
        alarms += fitted(times[:1000]).update(times[1000:])
    assert len(alarms) <= 3


@pytest.mark.parametrize(
    ("factor", "text"),
    [
        (2.0, r"records come every ([89].\d|10) min instead of 5 min"),
        (0.5, r"records come every [23].\d min instead of 5 min"),
    ],
)
def test_another_pace_is_told_with_both(factor: float, text: str) -> None:
    rng = np.random.default_rng(1)
    times = regular(rng, REFERENCE + 200)
    slow = times[-1] + factor * regular(rng, 100)
    alarm = fitted(times[:REFERENCE]).update(np.concatenate([times[REFERENCE:], slow]))[0]
    assert 200 <= alarm.record < 220
    assert 195 <= alarm.change_point <= alarm.record
    assert (alarm.kind, alarm.columns) == ("timing", ("interval",))
    assert re.fullmatch(text, alarm.text)
    # Of some four records, of which one may lie before the change.
    assert alarm.size == pytest.approx((factor - 1) * FIVE, rel=0.4)


@pytest.mark.parametrize("factor", [0.5, 1.5, 3.0])
def test_a_pace_without_jitter_is_watched_too(factor: float) -> None:
    times = constant(np.random.default_rng(0), REFERENCE + 100)
    slow = times[-1] + factor * FIVE * np.arange(1, 100)
    alarm = fitted(times[:REFERENCE]).update(np.concatenate([times[REFERENCE:], slow]))[0]
    assert 100 <= alarm.record < 110
    assert re.fullmatch(r"records come every [\d.]+ min instead of 5 min", alarm.text)


def test_jitter_is_told() -> None:
    rng = np.random.default_rng(2)
    times = regular(rng, REFERENCE + 100)
    jumpy = times[-1] + np.cumsum(FIVE * rng.choice([0.3, 1.7], 200))
    alarm = fitted(times[:REFERENCE]).update(np.concatenate([times[REFERENCE:], jumpy]))[0]
    assert 100 <= alarm.record < 130


def test_a_gap_is_told_once_and_what_the_reference_has_never() -> None:
    rng = np.random.default_rng(3)
    times = regular(rng, 700)
    times[600:] += 3600 * 14
    times[650:] += 3600 * 15
    alarms = fitted(times[:REFERENCE]).update(times[REFERENCE:])
    assert [(a.record, a.direction) for a in alarms] == [(100, Timing.gap)]
    assert alarms[0].text == ("no record for 14 h; the longest pause in the reference was 6 min")
    night = nightly(rng, 900)
    assert fitted(night[:REFERENCE]).update(night[REFERENCE:]) == []


def test_late_records_are_told() -> None:
    """Every fifth record of several instruments is late by an hour: the others keep their pace."""
    rng = np.random.default_rng(6)
    times = out_of_order(rng, 1200)
    times[1000::5] -= 3600.0
    timing = fitted(times[:1000])
    alarm = timing.update(times[1000:])[0]
    assert alarm.record < 30
    assert alarm.columns == ("lateness",)
    assert "late" in alarm.text


def test_records_that_change_places_are_no_gap() -> None:
    times = constant(np.random.default_rng(0), 700)
    times[600::2] -= 20 * FIVE
    alarms = fitted(times[:REFERENCE]).update(times[REFERENCE:])
    assert 100 <= alarms[0].record < 115
    assert not any(alarm.direction == Timing.gap for alarm in alarms)


@pytest.mark.parametrize("jump", [86_400.0 * 365, -86_400.0 * 365, 1e12, -1e12])
def test_a_clock_that_jumps_is_no_crash(jump: float) -> None:
    times = regular(np.random.default_rng(4), 700)
    times[600:] += jump
    timing = fitted(times[:REFERENCE])
    for alarm in timing.update(times[REFERENCE:]):
        assert alarm.size is None or np.isfinite(alarm.size)
        assert "nan" not in alarm.text
    assert np.isfinite(timing.statistic)


@pytest.mark.parametrize("times", [np.zeros(800), np.repeat([0.0, 9.0], 400), -np.arange(800.0)])
def test_equal_and_falling_times_are_no_crash(times: FloatArray) -> None:
    timing = fitted(times[:REFERENCE])
    timing.update(times[REFERENCE:])
    assert np.isfinite(timing.statistic)


@settings(deadline=None, max_examples=25, derandomize=True)
@given(
    cuts=st.lists(st.integers(0, 300), max_size=8),
    stops=st.sets(st.integers(0, 8)),
    seed=st.integers(0, 3),
)
def test_cuts_and_stops_change_nothing_to_the_last_bit(
    cuts: list[int], stops: set[int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    times = out_of_order(rng, REFERENCE + 300)
    times[REFERENCE + 80 :] += 3600 * 24
    times[REFERENCE + 150 :] += np.cumsum(rng.uniform(0, 600, 150))
    whole = fitted(times[:REFERENCE], 1000)
    timing = Timing(false_alarms=1000)
    timing.restore(json.loads(json.dumps(whole.state())))
    new = times[REFERENCE:]
    expected, found = whole.update(new), []
    for i, (first, last) in enumerate(itertools.pairwise([0, *sorted(cuts), len(new)])):
        found += timing.update(new[first:last])
        if i in stops:
            state = json.loads(json.dumps(timing.state()))
            timing = Timing(false_alarms=1000)
            timing.restore(state)
    assert expected
    assert found == expected
    assert json.dumps(timing.state()) == json.dumps(whole.state())


def test_it_says_what_it_needs() -> None:
    with pytest.raises(NotFitted):
        Timing().update(np.arange(3.0))
    with pytest.raises(ReferenceTooShort, match="30 records or more; this one has 29"):
        Timing().fit(np.arange(29.0))
    with pytest.raises(StateMismatch, match="fit it again"):
        Timing(false_alarms=1000).restore(fitted(np.arange(500.0)).state())
    with pytest.raises(ValueError, match="false_alarms"):
        Timing(false_alarms=1)


def test_departures_from_a_schedule_come_in_pairs_and_are_paid_for() -> None:
    """13 alarms are promised at most; 25 or more are seen with chance 1 in 300 then."""
    alarms = 0
    for seed in range(10):
        times = scheduled(np.random.default_rng([seed, 2]), 42_001)
        cells = np.diff(times)[:, None]
        block = Block(SECONDS, cells, np.empty((len(cells), 0), dtype=object))
        detector = PaceDrift(SECONDS, false_alarms=30_000)
        detector.fit(block[:2000])
        alarms += len(detector.update(block[2000:]))
    assert alarms < 25


@pytest.mark.parametrize("stream", [regular, nightly])
def test_the_promise_is_made_use_of(
    stream: Callable[[np.random.Generator, int], FloatArray],
) -> None:
    """One alarm in 1,000 to 2,000 records: at 2,000 some 100, 75 or fewer with chance 1 in 150."""
    alarms = 0
    for seed in range(20):
        times = stream(np.random.default_rng([seed, 3]), 12_000)
        alarms += len(fitted(times[:2000], 1000).update(times[2000:]))
    assert 75 < alarms < 200


@pytest.mark.parametrize("index", [1.0, 2.0, 4.0])
def test_the_limit_of_gaps_holds_for_power_laws(index: float) -> None:
    """P(X > x) = x^-index: the limit is exceeded once in ``every`` records at most."""
    every, rng = 10_000.0, np.random.default_rng(5)
    truth = every ** (1 / index)
    limits = [gap_limit(rng.pareto(index, 500) + 1, every=every) for _ in range(40)]
    assert np.mean(np.array(limits) >= truth) >= 0.9


def test_few_pauses_allow_anything() -> None:
    assert gap_limit(np.append(np.zeros(400), np.ones(29)), every=100) == np.inf
