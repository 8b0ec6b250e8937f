"""Trees with leaves of several sizes, and forests of those that see single rows."""

from __future__ import annotations

import numpy as np

from halflife.generators.leaf_mixture import LeafMixture
from halflife.schemas.table import FloatArray


def mixture(features: FloatArray, values: FloatArray) -> LeafMixture:
    return LeafMixture.grow(
        features.astype(np.float32),
        values,
        np.ones(len(values), dtype=np.bool_),
        rows=np.arange(len(values)),
        classes=True,
        sizes=(2, 5, 12, 30, 80),
        seed=0,
    )


def forest(features: FloatArray, values: FloatArray) -> LeafMixture:
    rows = np.arange(len(values))
    return LeafMixture.forest(features.astype(np.float32), values, rows=rows, trees=30, seed=0)


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
    right = []
    for grown in (mixture(features, side.astype(float)), forest(features, side.astype(float))):
        told = drawn(grown, np.repeat(new, 40, axis=0)).reshape(1_000, 40).mean(axis=1) > 0.5
        right.append((told == truth).mean())
    # Four standard errors of the difference of two shares of 1,000 places are at most .05.
    assert right[1] > right[0] + 0.05


def test_a_forest_keeps_frequencies_and_no_knob_moves_it() -> None:
    random = np.random.default_rng(1)
    features = random.normal(size=(500, 3))
    values = random.choice(3, 500, p=[0.7, 0.2, 0.1]).astype(float)
    grown, new = forest(features, values), random.normal(size=(20_000, 3))
    found = drawn(grown, new)
    shares, real = (np.bincount(one.astype(int)) / len(one) for one in (found, values))
    # Trees saw 500 rows: what they say of other rows scatters as a share of these does.
    assert np.abs(shares - real).max() < 4 * np.sqrt(0.25 / 500)
    assert np.array_equal(found, drawn(grown, new, lean=3.0))


def test_arrays_restore_a_mixture_and_a_forest() -> None:
    features = np.random.default_rng(2).normal(size=(200, 2))
    values = (features[:, 0] > 0).astype(float)
    for grown in (mixture(features, values), forest(features, values)):
        again = LeafMixture.restore(grown.arrays())
        assert np.array_equal(drawn(grown, features, 0.6), drawn(again, features, 0.6))
