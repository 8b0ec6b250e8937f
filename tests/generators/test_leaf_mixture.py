"""Trees with leaves of several sizes, and a forest beside them."""

from __future__ import annotations

import numpy as np
import pytest

from halflife.generators.leaf_mixture import LeafMixture
from halflife.schemas.table import FloatArray


def grown(features: FloatArray, values: FloatArray, forest: int) -> LeafMixture:
    return LeafMixture.grow(
        features.astype(np.float32),
        values,
        np.ones(len(values), dtype=np.bool_),
        rows=np.arange(len(values)),
        classes=True,
        sizes=(2, 5, 12, 30, 80),
        seed=0,
        forest=forest,
    )


def drawn(mixture: LeafMixture, features: FloatArray, lean: float = 0.0) -> FloatArray:
    random = np.random.default_rng(7)
    none = np.empty((len(features), 0), dtype=np.int64)
    uniform = random.random((len(features), 5))
    return mixture.draw(features.astype(np.float32), uniform, none, lean=lean)[0]


def test_a_forest_teaches_better_than_any_one_tree() -> None:
    """Of a class that is the side of an oblique plane: what most draws say about a place."""
    random = np.random.default_rng(0)
    features, new = random.normal(size=(400, 6)), random.normal(size=(1_000, 6))
    side, truth = (rows[:, :4].sum(axis=1) > 0 for rows in (features, new))
    alone, many = (
        drawn(grown(features, side.astype(float), forest), np.repeat(new, 40, axis=0))
        for forest in (0, 30)
    )
    right = [((one.reshape(1_000, 40).mean(axis=1) > 0.5) == truth).mean() for one in (alone, many)]
    # Four standard errors of the difference of two shares of 1,000 places are at most .05.
    assert right[1] > right[0] + 0.05


def test_the_forest_is_one_part_and_keeps_frequencies() -> None:
    random = np.random.default_rng(1)
    features = random.normal(size=(500, 3))
    values = random.choice(3, 500, p=[0.7, 0.2, 0.1]).astype(float)
    mixture = grown(features, values, 30)
    assert len(mixture.trees) == 35
    assert mixture.weights.shape == mixture.sizes.shape == (6,)
    assert mixture.weights.sum() == pytest.approx(1.0)
    found = drawn(mixture, random.normal(size=(20_000, 3)))
    shares, real = (np.bincount(one.astype(int)) / len(one) for one in (found, values))
    # Trees saw 500 rows: what they say of other rows scatters as a share of these does.
    assert np.abs(shares - real).max() < 4 * np.sqrt(0.25 / 500)


@pytest.mark.parametrize("forest", [0, 3])
def test_arrays_restore_the_mixture(forest: int) -> None:
    random = np.random.default_rng(2)
    features = random.normal(size=(200, 2))
    values = (features[:, 0] > 0).astype(float)
    mixture = grown(features, values, forest)
    again = LeafMixture.restore(mixture.arrays())
    assert len(again.trees) == len(mixture.trees) == 5 + forest
    assert np.array_equal(drawn(mixture, features, 0.6), drawn(again, features, 0.6))
