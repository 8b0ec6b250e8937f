"""What every registered drift detector keeps, whatever it watches."""

from __future__ import annotations

import inspect
import itertools
import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.monitors.alarm import DriftAlarm
from halflife.monitors.detector import Detector
from halflife.monitors.errors import NotFitted, ReferenceTooShort, StateMismatch
from halflife.monitors.registry import DETECTORS
from halflife.schemas.table import Block, Column, Kind, Role, Table

FALSE_ALARMS = 1000.0
REFERENCE = 500
BLUR = 45  # of a change point that one or two records tell of
BOUND = 15  # records within which a change of five standard deviations is found

ANSWERS = Table(
    (
        Column(name="pressure", unit="bar"),
        Column(name="flow", unit="mL/min"),
        Column(name="phase", kind=Kind.CATEGORY),
    )
)
CAMPAIGN = Table(
    (
        Column(name="dose", role=Role.SET_POINT, unit="mg"),
        Column(name="solvent", role=Role.SET_POINT, kind=Kind.CATEGORY),
        Column(name="rate", unit="1/s"),
        Column(name="colour"),
    )
)


def table_of(kind: str) -> Table:
    return CAMPAIGN if kind in ("given-set-points", "planner") else ANSWERS


def records(kind: str, n: int, seed: int, *, changed: bool = False, missing: float = 0.0) -> Block:
    """An unchanged stream, or one whose every column has moved by five standard deviations."""
    rng = np.random.default_rng([seed, n])
    table = table_of(kind)
    step = 5.0 if changed else 0.0
    common = rng.normal(size=n)
    if table is ANSWERS:
        numbers = np.column_stack([20 + common + step, 0.8 * common + 0.6 * rng.normal(size=n)])
        levels = ["gamma"] if changed else ["alpha", "beta"]
    else:
        dose = rng.uniform(0, 6, size=n)
        noise = 0.1 * rng.normal(size=(2, n))
        numbers = np.column_stack([dose, np.sin(dose) + noise[0], 0.5 * dose + noise[1]])
        if kind == "planner":
            numbers[:, 0] += step * np.sqrt(3.0)
        else:
            numbers[:, 1:] += 0.1 * step
        levels = ["water", "ethanol"]
    texts = rng.choice(levels, size=(n, 1)).astype(object)
    if kind == "missing" and changed:
        numbers[:] = np.nan
    numbers[rng.random(numbers.shape) < missing] = np.nan
    texts[rng.random(texts.shape) < missing] = None
    return Block(table, numbers, texts)


def fitted(kind: str, *, missing: float = 0.0) -> Detector:
    detector = DETECTORS[kind](table_of(kind), false_alarms=FALSE_ALARMS)
    detector.fit(records(kind, REFERENCE, seed=1, missing=missing))
    return detector


every_kind = pytest.mark.parametrize("kind", sorted(DETECTORS))


@every_kind
def test_it_is_registered_under_the_kind_of_its_alarms(kind: str) -> None:
    assert DETECTORS[kind].kind == kind


@every_kind
def test_it_is_documented_with_an_example_and_a_reference(kind: str) -> None:
    text = inspect.getdoc(DETECTORS[kind]) or ""
    assert "Example:\n" in text
    assert ">>> " in text
    assert "References:\n" in text


@every_kind
def test_a_large_change_is_found_soon_and_told(kind: str) -> None:
    detector = fitted(kind)
    assert detector.update(records(kind, 100, seed=2)) == []
    alarms = detector.update(records(kind, 100, seed=3, changed=True))
    first = alarms[0]
    assert 100 <= first.record < 100 + BOUND
    assert 100 - BLUR <= first.change_point <= first.record
    assert first.kind in {"column": ("column", "joint")}.get(kind, (kind,))
    assert set(first.columns) <= set(detector.columns)
    assert first.statistic >= first.threshold == pytest.approx(np.log(1.35 * FALSE_ALARMS))
    assert first.direction in ("up", "down", "spread", "tail", "other")
    assert first.columns[0] in first.text
    assert [alarm.record for alarm in alarms] == sorted(alarm.record for alarm in alarms)


@every_kind
def test_constants_raise_no_alarm(kind: str) -> None:
    block = records(kind, 1, seed=4)[np.zeros(3000, dtype=np.intp)]
    detector = DETECTORS[kind](block.table, false_alarms=FALSE_ALARMS)
    detector.fit(block[:REFERENCE])
    assert detector.update(block) == []


