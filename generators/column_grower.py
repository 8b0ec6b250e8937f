"""Grows the trees of a table, one column after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Column, FloatArray, Kind, Role

from .column_step import ColumnStep
from .leaf_mixture import LeafMixture
from .leaf_tree import IntArray, LeafTree
from .repetition import repeated
from .trend import FEWEST_ROWS, Trend, between_ends, distinct

_SIZES: Final = (1, 2.5, 6, 15, 40)
_FEW_SIZES: Final = (2.5, 10)
_MANY_FEATURES: Final = 8
_MUCH_WORK: Final = 100_000
_MANY_PREDICTORS: Final = 32
_ENOUGH_WEIGHED: Final = 3
_MOST_ROWS_OF_TREND: Final = 4_000
_FEW_LEVELS: Final = 20
_TREES_OF_FOREST: Final = (5, 30)
_ROWS_OF_FOREST: Final = 120_000
_OFTEN: Final = 5
_LEAST_INSIDE: Final = 0.3
_LARGE: Final = 0.01
_NEW_LEVELS: Final = 0.02
_LEAVES_OF_GAPS: Final = 250


def is_much_work(rows: int, columns: int) -> bool:
    """Whether a table is so large that few trees have to do: over 100,000 rows times predictors.

    Example:
        >>> is_much_work(1_000, 10), is_much_work(20_000, 6)
        (False, True)
    """
    return cells_to_grow(rows, columns) > _MUCH_WORK


def cells_to_grow(rows: int, columns: int) -> int:
    """Rows times predictors of all columns, each of which has at most 32."""
    return rows * sum(min(j, _MANY_PREDICTORS) for j in range(columns))


def has_forest(column: Column, target: str | None, *, much_work: bool) -> bool:
    """Whether a column is drawn by a forest: measured categories are, the target in any case.

    Example:
        >>> colour = Column(name="colour", kind=Kind.CATEGORY)
        >>> has_forest(colour, None, much_work=False), has_forest(colour, None, much_work=True)
        (True, False)
    """
    answers = column.kind is Kind.CATEGORY and column.role is Role.MEASURED
    return answers and (not much_work or column.name == target)


class ColumnGrower:
    """Grows the trees of one column after the other, with no more effort than rows allow.

    Args:
        min_leaf: Fewest training rows in the smallest leaves.
        much_work: Whether there is so much to grow that fewer trees have to do: two sizes of
            leaves, no trend, the weights of the first columns for all that are like them, and no
            forest but that of the target.
        target: What models will predict, if it is known.
    """

    def __init__(self, min_leaf: int, *, much_work: bool, target: str | None = None) -> None:
        self.min_leaf = min_leaf
        self.much_work = much_work
        self.target = target
        shares = _FEW_SIZES if much_work else _SIZES
        self.sizes = sorted({max(1, round(share * min_leaf)) for share in shares})
        self.weighed: dict[bool, list[FloatArray]] = {True: [], False: []}

    def step(
        self,
        column: Column,
        levels: tuple[str | None, ...],
        cells: FloatArray,
        features: NDArray[np.float32],
        growth: np.random.Generator,
        *,
        apart: Sequence[int] = (),
    ) -> ColumnStep:
        """The trees of one column; cells of shape (n,), features of shape (n, p).

        Rows where a feature of ``apart`` is 1 are split off first if they are few (`LeafTree`).
        """
        seeds = [int(seed) for seed in growth.integers(2**31, size=2)]
        there = ~np.isnan(cells)
        gaps = values = trend = None
        if not there.all():
            least = len(cells) // _LEAVES_OF_GAPS if self.much_work else 0
            gaps = LeafTree.grow(
                features,
                (~there).astype(np.float64),
                np.ones(len(cells), dtype=np.bool_),
                classes=True,
                min_leaf=max(5, self.min_leaf, least),
                seed=seeds[0],
                tried=self._tried(features),
            )
        if there.any():
            rows = np.flatnonzero(there)
            category = column.kind is Kind.CATEGORY
            seen, features = cells[there], features[there]
            fixed = np.ones(len(seen), dtype=np.bool_) if category else _kept(seen)
            if self._may_have_a_trend(column, features, fixed) and _is_spread(features, seen):
                found = Trend.of(features, seen, seed=seeds[0])
                if found is not None:
                    trend, seen = found
                    fixed = np.zeros(len(seen), dtype=np.bool_)
            if features.shape[1] and has_forest(column, self.target, much_work=self.much_work):
                many = _trees_of_forest(len(seen))
                values = LeafMixture.forest(
                    features, seen, rows=rows, trees=many, seed=seeds[1], apart=apart
                )
            else:
                values = self._mixture(
                    features, seen, fixed, rows, classes=category, seed=seeds[1], apart=apart
                )
        return ColumnStep(column, levels, gaps, values, trend)

    def _may_have_a_trend(
        self, column: Column, features: NDArray[np.float32], fixed: NDArray[np.bool_]
    ) -> bool:
        few = FEWEST_ROWS <= len(fixed) <= _MOST_ROWS_OF_TREND
        measured = column.kind is Kind.NUMBER and column.role is Role.MEASURED
        return measured and few and not self.much_work and features.shape[1] > 0

    def _tried(self, features: NDArray[np.float32]) -> float:
        """Share of the features that are tried at each split."""
        return 0.5 if self.much_work and features.shape[1] > _MANY_FEATURES else 1.0

    def _mixture(
        self,
        features: NDArray[np.float32],
        values: FloatArray,
        fixed: NDArray[np.bool_],
        rows: IntArray,
        *,
        classes: bool,
        seed: int,
        apart: Sequence[int],
    ) -> LeafMixture:
        """With weights of its own, or where there is much work those of columns like it."""
        alike = self.weighed[bool(fixed.all())]
        enough = self.much_work and len(alike) >= _ENOUGH_WEIGHED
        mixture = LeafMixture.grow(
            features,
            values,
            fixed,
            rows=rows,
            classes=classes,
            sizes=self.sizes,
            seed=seed,
            tried=self._tried(features),
            weights=np.mean(alike, axis=0) if enough else None,
            apart=apart,
        )
        if features.shape[1]:
            alike.append(mixture.weights)
        return mixture


def _trees_of_forest(rows: int) -> int:
    """The more rows, the fewer trees, each of which sees more of them."""
    fewest, most = _TREES_OF_FOREST
    return min(max(_ROWS_OF_FOREST // rows, fewest), most)


def _is_spread(features: NDArray[np.float32], cells: FloatArray) -> bool:
    """Whether no value of a number stands out but the least and the greatest.

    A trend of ranks takes the zeros of failed runs, or what a detector cannot see, for the end of
    the range, as they are; a level amid the others it would take apart. Rows that were written down
    twice count once.
    """
    cells = cells[distinct(features, cells)[0]]
    fixed = _kept(cells)
    inside = between_ends(cells)
    if inside.sum() < max(FEWEST_ROWS, _LEAST_INSIDE * len(cells)):
        return False
    _, count = np.unique(cells[inside], return_counts=True)
    often = max(_OFTEN, _LARGE * len(cells))
    return bool(not fixed[inside].all() and count.max() <= often)


def _kept(cells: FloatArray) -> NDArray[np.bool_]:
    """Which values of a number are never smoothed, shape (n,).

    Of a column where values repeat, those seen once are: real rows bring new settings too.
    """
    fixed = repeated(cells)
    _, which, count = np.unique(cells, return_inverse=True, return_counts=True)
    if fixed.all() and len(count) >= _FEW_LEVELS and (count == 1).sum() > _NEW_LEVELS * len(cells):
        return np.asarray((count > 1)[which])
    return fixed
