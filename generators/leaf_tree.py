"""A decision tree whose leaves keep the values that fell into them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import FloatArray

IntArray = NDArray[np.int64]
_Nodes = tuple[IntArray, FloatArray, IntArray, IntArray]

_MOST_CLASSES: Final = 64
_MOST_PREDICTORS: Final = 32
_FEWEST_APART: Final = 8
_FEW_LEAVES: Final = 4


@dataclass(frozen=True)
class LeafTree:
    """Draws values from ``p(value | predictors)`` as one regression tree sees it.

    Plain arrays, walked by numpy: saved without a pickle, and the same with any scikit-learn.

    Args:
        predictors: Columns of the feature matrix that are looked at, shape (used,).
        feature: Of each node, an index into ``predictors``; -1 for a leaf; shape (nodes,).
        threshold: A row goes left where its feature is at most this, shape (nodes,).
        left: Left child; of a leaf, its number; shape (nodes,).
        right: Right child, shape (nodes,).
        starts: Leaf ``k`` holds ``values[starts[k]:starts[k + 1]]``, shape (leaves + 1,).
        values: Of the training rows, by leaf, ascending within it, shape (n,).
        fixed: Which of them are never smoothed, shape (n,).
        donors: The training rows that they come from, shape (n,).

    Example:
        >>> features = np.repeat([[0.], [1.]], 10, axis=0).astype(np.float32)
        >>> values = np.repeat([3., 8.], 10)
        >>> tree = LeafTree.grow(features, values, values > 0, classes=False, min_leaf=5, seed=0)
        >>> tree.draw(np.array([[1.], [0.]], dtype=np.float32), np.full((2, 3), .5))
        array([8., 3.])

    Reference:
        J. Reiter, "Using CART to generate partially synthetic public use microdata", Journal of
        Official Statistics 21 (2005) 441; trees after Breiman et al. (1984) from scikit-learn.
    """

    predictors: IntArray
    feature: IntArray
    threshold: FloatArray
    left: IntArray
    right: IntArray
    starts: IntArray
    values: FloatArray
    fixed: NDArray[np.bool_]
    donors: IntArray

    @classmethod
    def grow(
        cls,
        features: NDArray[np.float32],
        values: FloatArray,
        fixed: NDArray[np.bool_],
        *,
        classes: bool,
        min_leaf: int,
        seed: int,
        donors: IntArray | None = None,
        tried: float = 1.0,
        apart: Sequence[int] = (),
    ) -> LeafTree:
        """Grow a tree and fill its leaves.

        Args:
            features: Shape (n, p), finite; p may be 0.
            values: To be predicted, shape (n,), n at least 1.
            fixed: Which of them are never smoothed, shape (n,).
            classes: Whether the values are codes of classes, without an order.
            min_leaf: Fewest rows in a leaf.
            seed: Decides between splits that are equally good, and which features are tried.
            donors: Which row each value comes from, shape (n,); their numbers if left out.
            tried: Share of the features that are tried at each split: less is quicker.
            apart: Features of 0 and 1, no two of which are 1 at once: where one is, and for fewer
                rows than four leaves have, these are split off first and grown a tree of their own,
                of two leaves at least. Wide leaves would drown them in other rows.
        """
        distinct, codes = np.unique(values, return_inverse=True)
        response = _middle_ranks(codes)
        several = classes and 2 < distinct.size <= _MOST_CLASSES
        answers = codes if several else response
        few = [j for j in apart if _FEWEST_APART <= features[:, j].sum() < _FEW_LEAVES * min_leaf]
        predictors = np.union1d(_strongest(features, response), np.array(few, dtype=np.int64))
        seen = features[:, predictors]

        def nodes_of(rows: NDArray[np.bool_], size: int) -> _Nodes:
            own = answers[rows]
            if predictors.size == 0 or len(own) < 2 * size or (own == own[0]).all():
                return _single_leaf()
            return _grown(seen[rows], own, classes=several, min_leaf=size, seed=seed, tried=tried)

        rest = np.ones(len(values), dtype=np.bool_)
        split: list[tuple[int, _Nodes]] = []
        for j in few:
            mine = features[:, j] > 0.5
            size = min(min_leaf, int(mine.sum()) // 2)
            split.append((int(np.searchsorted(predictors, j)), nodes_of(mine, size)))
            rest &= ~mine
        # No leaf is without rows: where all levels are rare, the last is what is left.
        nodes = nodes_of(rest, min_leaf) if rest.any() else split.pop()[1]
        for j, own in split:
            nodes = _joined(j, nodes, own)
        feature, threshold, left, right = nodes
        leaf = _walk(seen, feature, threshold, left, right)
        order = np.lexsort((values, leaf))
        counts = np.bincount(leaf, minlength=int((feature < 0).sum()))
        return cls(
            predictors=predictors,
            feature=feature,
            threshold=threshold,
            left=left,
            right=right,
            starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            values=values[order],
            fixed=fixed[order],
            donors=order if donors is None else donors[order],
        )

    def leaves(self, features: NDArray[np.float32]) -> IntArray:
        """Number of the leaf of each row, shape (rows,)."""
        seen = features[:, self.predictors]
        return _walk(seen, self.feature, self.threshold, self.left, self.right)

    def draw(
        self, features: NDArray[np.float32], uniform: FloatArray, *, careful: bool = False
    ) -> FloatArray:
        """One value for each row, shape (rows,).

        A value of the row's leaf is taken at random and, unless it is fixed, moved by a uniform
        share of the gap towards one of its neighbours in the leaf.

        Args:
            features: Shape (rows, p).
            uniform: In [0, 1), shape (rows, 3).
            careful: Whether the odds of the two neighbours are inverse to their gaps, so that the
                expected move is nil, and the ends of a leaf move half as far. Fewer rows cross the
                gaps between the bulk and what stands out; rows come nearer to the real ones.
        """
        leaf = self.leaves(features)
        start, stop = self.starts[leaf], self.starts[leaf + 1]
        place = start + (uniform[:, 0] * (stop - start)).astype(np.int64)
        return self.smoothed(place, start, stop, uniform[:, 1:], careful=careful)

    def smoothed(
        self,
        place: IntArray,
        start: IntArray,
        stop: IntArray,
        uniform: FloatArray,
        *,
        careful: bool = False,
    ) -> FloatArray:
        """The values at these places, moved as `draw` says, shape (rows,).

        Args:
            place: Into ``values``, shape (rows,).
            start: First place of the leaf, shape (rows,).
            stop: After its last place, shape (rows,).
            uniform: In [0, 1): the direction and the share of the gap, shape (rows, 2).
            careful: See `draw`.
        """
        first, last = place == start, place == stop - 1
        value = self.values[place]
        down = value - self.values[np.where(first, place, place - 1)]
        up = self.values[np.where(last, place, place + 1)] - value
        if careful:
            upwards = uniform[:, 0] * (down + up) < down
            reach = np.where(first | last, 0.5, 1.0)
        else:
            upwards, reach = uniform[:, 0] < 0.5, np.ones(len(place))
        gap = np.where(first | (upwards & ~last), up, -down)
        return np.where(self.fixed[place], value, value + gap * reach * uniform[:, 1])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All arrays by their name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> LeafTree:
        """From the arrays by their name."""
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})


def _middle_ranks(codes: NDArray[np.intp]) -> FloatArray:
    """Ranks in (0, 1) of values given as codes in their order, ties sharing theirs, shape (n,)."""
    count = np.bincount(codes)
    return np.asarray(((np.cumsum(count) - count / 2) / len(codes))[codes], dtype=np.float64)


def _strongest(features: NDArray[np.float32], response: FloatArray) -> IntArray:
    """The columns that correlate best with the response, at most 32, in their order."""
    if features.shape[1] <= _MOST_PREDICTORS:
        return np.arange(features.shape[1], dtype=np.int64)
    centred = features - features.mean(axis=0, dtype=np.float64)
    spread = np.sqrt((centred**2).sum(axis=0))
    strength = np.abs((response - response.mean()) @ centred) / np.maximum(spread, 1e-12)
    best = np.argsort(-strength, kind="stable")[:_MOST_PREDICTORS]
    return np.sort(best).astype(np.int64)


def _joined(feature: int, below: _Nodes, above: _Nodes) -> _Nodes:
    """A tree whose root asks whether an indicator is 0, then goes on as one tree or the other."""
    leaves, inner = int((below[0] < 0).sum()), 1 + len(below[0])
    parts = []
    for (own, threshold, left, right), first, leaf in ((below, 1, 0), (above, inner, leaves)):
        is_leaf = own < 0
        parts.append((own, threshold, left + np.where(is_leaf, leaf, first), right + first))
    root = (np.array([feature]), np.array([0.5]), np.array([1]), np.array([inner]))
    joined = [np.concatenate(part) for part in zip(root, *parts, strict=True)]
    return joined[0], joined[1], joined[2], joined[3]


def _single_leaf() -> _Nodes:
    return np.array([-1]), np.zeros(1), np.array([0]), np.array([0])


def _grown(
    features: NDArray[np.float32],
    response: NDArray[Any],
    *,
    classes: bool,
    min_leaf: int,
    seed: int,
    tried: float,
) -> _Nodes:
    """Nodes of a tree grown by scikit-learn, with leaves numbered from 0."""
    from sklearn import config_context
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    kind = DecisionTreeClassifier if classes else DecisionTreeRegressor
    model = kind(
        min_samples_leaf=min_leaf,
        max_features=None if tried >= 1.0 else tried,
        random_state=seed,
    )
    # Rows are finite and in single precision: checks would take as long as small trees do.
    with config_context(skip_parameter_validation=True):
        tree = model.fit(features, response, check_input=False).tree_
    is_leaf = tree.children_left < 0
    left = tree.children_left.astype(np.int64)
    left[is_leaf] = np.arange(int(is_leaf.sum()))
    return (
        np.where(is_leaf, -1, tree.feature).astype(np.int64),
        np.asarray(tree.threshold, dtype=np.float64),
        left,
        tree.children_right.astype(np.int64),
    )


def _walk(
    features: NDArray[np.float32],
    feature: IntArray,
    threshold: FloatArray,
    left: IntArray,
    right: IntArray,
) -> IntArray:
    """Number of the leaf of each row, shape (n,)."""
    node = np.zeros(len(features), dtype=np.int64)
    rows = np.flatnonzero(feature[node] >= 0)
    while rows.size:
        here = node[rows]
        smaller = features[rows, feature[here]] <= threshold[here]
        node[rows] = np.where(smaller, left[here], right[here])
        rows = rows[feature[node[rows]] >= 0]
    return left[node]
