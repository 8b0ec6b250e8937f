"""Which column a change began with."""

from __future__ import annotations

import numpy as np
import pytest

from halflife.monitors.drift import Drift
from halflife.monitors.origin import origin_evidence
from halflife.schemas.table import Block, Column, FloatArray, Table

RHO = 0.6
INVERSE = np.linalg.inv(RHO ** np.abs(np.subtract.outer(np.arange(4), np.arange(4))))


def chain(rng: np.random.Generator, n: int) -> FloatArray:
    """Four columns with correlations .6^|i - j|."""
    return np.asarray(rng.normal(size=(n, 4)) @ np.linalg.cholesky(np.linalg.inv(INVERSE)).T)


def evidence_of(x: FloatArray) -> FloatArray:
    """With residuals by the true inverse, in their true standard deviations."""
    spread = np.sqrt(np.diag(INVERSE))
    residuals = x @ INVERSE / spread
    return origin_evidence(residuals, x * spread - residuals)


def test_a_column_that_turned_has_the_divergence_of_whole_records() -> None:
    n, square = 100_000, RHO**2
    x = chain(np.random.default_rng(0), n)
    x[:, 0] *= -1
    evidence = evidence_of(x) / n
    assert evidence[0] == pytest.approx(2 * square / (1 - square), rel=0.02)
    # What the others say of the neighbour no longer goes with it: its variance given them is 1.
    excess = 4 * square / ((1 + square) * (1 - square))
    before = (1 - square) / (1 + square)
    assert evidence[1] == pytest.approx((np.log(before) + excess) / 2, rel=0.03)
    assert evidence[3] == pytest.approx(0, abs=0.001)


@pytest.mark.parametrize("column", range(4))
def test_a_column_that_is_off_has_the_likelihood_of_its_shift(column: int) -> None:
    n, shift = 100_000, 0.5
    x = chain(np.random.default_rng(column), n)
    x[:, column] += shift
    evidence = evidence_of(x) / n
    assert evidence.argmax() == column
    assert evidence[column] == pytest.approx(shift**2 * INVERSE[column, column] / 2, rel=0.05)


def test_unchanged_records_speak_against_every_column() -> None:
    rng = np.random.default_rng(1)
    evidence = np.array([evidence_of(chain(rng, 60)) for _ in range(200)])
    # A likelihood ratio: its mean is 1 where nothing has changed.
    assert (evidence > np.log(100)).mean() < 0.01
    assert np.median(evidence) < 0


def test_no_records_tell_nothing() -> None:
    assert origin_evidence(np.empty((0, 3)), np.empty((0, 3))) == pytest.approx(np.zeros(3))


def test_a_column_that_turns_is_named_before_the_neighbours_that_lean_on_it() -> None:
    table = Table(tuple(Column(name=f"c{j}") for j in range(4)))
    named = []
    for seed in range(40):
        rng = np.random.default_rng([seed, 11])
        x = chain(rng, 2_300)
        x[2_100:, 0] *= -1
        drift = Drift(table, false_alarms=10_000)
        drift.fit(Block(table, x[:2_000], np.empty((2_000, 0), dtype=object)))
        alarms = drift.update(Block(table, x[2_000:], np.empty((300, 0), dtype=object)))
        first = next(alarm for alarm in alarms if alarm.record >= 100)
        named.append(first.columns[0])
    assert named.count("c0") >= 36
