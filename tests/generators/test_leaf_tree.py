"""Trees that keep the values of their leaves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeRegressor

from halflife.generators.leaf_tree import LeafTree, _walk


def grown(features: np.ndarray, values: np.ndarray, fixed: bool = False) -> LeafTree:
    return LeafTree.grow(
        features.astype(np.float32),
        values,
        np.full(len(values), fixed),
        classes=False,
        min_leaf=5,
        seed=0,
    )


@given(seed=st.integers(0, 10**6), rows=st.integers(10, 200))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_our_walk_ends_in_the_same_leaf_as_scikit_learn(seed: int, rows: int) -> None:
    random = np.random.default_rng(seed)
    features = random.normal(size=(rows, 3)).astype(np.float32)
    values = features[:, 0] + random.normal(size=rows)
    fitted = DecisionTreeRegressor(min_samples_leaf=5, random_state=0).fit(features, values)
    tree = fitted.tree_
    leaf = tree.children_left < 0
    # Leaves are told by their own node number here, so that the two answers can be compared.
    left = np.where(leaf, np.arange(len(leaf)), tree.children_left)
    feature = np.where(leaf, -1, tree.feature)
    fresh = random.normal(size=(100, 3)).astype(np.float32)
    ours = _walk(fresh, feature, tree.threshold, left, tree.children_right)
    assert np.array_equal(ours, fitted.apply(fresh))


def test_drawn_values_come_from_the_leaf_of_the_row() -> None:
    features = np.repeat([0.0, 1.0], 50)[:, None]
    values = np.concatenate([np.linspace(0, 1, 50), np.linspace(10, 11, 50)])
    tree = grown(features, values)
    uniform = np.random.default_rng(0).random((1000, 3))
    low = tree.draw(np.zeros((1000, 1), dtype=np.float32), uniform)
    high = tree.draw(np.ones((1000, 1), dtype=np.float32), uniform)
    assert 0 <= low.min() < low.max() <= 1
    assert 10 <= high.min() < high.max() <= 11


def test_fixed_values_are_drawn_as_they_are_and_others_are_no_copies() -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=100)
    uniform = random.random((500, 3))
    none = np.empty((500, 0), dtype=np.float32)
    assert np.isin(grown(none[:100], values, fixed=True).draw(none, uniform), values).all()
    assert not np.isin(grown(none[:100], values).draw(none, uniform), values).any()


def test_careful_moves_are_nil_on_average() -> None:
    """A point with gaps d and u moves up by u/2 with odds d/(d + u), down by d/2 with the rest."""
    values = np.array([0.0, 1.0, 1.5, 4.0, 10.0])
    none = np.empty((200_000, 0), dtype=np.float32)
    tree = grown(none[:5], values)
    uniform = np.random.default_rng(0).random((200_000, 3))
    made = tree.draw(none, uniform, careful=True)
    for k in (1, 2, 3):
        mine = np.floor(uniform[:, 0] * 5) == k
        assert made[mine].mean() == pytest.approx(values[k], abs=0.03)


def test_few_rows_of_an_indicator_are_never_mixed_with_others() -> None:
    random = np.random.default_rng(0)
    rare = np.repeat([0.0, 1.0], [186, 14])
    features = np.column_stack([random.random((200, 3)), 1 - rare, rare]).astype(np.float32)
    values = np.where(rare, random.uniform(10, 11, 200), features[:, 0])
    values[:186:3] += 20.0  # so that the first split is not that of the indicator

    def made(apart: tuple[int, ...]) -> np.ndarray:
        tree = LeafTree.grow(
            features, values, rare > 2, classes=False, min_leaf=50, seed=0, apart=apart
        )
        assert np.array_equal(np.sort(tree.values), np.sort(values))
        rows = np.repeat(features[-14:], 50, axis=0)
        return tree.draw(rows, random.random((700, 3)))

    drowned, own = made(()), made((3, 4))
    assert ((drowned < 10) | (drowned > 11)).mean() > 0.5
    assert own.min() >= 10
    assert own.max() <= 11


def test_no_leaf_is_empty_where_all_levels_are_few() -> None:
    features = np.repeat(np.eye(2, dtype=np.float32), 20, axis=0)
    values = np.arange(40.0)
    tree = LeafTree.grow(
        features, values, values < 0, classes=False, min_leaf=15, seed=0, apart=(0, 1)
    )
    assert np.diff(tree.starts).min() >= 10  # half of the rows of a level
    made = tree.draw(features, np.random.default_rng(0).random((40, 3)))
    assert ((made < 19.5) == (values < 19.5)).all()


def test_arrays_restore_the_tree() -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(200, 40))
    tree = grown(features, features[:, 7] + features[:, 33])
    assert {7, 33} <= set(tree.predictors)
    assert len(tree.predictors) == 32
    again = LeafTree.restore(tree.arrays())
    fresh = random.normal(size=(50, 40)).astype(np.float32)
    uniform = random.random((50, 3))
    assert np.array_equal(tree.draw(fresh, uniform), again.draw(fresh, uniform))
