"""Trees with leaves of several sizes, each used as often as rows held out bear it out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import FloatArray

from .archive import Arrays
from .held_out_weights import MOST_ROWS, held_out_weights
from .leaf_tree import IntArray, LeafTree

_BACKED: Final = 3.0
_SEEN: Final = 0.63
_ROWS_OF_PAIRS: Final = 1_000


@dataclass(frozen=True)
class LeafMixture:
    r"""Draws from :math:`\sum_k w_k\, p_k(\text{value} \mid \text{predictors})`, one tree each.

    Small leaves follow the training rows closely, great ones hardly. Which size is right differs
    from column to column: a mixture that is weighed twice is the same to the gram, its strength is
    not. The weights are those that rows held out from the growth of the trees are likeliest under
    (deleted interpolation); a value is then drawn from one of the trees by its weight.

    Args:
        trees: From small leaves to great ones.
        sizes: Fewest rows in a leaf of each, shape (trees,).
        weights: Of each tree, adding up to 1, shape (trees,).

    Example:
        >>> features = np.repeat([[0.], [1.]], 50, axis=0).astype(np.float32)
        >>> values = np.repeat([3., 8.], 50)
        >>> mixture = LeafMixture.grow(features, values, values > 0, rows=np.arange(100),
        ...     classes=False, sizes=(2, 5), seed=0)
        >>> none = np.empty((1, 0), dtype=np.int64)
        >>> mixture.draw(features[:1], np.full((1, 5), .5), none, lean=0.)[0]
        array([3.])

    Reference:
        F. Jelinek, R. Mercer, "Interpolated estimation of Markov source parameters from sparse
        data", Pattern Recognition in Practice (1980) 381.
    """

    trees: tuple[LeafTree, ...]
    sizes: FloatArray
    weights: FloatArray

    @classmethod
    def grow(
        cls,
        features: NDArray[np.float32],
        values: FloatArray,
        fixed: NDArray[np.bool_],
        *,
        rows: IntArray,
        classes: bool,
        sizes: Sequence[int],
        seed: int,
        tried: float = 1.0,
        weights: FloatArray | None = None,
        apart: Sequence[int] = (),
    ) -> LeafMixture:
        """Grow a tree for each size, and weigh them.

        Args:
            features: Shape (n, p), finite; p may be 0.
            values: To be predicted, shape (n,), n at least 1.
            fixed: Which of them are never smoothed, shape (n,).
            rows: The training row of each value, shape (n,).
            classes: Whether the values are codes of classes, without an order.
            sizes: Fewest rows in a leaf, ascending.
            seed: Of the trees, and of the rows held out.
            tried: See `LeafTree.grow`.
            weights: If they are known already.
            apart: See `LeafTree.grow`.
        """

        def tree(chosen: NDArray[Any], size: int) -> LeafTree:
            return LeafTree.grow(
                features[chosen],
                values[chosen],
                fixed[chosen],
                classes=classes,
                min_leaf=size,
                seed=seed,
                donors=rows[chosen],
                tried=tried,
                apart=apart,
            )

        if weights is None:
            weights = held_out_weights(features, values, tree, sizes, seed=seed)
        everything = np.arange(len(values))
        grown = tuple(tree(everything, size) for size in sizes)
        return cls(grown, np.array(sizes, dtype=np.float64), weights)

    @classmethod
    def forest(
        cls,
        features: NDArray[np.float32],
        values: FloatArray,
        *,
        rows: IntArray,
        trees: int,
        seed: int,
        apart: Sequence[int] = (),
    ) -> LeafMixture:
        """Grow many trees that count alike, each of some rows and features.

        They go down to single rows, from 1,000 rows on to pairs.

        Each errs elsewhere: what is drawn about a place has the classes that all of them together
        tell there, and models that are taught by it do not learn the corners of a single tree. No
        knob moves them from the rows: distance is bought by the columns before.

        Args:
            features: Shape (n, p), finite, p at least 1.
            values: Codes of classes, shape (n,), n at least 1.
            rows: The training row of each value, shape (n,).
            trees: How many.
            seed: Of the rows and features that each tree sees.
            apart: See `LeafTree.grow`.

        Reference:
            L. Breiman, "Random forests", Machine Learning 45 (2001) 5; .63 of the rows without
            replacement in place of all with it: P. Bühlmann, B. Yu, "Analyzing bagging", Annals of
            Statistics 30 (2002) 927.
        """
        random = np.random.default_rng(np.random.SeedSequence((seed, 8)))
        many, tried = max(1, round(_SEEN * len(values))), 1.0 / math.sqrt(features.shape[1])
        grown = []
        for own in random.integers(2**31, size=trees).tolist():
            some = np.sort(random.permutation(len(values))[:many])
            grown.append(
                LeafTree.grow(
                    features[some],
                    values[some],
                    np.ones(many, dtype=np.bool_),
                    classes=True,
                    min_leaf=1 if len(values) < _ROWS_OF_PAIRS else 2,
                    seed=own,
                    donors=rows[some],
                    tried=tried,
                    apart=apart,
                )
            )
        return cls(tuple(grown), np.ones(trees), np.full(trees, 1.0 / trees))

    def draw(
        self,
        features: NDArray[np.float32],
        uniform: FloatArray,
        used: IntArray,
        *,
        lean: float,
        careful: bool = False,
    ) -> tuple[FloatArray, IntArray]:
        """One value for each row and the training row that it was made from, each (rows,).

        Of two values of the leaf that are drawn, that one is taken whose training row has given
        less to this row so far: what one training row alone says is not said again.

        Args:
            features: Shape (rows, p).
            uniform: In [0, 1), shape (rows, 5): tree, two values, direction, share of the gap.
            used: Training rows that gave the columns before, shape (rows, columns before).
            lean: Weights are multiplied by the sizes to this power: above 0 away from the rows.
            careful: See `LeafTree.draw`.
        """
        values, donors = np.empty(len(uniform)), np.empty(len(uniform), dtype=np.int64)
        edges = np.cumsum(self.leaning(lean))[:-1]
        which = np.searchsorted(edges, uniform[:, 0], side="right")
        for k, tree in enumerate(self.trees):
            mine = np.flatnonzero(which == k)
            if not mine.size:
                continue
            leaf = tree.leaves(features[mine])
            start, stop = tree.starts[leaf], tree.starts[leaf + 1]
            chance = uniform[mine]
            place, other = (
                start + (chance[:, j] * (stop - start)).astype(np.int64) for j in (1, 2)
            )
            given = used[mine]
            times = (given == tree.donors[place][:, None]).sum(axis=1)
            place = np.where(
                (given == tree.donors[other][:, None]).sum(axis=1) < times, other, place
            )
            values[mine] = tree.smoothed(place, start, stop, chance[:, 3:], careful=careful)
            donors[mine] = tree.donors[place]
        return values, donors

    def leaning(self, lean: float) -> FloatArray:
        """The weights, moved towards great leaves (above 0) or small ones, shape (trees,).

        Trees that have no more than what each was given before any row was held out take no part:
        where a value follows from those before it, no knob makes it forget them.
        """
        given = 1.0 / len(self.sizes) / (min(len(self.trees[0].values), MOST_ROWS) + 1)
        backed = np.where(self.weights > _BACKED * given, self.weights, 0.0)
        weights = (backed if backed.any() else self.weights) * self.sizes**lean
        return np.asarray(weights / weights.sum())

    def arrays(self) -> Arrays:
        """All arrays by name."""
        found: Arrays = {"sizes": self.sizes, "weights": self.weights}
        for k, tree in enumerate(self.trees):
            found.update({f"{k}.{name}": array for name, array in tree.arrays().items()})
        return found

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> LeafMixture:
        """From the arrays by name."""
        trees = []
        for k in range(len(arrays["sizes"])):
            prefix = f"{k}."
            own = {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
            trees.append(LeafTree.restore(own))
        return cls(tuple(trees), arrays["sizes"], arrays["weights"])