@every_kind
def test_missing_cells_move_nothing_and_blind_nothing(kind: str) -> None:
    detector = fitted(kind, missing=0.02)
    gone = records(kind, 40, seed=5, missing=1.0)
    alarms = detector.update(gone)
    assert np.isfinite(detector.statistic)
    if kind != "missing":
        assert alarms == []
    detector.update(records(kind, 200, seed=6, missing=0.02))
    assert detector.update(records(kind, 40, seed=7, changed=True, missing=0.02))


@every_kind
def test_infinite_cells_are_values_like_others(kind: str) -> None:
    detector = fitted(kind)
    block = records(kind, 50, seed=8)
    block.numbers[::7, 0] = np.inf
    block.numbers[::11, 0] = -np.inf
    for alarm in detector.update(block):
        assert alarm.size is None or np.isfinite(alarm.size)
    assert np.isfinite(detector.statistic)


@every_kind
def test_a_column_that_the_reference_never_had_is_left_alone(kind: str) -> None:
    reference = records(kind, REFERENCE, seed=1)
    reference.numbers[:, -1] = np.nan
    detector = DETECTORS[kind](reference.table, false_alarms=1e6)
    detector.fit(reference)
    block = records(kind, 200, seed=9)
    block.numbers[:, -1] = np.nan
    assert detector.update(block) == []


def _halves(kind: str) -> Block:
    """Unchanged records with gaps, then changed ones."""
    before = records(kind, 150, seed=10, missing=0.03)
    return Block.concatenate([before, records(kind, 50, seed=11, changed=True, missing=0.03)])


@every_kind
@settings(deadline=None, max_examples=10, derandomize=True)
@given(cuts=st.lists(st.integers(0, 200), max_size=8), stops=st.sets(st.integers(0, 7)))
def test_cuts_and_stops_change_nothing_to_the_last_bit(
    kind: str, cuts: list[int], stops: set[int]
) -> None:
    block = _halves(kind)
    whole = fitted(kind, missing=0.03)
    start = json.dumps(whole.state())
    expected = whole.update(block)
    assert expected
    detector = _restored(kind, start)
    found: list[DriftAlarm] = []
    edges = [0, *sorted(cuts), len(block)]
    for i, (first, last) in enumerate(itertools.pairwise(edges)):
        found += detector.update(block[first:last])
        if i in stops:
            detector = _restored(kind, json.dumps(detector.state()))
    assert found == expected
    assert json.dumps(detector.state()) == json.dumps(whole.state())


def _restored(kind: str, text: str) -> Detector:
    detector = DETECTORS[kind](table_of(kind), false_alarms=FALSE_ALARMS)
    detector.restore(json.loads(text))
    return detector


@every_kind
def test_its_state_does_not_grow(kind: str) -> None:
    detector = fitted(kind)
    before = len(json.dumps(detector.state()))
    for seed in range(10):
        detector.update(records(kind, 1000, seed=20 + seed))
    assert len(json.dumps(detector.state())) < 1.02 * before + 100


@every_kind
@pytest.mark.parametrize(
    "other",
    [
        lambda cls, table: cls(table, false_alarms=2 * FALSE_ALARMS),
        lambda cls, table: cls(Table((*table.columns, Column(name="more"))), false_alarms=1e3),
    ],
    ids=["other promise", "other table"],
)
def test_a_state_of_other_parameters_is_refused(
    kind: str, other: Callable[[type[Detector], Table], Detector]
) -> None:
    detector = other(DETECTORS[kind], table_of(kind))
    with pytest.raises(StateMismatch, match="fit it again"):
        detector.restore(fitted(kind).state())


@every_kind
def test_it_says_what_it_needs(kind: str) -> None:
    detector = DETECTORS[kind](table_of(kind), false_alarms=FALSE_ALARMS)
    with pytest.raises(NotFitted):
        detector.update(records(kind, 10, seed=1))
    with pytest.raises(ReferenceTooShort, match=rf"{detector.least} records .* has 10"):
        detector.fit(records(kind, 10, seed=1))
    with pytest.raises(ValueError, match="false_alarms"):
        DETECTORS[kind](table_of(kind), false_alarms=1.0)
