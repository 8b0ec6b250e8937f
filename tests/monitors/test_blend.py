"""Blending: laws for which the answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from halflife.monitors.blend import Blend
from halflife.monitors.errors import NothingMeasurable, TooFewRows
from halflife.schemas.table import Block, Column, Kind, Role, Table

TABLE = Table(
    (
        Column(name="x", role=Role.SET_POINT),
        Column(name="z", role=Role.SET_POINT),
        Column(name="y"),
    ),
    target="y",
)


def law(rows: int, seed: int, bias: float = 1.0) -> Block:
    """``y = bias * (sin 4x + z) + noise``."""
    random = np.random.default_rng(seed)
    x, z = random.random((2, rows))
    y = bias * (np.sin(4 * x) + z) + 0.1 * random.standard_normal(rows)
    return Block(TABLE, np.column_stack([x, z, y]), np.empty((rows, 0), dtype=object))


def test_rows_of_the_true_law_help_where_real_ones_are_few() -> None:
    curve = Blend(TABLE, trees=20).of_batch(law(60, 0), law(120, 1))
    assert curve.share >= 0.5
    assert curve.points[curve.promising].helps
    assert curve.text.startswith(f"Take {curve.share:g} synthetic row")


def test_rows_of_a_false_law_are_not_taken() -> None:
    curve = Blend(TABLE, trees=20).of_batch(law(60, 0), law(100, 1, bias=-1.0))
    assert curve.share == 0.0
    assert curve.points[-1].gain < 0.0
    assert "Take no synthetic rows" in curve.text


def test_copies_of_the_training_rows_bring_nothing() -> None:
    answers = []
    for seed in range(6):
        blend = Blend(TABLE, shares=(0.0, 0.5, 1.0), trees=10, seed=seed)
        answers.append(blend.of_generator(law(50, seed), lambda real, n, s: real[:n]).share)
    # Under 2.5 % a share each time: two of six would have a chance of some 3 %.
    assert np.count_nonzero(answers) <= 1


def test_a_batch_that_saw_the_real_rows_shines_until_test_rows_are_asked() -> None:
    table_rows = law(40, 3)
    noise = np.random.default_rng(4).standard_normal(40)
    table_rows.numbers[:, 2] = noise  # nothing to learn: whoever predicts it has seen it
    blend = Blend(TABLE, shares=(0.0, 1.0), trees=20)
    assert blend.of_batch(table_rows, table_rows).share == 1.0
    fresh = law(200, 5)
    fresh.numbers[:, 2] = np.random.default_rng(6).standard_normal(200)
    assert blend.of_batch(table_rows, table_rows, test=fresh).share == 0.0


def test_the_band_is_the_corrected_one_of_nadeau_and_bengio() -> None:
    blend = Blend(TABLE, folds=4, repeats=3)
    errors = np.random.default_rng(0).random((2, 12))
    curve = blend._curve(errors, (0.0, 1.0), 1 / 12 + 1 / 3, rows=40, folds=12)
    d = errors[0] - errors[1]
    half = stats.t.ppf(0.975, 11) * math.sqrt((1 / 12 + (1 / 4) / (3 / 4)) * d.var(ddof=1))
    assert curve.points[1].gain == pytest.approx(d.mean())
    assert curve.points[1].band == pytest.approx((d.mean() - half, d.mean() + half))


def test_the_least_share_within_one_standard_error_of_the_best_is_promising() -> None:
    blend = Blend(TABLE)
    base = np.linspace(0.8, 1.2, 10)
    wave = 0.05 * (-1.0) ** np.arange(10)
    errors = np.array([base, base - 0.3 + wave, base - 0.31, base - 0.29])
    assert blend._curve(errors, (0.0, 0.1, 0.5, 1.0), 0.35, rows=50, folds=10).share == 0.1
    errors[1] = base - 0.2  # 0.11 less, without any spread
    assert blend._curve(errors, (0.0, 0.1, 0.5, 1.0), 0.35, rows=50, folds=10).share == 0.5


def test_the_same_seed_gives_the_same_curve_and_models_are_counted() -> None:
    told: list[tuple[int, int]] = []
    curves = [
        Blend(TABLE, trees=5, seed=3).of_batch(
            law(40, 0), law(80, 1), tell=lambda *n: told.append(n)
        )
        for _ in range(2)
    ]
    assert curves[0] == curves[1]
    assert told[:90] == [(i + 1, 90) for i in range(90)]


def test_a_category_is_blended_too() -> None:
    table = Table((Column(name="x"), Column(name="phase", kind=Kind.CATEGORY)), target="phase")
    x = np.random.default_rng(0).random(60)
    texts = np.where(x > 0.5, "solid", "liquid").astype(object)[:, None]
    texts[::9] = None
    rows = Block(table, x[:, None], texts)
    curve = Blend(table, trees=5, shares=(0.0, 1.0)).of_batch(rows, rows)
    assert curve.rows == 53
    assert 0.0 <= curve.points[0].error < 0.3


def test_what_cannot_be_blended_is_told() -> None:
    with pytest.raises(NothingMeasurable, match="no target is declared"):
        Blend(Table(TABLE.columns))
    with pytest.raises(NothingMeasurable, match="no other column"):
        Blend(Table((Column(name="y"),), target="y"))
    with pytest.raises(ValueError, match="rise from 0"):
        Blend(TABLE, shares=(0.1, 1.0))
    with pytest.raises(ValueError, match="2 folds"):
        Blend(TABLE, folds=1)
    with pytest.raises(TooFewRows, match="9 of 9 real rows"):
        Blend(TABLE).of_batch(law(9, 0), law(9, 0))
    with pytest.raises(TooFewRows, match="2 synthetic rows are fewer"):
        Blend(TABLE).of_batch(law(100, 0), law(2, 0))
    constant = law(40, 0)
    constant.numbers[:, 2] = 3.0
    with pytest.raises(NothingMeasurable, match="the same in all"):
        Blend(TABLE).of_batch(constant, law(40, 0))
