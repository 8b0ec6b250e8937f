"""How far recipes are from each other, against the divergences of known distributions."""

from __future__ import annotations

import json

import numpy as np
import pytest

from halflife.monitors.recipe_profile import RecipeProfile
from halflife.schemas.table import Block, Column, FloatArray, Kind, Role, Table

PAIR = Table((Column(name="x"), Column(name="y")))
PHASE = Table((Column(name="phase", kind=Kind.CATEGORY), Column(name="who", role=Role.CONTEXT)))


def numbers(cells: FloatArray) -> RecipeProfile:
    return RecipeProfile.fit(Block(PAIR, cells, np.empty((len(cells), 0), dtype=object)))


def phases(*levels: str | None) -> RecipeProfile:
    return RecipeProfile.fit(Block.from_rows(PHASE, [{"phase": level} for level in levels]))


@pytest.mark.parametrize("n", [30, 20_000])
def test_gaussians_are_as_far_apart_as_the_formula_says(n: int) -> None:
    rng = np.random.default_rng(0)
    a = np.array([[1.0, 0.5], [0.5, 2.0]])
    b = np.array([[2.0, -0.3], [-0.3, 1.0]])
    shift = np.array([3.0, -1.0])
    mine = numbers(rng.multivariate_normal(shift, a, n))
    theirs = numbers(rng.multivariate_normal([0.0, 0.0], b, 20_000))
    inverse = np.linalg.inv(b)
    expected = np.trace(inverse @ a) + shift @ inverse @ shift - 2
    expected = (expected + np.log(np.linalg.det(b) / np.linalg.det(a))) / 2
    # The mean of n squares, at most 5 or so apart in 30 records.
    assert mine.divergence(theirs) == pytest.approx(expected, rel=4 / np.sqrt(n))


def test_covariances_are_shrunk_as_ledoit_and_wolf_have_it() -> None:
    from sklearn.covariance import ledoit_wolf

    cells = np.random.default_rng(5).normal(size=(30, 2)) @ np.array([[1.0, 0.8], [0.0, 0.6]])
    cells = (cells - cells.mean(axis=0)) / cells.std(axis=0)
    expected, share = ledoit_wolf(cells, assume_centered=True)
    assert share > 0.02
    np.testing.assert_allclose(numbers(cells).covariance, expected, rtol=1e-10)


def test_the_unit_of_a_column_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    one, two = rng.normal(size=(50, 2)), rng.normal(1.0, 2.0, size=(500, 2))
    scale = np.array([1e6, 1e-9])
    far = numbers(one).divergence(numbers(two))
    assert numbers(one * scale).divergence(numbers(two * scale)) == pytest.approx(far, rel=1e-6)


def test_the_nearest_of_few_records_is_the_right_one() -> None:
    rng = np.random.default_rng(2)
    known = [numbers(rng.normal(mean, 1.0, (500, 2))) for mean in (0.0, 1.0, 2.0)]
    right = 0
    for i in range(60):
        mine = numbers(rng.normal(float(i % 3), 1.0, (30, 2)))
        right += int(np.argmin([mine.divergence(each) for each in known])) == i % 3
    # Halfway is .5 sigma sqrt(30 * 2) = 3.9 standard errors away.
    assert right == 60


def test_categories_are_as_far_apart_as_their_shares() -> None:
    mine, theirs = phases(*"a" * 5000, *"b" * 5000), phases(*"a" * 9000, *"b" * 1000)
    expected = 0.5 * np.log(0.5 / 0.9) + 0.5 * np.log(0.5 / 0.1)
    assert mine.divergence(theirs) == pytest.approx(expected, rel=1e-2)
    assert mine.divergence(mine) == 0.0


def test_a_level_that_the_other_never_had_is_far_but_finite() -> None:
    assert 3 < phases(*"c" * 30).divergence(phases(*"ab" * 250)) < 10


def test_missing_cells_tell_recipes_apart() -> None:
    mine = phases(*"a" * 50, *([None] * 50))
    assert mine.divergence(phases(*"a" * 500)) > 1
    assert mine.divergence(phases(*"a" * 250, *([None] * 250))) < 0.01


def test_constants_that_differ_are_far_apart_and_equal_ones_are_not() -> None:
    same, other = np.full((40, 2), 5.0), np.full((40, 2), 6.0)
    assert numbers(same).divergence(numbers(same)) == 0.0
    assert numbers(same).divergence(numbers(other)) > 100
    assert np.isfinite(numbers(same).divergence(numbers(other)))


def test_empty_columns_and_infinite_cells_are_survived() -> None:
    cells = np.random.default_rng(3).normal(size=(40, 2))
    gone = cells.copy()
    gone[:, 1] = np.nan
    gone[3, 0] = np.inf
    for one, two in ((cells, gone), (gone, cells), (gone, gone), (cells[:1], cells)):
        assert np.isfinite(numbers(one).divergence(numbers(two)))


def test_context_is_no_part_of_what_is_normal() -> None:
    block = Block.from_rows(PHASE, [{"phase": "a", "who": float(i)} for i in range(30)])
    assert RecipeProfile.fit(block).divergence(phases(*"a" * 30)) == 0.0


def test_it_comes_back_from_its_state() -> None:
    profile = numbers(np.random.default_rng(4).normal(size=(30, 2)))
    state = json.loads(json.dumps(profile.state()))
    assert RecipeProfile.of_state(state).state() == profile.state()
