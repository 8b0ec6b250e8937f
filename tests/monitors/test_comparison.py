"""Which of two batches real rows are nearer to, and how surely."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.monitors import Comparison, NothingMeasurable
from halflife.monitors.contrast import Contrast
from halflife.monitors.predictive_contrast import PredictiveContrast
from halflife.monitors.witness import Witness

from .fidelity_cases import LINE, MIXED, block, line, mixed


def test_a_contrast_of_means_has_the_error_of_means():
    rows = [np.random.default_rng(seed).normal(size=n) for seed, n in enumerate((300, 500, 700))]
    contrast = Contrast.between(*rows)
    real, ours, theirs = rows
    assert contrast.value == pytest.approx(real.mean() - (ours.mean() + theirs.mean()) / 2.0)
    variance = real.var() / 300 + ours.var() / 2000 + theirs.var() / 2800
    assert contrast.error == pytest.approx(variance**0.5)


def test_pooled_contrasts_count_by_their_real_rows():
    draw = np.random.default_rng(0).normal
    theirs = draw(size=100)
    parts = [Contrast.between(draw(size=n), draw(size=80), theirs) for n in (30, 90)]
    pooled = Contrast.pooled(parts)
    assert pooled.value == pytest.approx(0.25 * parts[0].value + 0.75 * parts[1].value)
    assert len(pooled.real) == 120
    assert Contrast.pooled(parts[:1]).error == pytest.approx(parts[0].error)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000))
def test_the_other_way_round_says_the_opposite(seed):
    real, a, b = line(80, seed), line(120, seed + 1), line(120, seed + 2, slope=0.5)
    there, back = (Witness(real, *pair, seed).contrasts() for pair in ((a, b), (b, a)))
    # Rows train by their places, which change sides: the sign is certain where z is not small.
    for part in there:
        if abs(there[part].z) > 2.0:
            assert back[part].z * there[part].z > 0.0 or back[part].z < 0.0


def test_each_part_sees_what_it_is_asked_about():
    real, good = line(300, 0), line(1000, 1)
    moved = block(LINE, line(1000, 2).numbers + 0.5)
    turned = block(LINE, line(1000, 3).numbers * [1.0, -1.0])
    z = {part: c.z for part, c in Witness(real, good, moved, 0).contrasts().items()}
    assert z["columns"] > 3.0
    assert abs(z["pairs"]) < 3.0
    z = {part: c.z for part, c in Witness(real, good, turned, 0).contrasts().items()}
    assert z["pairs"] > 4.0
    assert abs(z["columns"]) < 3.0


def test_models_of_the_better_batch_miss_less():
    real = line(200, 0)
    found = PredictiveContrast(LINE, seed=0).between(
        [(real, line(500, 1))], line(500, 2, slope=0.4)
    )
    assert found is not None
    assert found.z > 3.0


def test_a_tenth_of_the_answers_exchanged_shows_in_the_scatter():
    generator = np.random.default_rng(7)
    numbers = line(1000, 2).numbers
    rows = np.flatnonzero(generator.random(1000) < 0.15)
    numbers[rows, 1] = numbers[generator.permutation(rows), 1]
    real, good, other = line(300, 0), line(1000, 1), block(LINE, numbers)
    found = PredictiveContrast(LINE, seed=0).between([(real, good)], other)
    back = PredictiveContrast(LINE, seed=0).between([(real, other)], good)
    assert found is not None
    assert back is not None
    assert found.z > 3.0
    assert back.z < -3.0
    assert Witness(real, good, other, 0).contrasts()["pairs"].z > 3.0


def test_batches_that_are_as_far_from_the_truth_are_equal():
    real = block(LINE, line(300, 0).numbers)
    left, right = (block(LINE, line(1000, 1).numbers + shift) for shift in (-0.4, 0.4))
    comparison = Comparison.of([(real, left)], right)
    assert abs(comparison.parts["columns"]) < 3.5


def test_neither_order_nor_cuts_of_rows_matter():
    real, ours, theirs = mixed(120, 0), mixed(300, 1), mixed(300, 2)
    turned = [rows[np.arange(len(rows))[::-1]] for rows in (real, ours, theirs)]
    one = Comparison.of([(real, ours)], theirs, seed=3)
    other = Comparison.of([(turned[0], turned[1])], turned[2], seed=3)
    assert one == other
    assert set(one.parts) == {"columns", "pairs", "joint", "predictive"}
    assert MIXED.categories


def test_few_large_and_constant_columns_never_crash():
    flat = block(LINE, np.ones((60, 2)))
    with pytest.raises(NothingMeasurable):
        Comparison.of([(flat, flat)], flat)
    half = block(LINE, np.column_stack([np.ones(60), np.full(60, np.nan)]))
    assert Comparison.of([(line(60, 0), half)], line(60, 1)).worse
    huge = block(LINE, line(60, 2).numbers * 1e300)
    assert np.isfinite(list(Comparison.of([(line(60, 0), huge)], line(60, 1)).parts.values())).all()


def test_rows_needed_grow_as_the_square_of_noise_over_gap():
    def need(z: float) -> int:
        return Comparison({"columns": z}, critical=2.0, rows=100).more_rows()

    assert need(1.0) == 300  # (2 / 1)**2 times 100 in all
    assert need(1.6) == 60
    assert need(-3.0) == need(1.0)
    assert need(1.99) == 10


def test_equal_batches_seldom_pass():
    passed = 0
    for seed in range(40):
        rows = line(100, seed), line(200, 100 + seed), line(200, 200 + seed)
        passed += bool(Comparison.of([(rows[0], rows[1])], rows[2], seed=seed).better)
    assert passed <= 6  # of 40 at 5 %: more has probability .3 %
