"""Generations that feed on their own output are found; those with real data are not."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.generators import create
from halflife.monitors import CollapseGuard, MonitorError, TooFewRows
from halflife.schemas.table import Block

from .fidelity_cases import LINE, block, line, mixed


def generations(diet: str, *, rows: int = 140, seed: int = 0) -> list[bool]:
    """Whether each of ten generations of trees has collapsed."""
    guard = CollapseGuard(line(150, 1000 + seed))
    train, found = line(rows, 2000 + seed), []
    for generation in range(10):
        trees = create("trees", LINE)
        trees.fit(train, seed=generation)
        made = trees.sample(600, seed=generation)
        found.append(guard.measure(made).collapsed)
        fresh = line(rows, 3000 + 20 * seed + generation)
        half = rows // 2 if diet == "half real" else 0
        train = Block.concatenate([fresh[:half], made[: rows - half]])
    return found


def test_ten_generations_on_their_own_output_are_halted():
    halted = [any(generations("own output", rows=60, seed=seed)) for seed in range(5)]
    assert sum(halted) >= 4


def test_with_real_data_mixed_in_none_is_halted():
    halted = [any(generations("half real", rows=140, seed=seed)) for seed in range(5)]
    assert sum(halted) <= 1  # of 25 runs one was


def test_the_energy_score_of_a_normal_column_is_what_theory_says():
    table = mixed(1, 0).table
    assert table is not LINE
    x = np.random.default_rng(0).normal(size=(400, 2))
    guard = CollapseGuard(block(LINE, x))
    guard.measure(block(LINE, np.random.default_rng(1).normal(size=(400, 2))))
    point = guard.measure(block(LINE, np.zeros((400, 2))))
    # In two dimensions E|Y| = sqrt(pi / 2), E|X - X'| = sqrt(pi): the truth scores sqrt(pi) / 2.
    assert point.ratio == pytest.approx(np.sqrt(2.0), abs=0.06)
    assert point.beyond
    assert not point.collapsed
    assert guard.measure(block(LINE, np.zeros((400, 2)))).collapsed


def test_noise_alone_is_no_collapse():
    for seed in range(10):
        guard = CollapseGuard(line(100, seed))
        assert not any(guard.measure(line(400, 50 + seed + k)).collapsed for k in range(5))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 3), st.booleans())
def test_a_state_goes_on_bit_for_bit(done, as_text):
    rows = mixed(60, 0)
    whole = CollapseGuard(rows)
    batches = [mixed(120, 1 + k) for k in range(4)]
    for batch in batches[:done]:
        whole.measure(batch)
    state = whole.state()
    if as_text:
        state = json.loads(json.dumps(state))
    other = CollapseGuard.restored(state, rows, tolerance=0.03)
    assert [whole.measure(b) for b in batches[done:]] == [other.measure(b) for b in batches[done:]]
    assert whole.state() == other.state()


def test_what_cannot_be_guarded_is_refused():
    with pytest.raises(TooFewRows, match="30 real rows"):
        CollapseGuard(line(29, 0))
    with pytest.raises(MonitorError, match="tolerance"):
        CollapseGuard(line(30, 0), tolerance=0.0)
    guard = CollapseGuard(line(30, 0))
    with pytest.raises(TooFewRows):
        guard.measure(line(1, 0))
    with pytest.raises(MonitorError, match="the state is of guard"):
        CollapseGuard.restored(guard.state(), line(30, 1), tolerance=0.03)


def test_missing_constant_and_endless_cells_never_crash():
    odd = np.column_stack([np.ones(40), np.full(40, np.nan)])
    odd[0, 0] = np.inf
    guard = CollapseGuard(block(LINE, odd))
    assert np.isfinite([guard.measure(line(50, k)).ratio for k in range(2)]).all()
