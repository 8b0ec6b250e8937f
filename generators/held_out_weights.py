"""How much trees of each leaf size are to be trusted, told by rows that they were not grown on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import FloatArray

from .leaf_tree import LeafTree

MOST_ROWS: Final = 2_000
_FEWEST_ROWS: Final = 20
_STEPS: Final = 50
_NARROWEST: Final = 1e-4


def held_out_weights(
    features: NDArray[np.float32],
    values: FloatArray,
    grow: Callable[[NDArray[Any], int], LeafTree],
    sizes: Sequence[int],
    *,
    seed: int,
) -> FloatArray:
    """Weights of the mixture under which rows held out are likeliest, shape (sizes,).

    Each half of the rows (at most 2,000 are looked at) is held out from trees grown on the other;
    the likelihood is raised by expectation maximisation, from equal weights and with one row's
    worth of them, so that no weight is nil.

    Args:
        features: Shape (n, p).
        values: Shape (n,).
        grow: The tree of some rows, given by number, with leaves of at least so many.
        sizes: Of the leaves.
        seed: Of the halves.
    """
    equal = np.full(len(sizes), 1.0 / len(sizes))
    order = np.random.default_rng(np.random.SeedSequence((seed, 4))).permutation(len(values))
    order = order[:MOST_ROWS]
    if len(order) < _FEWEST_ROWS or not features.shape[1] or len(sizes) == 1:
        return equal
    found = []
    for known, unseen in ((order[::2], order[1::2]), (order[1::2], order[::2])):
        trees = [grow(known, size) for size in sizes]
        sides = [likelihood(tree, features[unseen], values[unseen]) for tree in trees]
        found.append(np.column_stack(sides))
    return _likeliest(np.concatenate(found), equal)


def likelihood(tree: LeafTree, features: NDArray[np.float32], values: FloatArray) -> FloatArray:
    """Of each value as `LeafTree.draw` makes them: a mass if it is fixed, else a density; (n,).

    The density is per rank among the values of the tree, so that columns of any scale can be
    compared. It is nil outside the leaf's range.
    """
    knots = np.unique(tree.values)
    spread = 1.0 / len(knots)
    own = np.interp(tree.values, knots, np.arange(len(knots)) * spread)
    place = np.interp(values, knots, np.arange(len(knots)) * spread, left=-1.0, right=2.0)
    leaf = tree.leaves(features)
    start, stop = tree.starts[leaf], tree.starts[leaf + 1]
    # Leaf and rank in one number: a single search finds each value among those of its leaf.
    numbers = np.repeat(np.arange(len(tree.starts) - 1), np.diff(tree.starts))
    keys, wanted = 4.0 * numbers + own, 4.0 * leaf + place
    low = np.searchsorted(keys, wanted - 1e-9)
    high = np.searchsorted(keys, wanted + 1e-9)
    count = stop - start
    atoms = np.unique(tree.values[tree.fixed])
    mass = (high - low) / count
    left = np.clip(low - 1, 0, len(keys) - 1)
    right = np.clip(high, 0, len(keys) - 1)
    inside = (low > start) & (high < stop)
    gap = np.maximum(own[right] - own[left], _NARROWEST)
    # A value at the end of its leaf moves to one side only, with all its weight.
    share = np.where(tree.fixed[left], 0.0, np.where(left == start, 1.0, 0.5))
    share += np.where(tree.fixed[right], 0.0, np.where(right == stop - 1, 1.0, 0.5))
    density = np.where(inside, share / count / gap, 0.0)
    return np.where(np.isin(values, atoms), mass, density)


def _likeliest(likelihoods: FloatArray, weights: FloatArray) -> FloatArray:
    """Weights by expectation maximisation; rows that no tree can explain say nothing."""
    rows = likelihoods[likelihoods.max(axis=1) > 0.0]
    equal = weights
    for _ in range(_STEPS):
        shares = rows * weights
        shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-300)
        weights = (shares.sum(axis=0) + equal) / (len(rows) + 1.0)
    return weights
