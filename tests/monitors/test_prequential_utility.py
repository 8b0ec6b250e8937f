import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.monitors import MonitorError, PrequentialUtility, StateMismatch
from halflife.schemas.table import Block, Column, Role, Table

from .fidelity_cases import LINE, MIXED, block, line, mixed

KINDS = ("online", "refitted")


def begun(table, batch, known, **parameters):
    utility = PrequentialUtility(table, **parameters)
    utility.begin(batch, known)
    return utility


def test_another_real_sample_costs_nothing():
    held = 0
    for seed in range(10):
        known = line(400, 100 + seed)
        batch = line(400, 200 + seed)
        utility = begun(LINE, batch, known)
        utility.update(batch, known, line(250, 300 + seed))
        low, high = utility.gap().interval
        held += low <= 0.02 and high >= -0.02
    assert held >= 8


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_that_answers_otherwise_costs_what_its_error_says(kind):
    # By the batch y = .4 x; then |y - .4 x| is half-normal with sd sqrt(.36 + .09), by real .3.
    known, batch = line(600, 0), line(600, 1, slope=0.4)
    utility = begun(LINE, batch, known)
    utility.update(batch, known, line(250, 2))
    gap = utility.gap(kind)
    expected = np.sqrt(0.36 + 0.09) / 0.3 - 1.0
    assert gap.gap == pytest.approx(expected, rel=0.35)
    assert gap.interval[0] > 0.3
    assert gap.rows == 250


def test_real_learners_follow_an_instrument_that_changes():
    known, batch = line(400, 0), line(400, 1)
    utility = begun(LINE, batch, known)
    for i in range(8):
        new = line(100, 10 + i, slope=0.3)
        utility.update(batch, known, new)
        known = Block.concatenate([known, new])[-400:]
    for kind in KINDS:
        assert utility.gap(kind).interval[0] > 0.2


def test_categories_and_missing_cells_count_too():
    known, batch = mixed(300, 0), mixed(300, 1)
    utility = begun(MIXED, batch, known, trees=15)
    utility.update(batch, known, mixed(200, 2))
    gap = utility.gap()
    assert gap.rows == 200
    assert abs(gap.gap) < 0.3
    assert {task["target"] for task in utility.state()["tasks"]} == {"y", "phase"}


@pytest.mark.parametrize("worst", [np.nan, 1e300, -np.inf])
def test_cells_without_sense_blind_no_learner(worst):
    known, batch = line(300, 0), line(300, 1)
    utility = begun(LINE, batch, known)
    bad = line(40, 2)
    numbers = bad.numbers.copy()
    numbers[:, 0] = worst
    with np.errstate(over="ignore"):
        utility.update(batch, known, block(LINE, numbers))
    utility.update(batch, known, line(250, 3))
    assert abs(utility.gap("online").gap) < 0.2


def test_rows_without_the_target_say_nothing():
    known, batch = line(300, 0), line(300, 1)
    utility = begun(LINE, batch, known)
    numbers = line(40, 2).numbers.copy()
    numbers[:, 1] = np.nan
    utility.update(batch, known, block(LINE, numbers))
    assert utility.gap() is None


@pytest.mark.parametrize(
    "known", [line(0, 0), block(LINE, np.ones((50, 2)))], ids=["none", "constant"]
)
def test_where_nothing_can_be_compared_there_is_no_gap(known):
    utility = begun(LINE, line(100, 1), known)
    utility.update(line(100, 1), known, line(50, 2))
    assert utility.gap() is None
    alone = Table((Column(name="x", role=Role.SET_POINT),))
    utility = begun(alone, block(alone, np.ones((30, 1))), block(alone, np.ones((30, 1))))
    assert utility.gap() is None


@settings(max_examples=8, deadline=None, derandomize=True)
@given(st.integers(1, 59), st.integers(0, 3))
def test_a_restart_changes_no_bit(cut, seed):
    known, batch, new = mixed(80, seed), mixed(90, seed + 10), mixed(60, seed + 20)
    through = begun(MIXED, batch, known, trees=5)
    again = begun(MIXED, batch, known, trees=5)
    for rows in (new[:cut], new[cut:]):
        through.update(batch, known, rows)
        state = json.loads(json.dumps(again.state(), allow_nan=False))
        again = PrequentialUtility(MIXED, trees=5)
        again.restore(state)
        again.update(batch, known, rows)
    assert again.state() == through.state()
    assert again.gap() == through.gap()


@settings(max_examples=8, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 60), max_size=4))
def test_online_errors_do_not_depend_on_how_rows_are_cut(cuts):
    known, batch, new = mixed(80, 0), mixed(90, 1), mixed(60, 2)
    whole = begun(MIXED, batch, known, trees=2)
    whole.update(batch, known, new)
    parts = begun(MIXED, batch, known, trees=2)
    ends = [0, *sorted(cuts), 60]
    for begin, end in itertools.pairwise(ends):
        parts.update(batch, known, new[begin:end])
    assert parts.gap("online") == whole.gap("online")
    weights = [[t["by_real"] for t in u.state()["tasks"]] for u in (whole, parts)]
    assert weights[0] == weights[1]


def test_what_does_not_fit_is_refused():
    with pytest.raises(MonitorError, match="window"):
        PrequentialUtility(LINE, window=1)
    with pytest.raises(MonitorError, match="no learner 'trees'"):
        PrequentialUtility(LINE).gap("trees")
    with pytest.raises(StateMismatch):
        PrequentialUtility(LINE, seed=1).restore(PrequentialUtility(LINE).state())
