"""What the set-points say about the measured columns, and where they say nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block

from .arrays import pack, unpack
from .errors import ReferenceTooShort

FloatArray = NDArray[np.float64]
_Basis = tuple[FloatArray, FloatArray, FloatArray]
"""Singular vectors and values of features, shapes (n, k), (k,), (k, features)."""

_CENTRES: Final = 64
_ROWS_A_CENTRE: Final = 8  # more of them would follow the noise, and leave every new row outside
_WIDTHS: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
_RIDGES: Final = tuple(10.0**power for power in range(-6, 3))
_GRID: Final = 2.0**-16  # of set-points and features
_WEIGHT_BITS: Final = 24
_LEAST_SCALE: Final = 0.25  # of the mean one: no place is thought to be quieter
_FEWEST_NEAR: Final = 20  # rows nearest to a centre, below which its surroundings are unknown
_MOST_LEVELS: Final = 10
_FEWEST_OF_LEVEL: Final = 5
_SELDOM: Final = 0.1  # of the reference: where more rows have a seldom level, new ones are usual


class SetPointModel:
    """``r = (y - f(x)) / s(x)``: f and s kernel ridge regressions of y and of ``|y - f(x)|``.

    Features are ``x`` and ``1 / (1 + |x - c|^2 / w^2)`` of up to 64 centres c, reference rows
    that lie farthest from each other; x are the set-points in standard deviations, and levels of
    categories as 0 and 1. Width w and ridge minimise the held-out error ``(y - f) / (1 - h)``, h
    the leverage (Allen's PRESS), so that no row's residual comes from a model that has seen it.

    A set-point that some rows of the reference do not have is 0 there, with a feature of its own
    that says so: recipes that have set-points of their own share a table. Levels that are seen too
    seldom to learn from are one level together where new ones are usual.

    A row is *outside* where a set-point is beyond its range in the reference, or is missing and
    never was, at an unknown level, farther from every centre than any row of the reference, or
    nearest to a centre around which there are hardly any.

    Set-points, features and weights lie on grids of powers of two, on which sums of products are
    exact: a residual is the same to the last bit, whatever rows stand beside it.

    Args:
        numbers: Numeric conditions, names.
        categories: Category conditions, names.
        answers: Measured columns, names.
        arrays: What was fitted, by name; see `fit`.
        levels: Of each category condition, the known ones.

    Example:
        >>> import pandas as pd
        >>> from halflife.schemas.table import Column, Role, Table
        >>> table = Table((Column(name="dose", role=Role.SET_POINT), Column(name="rate")))
        >>> dose = np.random.default_rng(0).uniform(0, 6, 300)
        >>> frame = pd.DataFrame({"dose": dose, "rate": np.sin(dose)})
        >>> block = Block.from_frame(table, frame)
        >>> model, held_out = SetPointModel.fit(block, ("dose",), ("rate",))
        >>> probe = Block.from_rows(table, [{"dose": 3.0, "rate": 0.2}, {"dose": 9.0, "rate": 0}])
        >>> residuals, outside = model.residuals(probe)
        >>> bool(residuals[0, 0] > 5), outside.tolist()
        (True, [False, True])

    References:
        Allen, "The relationship between variable selection and data augmentation and a method
        for prediction", Technometrics 16 (1974).
    """

    def __init__(
        self,
        numbers: Sequence[str],
        categories: Sequence[str],
        answers: Sequence[str],
        *,
        arrays: dict[str, FloatArray],
        levels: list[list[str | None]],
    ) -> None:
        self.numbers, self.categories = tuple(numbers), tuple(categories)
        self.answers = tuple(answers)
        self.arrays, self.levels = arrays, levels

    @classmethod
    def fit(
        cls,
        reference: Block,
        conditions: Sequence[str],
        answers: Sequence[str],
        *,
        least: int = 2,
    ) -> tuple[SetPointModel, FloatArray]:
        """From a reference: the model, and its held-out residuals, shape (n, answers).

        Args:
            reference: Rows that are normal.
            conditions: Names of set-points, and of categories of context.
            answers: Names of measured columns.
            least: Rows at known set-points that it needs.

        Raises:
            ReferenceTooShort: For a reference with too few rows at set-points that come again.
        """
        table = reference.table
        numbers = [name for name in conditions if name in table.numeric]
        levels = _known_levels(reference, conditions)
        model = cls(numbers, list(levels), answers, arrays={}, levels=list(levels.values()))
        model._scale(reference)
        rows = ~model._conditions(reference)[1]
        if (whole := int(rows.sum())) < least:
            what = "drift given the set-points, of records at set-points that come again,"
            raise ReferenceTooShort(what, whole, least)
        model._place(reference[rows])
        held_out = np.full((len(reference), len(answers)), np.nan)
        held_out[rows] = model._regress(reference[rows])
        held_out[model.features(reference)[1]] = np.nan
        return model, held_out

    def residuals(self, block: Block) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Of each answer, shape (n, answers), and whether each row is outside, shape (n,).

        A residual is NaN where the row is outside or the answer is missing. Its unit is the
        spread of the answer at those set-points.
        """
        features, outside = self.features(block)
        return self.beyond(block, features, outside), outside

    def features(self, block: Block) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Of each row, shape (n, features), and whether it is outside, shape (n,)."""
        x, squares, outside = self.located(block)
        x[outside] = 0.0
        return self._features(x, squares, float(self.arrays["width"][0])), outside

    def located(self, block: Block) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
        """Scaled set-points, squares of their distances to the centres, and who is outside."""
        x, outside = self._conditions(block)
        squares = self._squares(x)
        nearest = squares.argmin(axis=1)
        outside |= squares[np.arange(len(squares)), nearest] > self.arrays["reach"][0] ** 2
        outside |= self.arrays["lonely"][nearest] > 0
        return x, squares, outside

    def beyond(self, block: Block, features: FloatArray, outside: NDArray[np.bool_]) -> FloatArray:
        """The residuals of rows with these features."""
        a = self.arrays
        answers = block.matrix(self.answers)
        both = features @ self._weights
        expected, scales = both[:, : len(self.answers)], both[:, len(self.answers) :]
        scales = np.maximum(scales + a["scale_means"], a["least_scales"])
        residuals = (answers - (expected + a["means"])) / scales
        residuals[outside] = np.nan
        return residuals

    def state(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "numbers": list(self.numbers),
            "categories": list(self.categories),
            "answers": list(self.answers),
            "arrays": {name: pack(array) for name, array in self.arrays.items()},
            "levels": self.levels,
        }

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> SetPointModel:
        """The model that gave this state."""
        arrays = {name: unpack(array) for name, array in state["arrays"].items()}
        names = (state["numbers"], state["categories"], state["answers"])
        return cls(*names, arrays=arrays, levels=[list(known) for known in state["levels"]])

    def _one_hot(self, block: Block) -> FloatArray:
        """Levels as 0 and 1, shape (n, levels); NaN where a level is unknown."""
        parts = [np.zeros((len(block), 0))]
        for name, known, many in zip(
            self.categories, self.levels, self.arrays["many"], strict=True
        ):
            lookup = {level: i for i, level in enumerate(known)}
            other = len(known) if many else -1
            codes = np.array([lookup.get(cell, other) for cell in block.text(name)], dtype=np.int64)
            part = (codes[:, None] == np.arange(len(known) + int(many))).astype(np.float64)
            part[codes < 0] = np.nan
            parts.append(part)
        return np.concatenate(parts, axis=1)

    def _conditions(self, block: Block) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Scaled set-points, shape (n, p), 0 in rows that are outside by a single one of them."""
        a = self.arrays
        raw = block.matrix(self.numbers)
        one_hot = self._one_hot(block)
        optional = a["optional"] > 0
        gone = np.isnan(raw)
        slack = 1e-9 * np.maximum(a["highest"] - a["lowest"], 0.0)
        inside = (raw >= a["lowest"] - slack) & (raw <= a["highest"] + slack) | gone & optional
        outside = np.asarray(~inside.all(axis=1) | np.isnan(one_hot).any(axis=1), dtype=np.bool_)
        scaled = np.where(gone, 0.0, (raw - a["centre"]) / a["scale"])
        x = np.concatenate([scaled, gone[:, optional], one_hot], axis=1)
        x[outside] = 0.0
        return np.rint(x / _GRID) * _GRID, outside

    @cached_property
    def _centres(self) -> FloatArray:
        """What distances multiply: the centres, 1, and their squares, shape (centres, p + 2)."""
        centres = self.arrays["centres"]
        ones, squares = np.ones(len(centres)), (centres * centres).sum(axis=1)
        return np.column_stack([-2.0 * centres, ones, squares])

    @cached_property
    def _weights(self) -> FloatArray:
        """Those of both regressions, side by side."""
        return np.concatenate([self.arrays["weights"], self.arrays["scale_weights"]], axis=1)

    def _squares(self, x: FloatArray) -> FloatArray:
        """``|x - c|^2 = x x - 2 x c + c c``, shape (n, centres)."""
        left = np.ones((x.shape[1] + 2, len(x)))
        left[:-2] = x.T
        np.add.reduce(left[:-2] * left[:-2], axis=0, out=left[-2])
        return np.asarray(
            (self._centres @ left).T
        )  # in columns, over which the least is found sooner

    def _kernels(self, squares: FloatArray, width: float) -> FloatArray:
        """``1 / (1 + |x - c|^2 / w^2)``, on the grid, shape (n, centres)."""
        kernels = np.multiply(squares, _GRID / (width * width))
        np.add(kernels, _GRID, out=kernels)
        np.divide(1.0, kernels, out=kernels)
        np.rint(kernels, out=kernels)
        return np.multiply(kernels, _GRID, out=kernels)

    def _features(self, x: FloatArray, squares: FloatArray, width: float) -> FloatArray:
        """Shape (n, p + centres), on the grid."""
        return np.concatenate([_limited(x), self._kernels(squares, width)], axis=1)

    def _scale(self, reference: Block) -> None:
        """Where the set-points lie, and which of them may be missing."""
        raw = _finite(reference.matrix(self.numbers))
        gone = np.isnan(raw)
        never = gone.all(axis=0)
        most = _SELDOM * len(reference)
        raw = np.where(never, 0.0, raw)
        spread = np.nanstd(raw, axis=0)
        self.arrays |= {
            "centre": np.nanmean(raw, axis=0),
            "scale": np.where(spread > 0, spread, 1.0),
            "lowest": np.where(never, np.inf, np.nanmin(raw, axis=0)),
            "highest": np.where(never, -np.inf, np.nanmax(raw, axis=0)),
            "many": np.array(
                [
                    sum(cell not in known for cell in reference.text(name)) > most
                    for name, known in zip(self.categories, self.levels, strict=True)
                ],
                dtype=np.float64,
            ),
            "optional": (gone.sum(axis=0) >= _FEWEST_OF_LEVEL).astype(np.float64),
        }

    def _place(self, reference: Block) -> None:
        """Choose the centres and the reach around them."""
        x, _ = self._conditions(reference)
        chosen = [int(((x - x.mean(axis=0)) ** 2).sum(axis=1).argmin())]
        nearest = np.full(len(x), np.inf)
        most = min(_CENTRES, max(1, len(x) // _ROWS_A_CENTRE))
        while True:
            nearest = np.minimum(nearest, ((x - x[chosen[-1]]) ** 2).sum(axis=1))
            if len(chosen) == most or nearest.max() <= 1e-12:
                break
            chosen.append(int(nearest.argmax()))
        self.arrays["centres"] = np.ascontiguousarray(x[chosen])
        gaps = self._squares(self.arrays["centres"])
        np.fill_diagonal(gaps, np.inf)
        # Where every row is a centre, as on a grid, half-way to the next one is still inside.
        between = 0.75 * np.sqrt(np.median(gaps.min(axis=1))) if len(chosen) > 1 else 0.0
        reach = max(float(np.sqrt(nearest.max())), float(between)) * (1 + 1e-9) + 1e-9
        self.arrays["reach"] = np.array([reach])
        counts = np.bincount(self._squares(x).argmin(axis=1), minlength=len(chosen))
        fewest = min(_FEWEST_NEAR, len(x) / len(chosen) / 3)
        self.arrays["lonely"] = (counts < fewest).astype(np.float64)

    def _regress(self, reference: Block) -> FloatArray:
        """Fit f and s; the held-out residuals."""
        x, _ = self._conditions(reference)
        squares = self._squares(x)
        y = _finite(reference.matrix(self.answers))
        best: tuple[float, float, list[_Ridge]] | None = None
        for width in _WIDTHS:
            ridges = _ridges(self._features(x, squares, width), y)
            error = sum(ridge.error for ridge in ridges)
            if best is None or error < best[0]:
                best = error, width, ridges
        assert best is not None  # noqa: S101 - there are widths
        _, width, ridges = best
        misses = y - np.column_stack([ridge.held_out for ridge in ridges])
        within = [ridge.within for ridge in ridges]
        scales = _ridges(self._features(x, squares, width), np.abs(misses), within)
        means = np.array([ridge.mean for ridge in scales])
        size = np.nan_to_num(np.nanmax(np.abs(np.vstack([y, np.zeros(y.shape[1])])), axis=0))
        least = np.maximum(_LEAST_SCALE * means, 1e-9 * np.where(size > 0, size, 1.0))
        self.arrays |= {
            "width": np.array([width]),
            "ridge": np.array([min(ridge.ridge for ridge in ridges)]),
            "weights": np.column_stack([ridge.weights for ridge in ridges]),
            "means": np.array([ridge.mean for ridge in ridges]),
            "scale_weights": np.column_stack([ridge.weights for ridge in scales]),
            "scale_means": means,
            "least_scales": least,
        }
        return np.asarray(
            misses / np.maximum(np.column_stack([ridge.held_out for ridge in scales]), least)
        )


def _finite(cells: FloatArray) -> FloatArray:
    """What is learnt from: an infinite cell says nothing."""
    return np.where(np.isinf(cells), np.nan, cells)


def _limited(x: FloatArray) -> FloatArray:
    """Set-points as features: far from the mean they grow no more."""
    return np.clip(x, -16.0, 16.0)


class _Ridge:
    """One answer's ridge regression with the ridge of least held-out error.

    Where misses repeat, a row that is held out would set its atom apart from where new rows fall,
    by very little but always to the same side; there ``held_out`` is fitted with all rows, which
    is ``within``. Misses are those of the weights that new rows meet, rounded as they are: where an
    answer follows exactly, they are nothing but that.
    """

    def __init__(
        self, features: FloatArray, y: FloatArray, basis: _Basis, *, within: bool | None
    ) -> None:
        left, values, right = basis
        self.mean = float(y.mean())
        centred = y - self.mean
        shadow = left.T @ centred
        power = float(centred @ centred) or 1.0
        self.error = np.inf
        for ridge in _RIDGES:
            kept = values**2 / (values**2 + ridge * len(y))
            over = 1.0 - np.clip((left**2) @ kept, 0.0, 0.95)
            misses = (centred - left @ (kept * shadow)) / over
            error = float(np.log(float(misses @ misses) / power + 1e-12))
            if error < self.error:
                self.error, self.ridge, left_over = error, ridge, over
                weights = right.T @ (values / (values**2 + ridge * len(y)) * shadow)
        unit = 2.0 ** (np.ceil(np.log2(np.abs(weights).max() or 1.0)) - _WEIGHT_BITS)
        self.weights = np.rint(weights / unit) * unit
        fitted = self.mean + features @ self.weights
        self.within = _repeats(y - fitted) if within is None else within
        self.held_out = fitted if self.within else y - (y - fitted) / left_over


def _repeats(misses: FloatArray) -> bool:
    """Whether values come again and again, as those of counts at set-points of a grid do."""
    size = float(np.abs(misses).max(initial=0.0)) or 1.0
    return len(np.unique(np.round(misses / size, 9))) <= len(misses) // 4


def _ridges(
    features: FloatArray, answers: FloatArray, within: Sequence[bool] | None = None
) -> list[_Ridge]:
    """A regression of each answer on the rows that have it; one decomposition for those alike."""
    inside = [None] * answers.shape[1] if within is None else within
    bases: dict[bytes, _Basis] = {}
    ridges = []
    for answer, fitted in zip(answers.T, inside, strict=True):
        rows, y = ~np.isnan(answer), answer
        if not rows.any():  # as if the first row answered nothing but 0
            rows, y = np.arange(len(y)) == 0, np.zeros(len(y))
        key = rows.tobytes()
        if key not in bases:
            bases[key] = np.linalg.svd(features[rows], full_matrices=False)
        ridge = _Ridge(features[rows], y[rows], bases[key], within=fitted)
        held_out = np.full(len(y), np.nan)
        held_out[rows] = ridge.held_out
        ridge.held_out = held_out
        ridges.append(ridge)
    return ridges


def _known_levels(reference: Block, conditions: Sequence[str]) -> dict[str, list[str | None]]:
    """Category conditions with few enough levels to learn from, and the levels seen often."""
    levels = {}
    for name in conditions:
        if name not in reference.table.categories:
            continue
        counts = Counter(reference.text(name))
        often = [level for level, count in counts.items() if count >= _FEWEST_OF_LEVEL]
        if 1 <= len(often) <= _MOST_LEVELS:
            levels[name] = sorted(often, key=lambda level: (level is None, level))
    return levels
