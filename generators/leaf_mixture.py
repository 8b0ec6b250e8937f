"""Trees with leaves of several sizes, each used as often as rows held out bear it out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import FloatArray

from .archive import Arrays
from .held_out_weights import MOST_ROWS, held_out_weights
from .leaf_tree import IntArray, LeafTree

_BACKED: Final = 3.0
_SEEN: Final = 0.63
_SIZE_OF_FOREST: Final = 10.0


@dataclass(frozen=True)
class LeafMixture:
    r"""Draws from :math:`\sum_k w_k\, p_k(\text{value} \mid \text{predictors})`, one tree each.

    Small leaves follow the training rows closely, great ones hardly. Which size is right differs
    from column to column: a mixture that is weighed twice is the same to the gram, its strength is
    not. The weights are those that rows held out from the growth of the trees are likeliest under
    (deleted interpolation); a value is then drawn from one of the trees by its weight.

    A forest may be one more of them: trees that each see some of the rows and of the features,
    down to single rows, of which one is drawn for each value. Each errs elsewhere: what is drawn
    about a place has the classes that all of them together tell there, and models that are taught
    by it do not learn the corners of a single tree.

    Args:
        trees: From small leaves to great ones, then those of the forest.
        sizes: Fewest rows in a leaf of each, shape (parts,); a forest, of which the leaves of many
            trees stand for one, counts as 10.
        weights: Of each tree, and of the whole forest, adding up to 1, shape (parts,).

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
        data", Pattern Recognition in Practice (1980) 381; L. Breiman, "Random forests", Machine
        Learning 45 (2001) 5.
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
        forest: int = 0,
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
            forest: How many trees it is to have, if any; values are never smoothed then.
        """

        def tree(
            chosen: NDArray[Any], size: int, own_seed: int = seed, share: float = tried
        ) -> LeafTree:
            return LeafTree.grow(
                features[chosen],
                values[chosen],
                fixed[chosen],
                classes=classes,
                min_leaf=size,
                seed=own_seed,
                donors=rows[chosen],
                tried=share,
                apart=apart,
            )

        def grove(chosen: NDArray[Any]) -> list[LeafTree]:
            random = np.random.default_rng(np.random.SeedSequence((seed, 8)))
            many, share = round(_SEEN * len(chosen)), 1.0 / math.sqrt(features.shape[1])
            some = [chosen[np.sort(random.permutation(len(chosen))[:many])] for _ in range(forest)]
            seeds = random.integers(2**31, size=forest)
            return [tree(one, 1, int(k), share) for one, k in zip(some, seeds, strict=True)]

        def alone(size: int, chosen: NDArray[Any]) -> list[LeafTree]:
            return [tree(chosen, size)]

        parts: list[Callable[[NDArray[Any]], list[LeafTree]]]
        parts = [partial(alone, size) for size in sizes]
        sizes_ = np.array(sizes, dtype=np.float64)
        if forest:
            parts, sizes_ = [*parts, grove], np.append(sizes_, _SIZE_OF_FOREST)
        if weights is None:
            weights = held_out_weights(features, values, parts, seed=seed)
        everything = np.arange(len(values))
        grown = tuple(one for grow in parts for one in grow(everything))
        return cls(grown, sizes_, weights)

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
        shares = self.leaning(lean)
        single, forest = len(shares) - 1, len(self.trees) - len(shares) + 1
        shares = np.append(shares[:single], np.full(forest, shares[single] / forest))
        edges = np.cumsum(shares)[:-1]
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
        """The weights, moved towards great leaves (above 0) or small ones, shape (parts,).

        Trees that have no more than what each was given before any row was held out take no part:
        where a value follows from those before it, no knob makes it forget them. A class that a
        forest tells is not moved from the rows either, as distance is bought by what comes before.
        """
        if len(self.trees) > len(self.sizes):
            lean = min(lean, 0.0)
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
        count = 1 + max(int(name.partition(".")[0]) for name in arrays if "." in name)
        for k in range(count):
            prefix = f"{k}."
            own = {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
            trees.append(LeafTree.restore(own))
        return cls(tuple(trees), arrays["sizes"], arrays["weights"])
