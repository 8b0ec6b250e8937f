"""Residuals of the reference are those of models that have not seen the row."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from halflife.monitors.decorrelation import Decorrelation
from halflife.monitors.errors import ReferenceTooShort
from halflife.monitors.set_point_model import SetPointModel
from halflife.schemas.table import Block, Column, FloatArray, Kind, Role, Table


def test_decorrelation_leaves_each_row_out() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3)) @ rng.normal(size=(3, 3))
    decorrelation, held_out = Decorrelation.fit(x)
    ranks = decorrelation.ranks
    z = np.stack([s[c] for s, c in zip(ranks.scores, ranks.codes(x), strict=True)], axis=1)
    penalty = 1e-3 * len(z) * np.eye(2)
    for row in (0, 17, 59):
        rest = np.delete(z, row, axis=0)
        for j in range(3):
            others = np.delete(rest, j, axis=1)
            weights = np.linalg.solve(others.T @ others + penalty, others.T @ rest[:, j])
            expected = z[row, j] - np.delete(z[row], j) @ weights
            assert held_out[row, j] == pytest.approx(expected, abs=2e-3)


def test_new_residuals_are_spread_like_those_held_out() -> None:
    rng = np.random.default_rng(1)
    mix = rng.normal(size=(20, 20))
    decorrelation, held_out = Decorrelation.fit(rng.normal(size=(150, 20)) @ mix)
    fresh = decorrelation.residuals(rng.normal(size=(4000, 20)) @ mix)
    assert held_out.std() == pytest.approx(fresh.std(), rel=0.12)


def test_columns_that_would_blind_the_others_are_left_out() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(200, 4))
    x[:, 1] = 3.0
    x[rng.random(200) < 0.5, 2] = np.nan
    decorrelation, _ = Decorrelation.fit(x)
    residuals = decorrelation.residuals(x)
    assert np.isnan(residuals[:, [1, 2]]).all()
    assert not np.isnan(residuals[:, [0, 3]]).any()
    assert decorrelation.partner(0) == 3


TABLE = Table(
    (
        Column(name="x", role=Role.SET_POINT),
        Column(name="who", role=Role.SET_POINT, kind=Kind.CATEGORY),
        Column(name="y"),
        Column(name="constant"),
    )
)


def sample(n: int, seed: int) -> Block:
    rng = np.random.default_rng(seed)
    x = rng.uniform(-3, 3, n)
    who = rng.choice(["ann", "bob"], n)
    y = np.sin(2 * x) + (who == "ann") + (0.05 + 0.1 * (x > 0)) * rng.normal(size=n)
    numbers = np.column_stack([x, y, np.full(n, 4.0)])
    return Block(TABLE, numbers, who[:, None].astype(object))


def test_set_points_explain_and_scale_is_local() -> None:
    model, held_out = SetPointModel.fit(sample(600, 3), ("x", "who"), ("y", "constant"))
    fresh = sample(4000, 4)
    residuals, outside = model.residuals(fresh)
    assert outside.mean() < 0.05
    inside, right = residuals[~outside, 0], fresh.number("x")[~outside] > 0
    assert np.nanmean(np.abs(held_out[:, 0])) == pytest.approx(np.abs(inside).mean(), rel=0.1)
    # The noise is three times as large on the right, and neither side's residuals are.
    assert inside[right].std() == pytest.approx(inside[~right].std(), rel=0.3)
    assert (residuals[~outside, 1] == 0).all()


def test_each_row_gives_the_same_bits_alone_and_among_others() -> None:
    model, _ = SetPointModel.fit(sample(300, 5), ("x", "who"), ("y", "constant"))
    again = SetPointModel.of_state(json.loads(json.dumps(model.state())))
    block = sample(101, 6)
    whole, _ = model.residuals(block)
    for row in range(len(block)):
        alone, _ = again.residuals(block[row : row + 1])
        assert alone.tobytes() == whole[row : row + 1].tobytes()


def test_missing_answers_are_left_out_of_the_fit_and_stay_missing() -> None:
    reference = sample(400, 7)
    reference.numbers[::3, 1] = np.nan
    reference.numbers[::5, 0] = np.nan
    reference.texts[::7, 0] = None
    model, held_out = SetPointModel.fit(reference, ("x", "who"), ("y", "constant"))
    assert np.isnan(held_out[::3, 0]).all()
    assert np.isfinite(held_out[1, 0])
    residuals, _ = model.residuals(reference)
    assert (np.isnan(residuals) == np.isnan(held_out)).all()


def test_too_few_rows_at_known_set_points_are_told() -> None:
    reference = sample(50, 8)
    with pytest.raises(
        ReferenceTooShort, match=r"reference of 51 records or more; this one has 50"
    ):
        SetPointModel.fit(reference, ("x", "who"), ("y",), least=51)


GRID = Table((*(Column(name=f"x{j}", role=Role.SET_POINT) for j in range(2)), Column(name="y")))


def on_a_grid(n: int, answer: Callable[[FloatArray, np.random.Generator], FloatArray]) -> Block:
    rng = np.random.default_rng(9)
    x = rng.integers(0, 4, (n, 2)).astype(float)
    return Block(GRID, np.column_stack([x, answer(x, rng)]), np.empty((n, 0), dtype=object))


@pytest.mark.parametrize(
    "answer",
    [
        lambda x, _: 2.0 * x[:, 0] + x[:, 1] ** 2,
        lambda x, rng: rng.poisson(0.1 + 0.2 * x[:, 0]).astype(float),
        lambda x, rng: (rng.random(len(x)) < 0.5).astype(float),
    ],
    ids=["exact", "counts", "yes or no"],
)
def test_where_misses_repeat_those_of_the_reference_are_those_of_new_rows_to_the_bit(
    answer: Callable[[FloatArray, np.random.Generator], FloatArray],
) -> None:
    # An atom that stood a last bit beside itself would have all new rows on one side of it.
    reference = on_a_grid(300, answer)
    model, held_out = SetPointModel.fit(reference, ("x0", "x1"), ("y",))
    assert held_out.tobytes() == model.residuals(reference)[0].tobytes()


def test_values_that_repeat_at_set_points_that_do_not_are_held_out() -> None:
    rng = np.random.default_rng(10)

    def classes(n: int) -> Block:
        y = rng.integers(0, 3, n).astype(float)
        x = rng.normal(size=(n, 2)) + y[:, None]
        return Block(GRID, np.column_stack([x, y]), np.empty((n, 0), dtype=object))

    spreads = []
    for _ in range(40):
        model, held_out = SetPointModel.fit(classes(60), ("x0", "x1"), ("y",))
        fresh, _ = model.residuals(classes(2000))
        spreads.append(np.nanmean(fresh**2) / np.nanmean(held_out**2))
    # Fitted with its own rows it would be (1 + p / n) / (1 - p / n), p some 9 of 60: 1.35 or more.
    assert np.median(spreads) < 1.2


@pytest.mark.parametrize("n", [50, 75, 100])
def test_a_short_reference_of_many_set_points_is_not_followed_to_the_last_row(n: int) -> None:
    names = [f"x{j}" for j in range(8)]
    table = Table((*(Column(name=name, role=Role.SET_POINT) for name in names), Column(name="y")))
    rng = np.random.default_rng(n)

    def rows(size: int) -> Block:
        x = rng.normal(size=(size, 8))
        y = x[:, 0] + rng.normal(size=size)
        return Block(table, np.column_stack([x, y]), np.empty((size, 0), dtype=object))

    spreads = []
    for _ in range(30):
        model, held_out = SetPointModel.fit(rows(n), names, ("y",))
        fresh, _ = model.residuals(rows(1000))
        spreads.append(np.nanmean(fresh**2) / np.nanmean(held_out**2))
    assert np.median(spreads) == pytest.approx(1.0, abs=0.2)
