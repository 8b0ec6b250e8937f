"""The widths of a product kernel that real rows speak for."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, differential_evolution
from scipy.special import log_ndtr

from halflife.schemas.table import FloatArray

from .mixed_coding import CodeArray
from .number_scores import NumberScores
from .product_kernel import level_shares
from .truncated_normal import log_masses

_Single = NDArray[np.float32]

_NARROWEST: Final = 0.01
_QUERIES: Final = 150
_SUPPORT: Final = 1500
_MOST_STEPS: Final = 64
_FEWEST_MEMBERS: Final = 16


class LeaveOneOut:
    """The likelihood of rows under a kernel of the other rows, as widths change.

    Each column enters by the ratio of its kernel to its margin, so that only dependence counts:

        ``L(h) = mean_i log (1 / (n - 1)) sum_{j != i} prod_c K_c(x_ic | x_jc; h_c) / p_c(x_ic)``

    is 0 where every column is free of the others (``h = 1``). Numbers that repeat have the
    chance of their step under the kernel, others its density; a missing cell says nothing.
    At most 150 rows are asked about, beside 1,500.

    Args:
        numbers: Of the columns of scores.
        centres: Mean scores of rows, shape (n, p), NaN where missing.
        codes: Levels of the categories, shape (n, categories).
        sizes: How many levels each category has.
        random: Which rows are taken.

    Example:
        >>> x = np.random.default_rng(0).normal(size=(300, 1))
        >>> scores = NumberScores.of(x[:, 0])
        >>> alone = LeaveOneOut([scores], scores.means(x[:, 0])[:, None],
        ...                     np.empty((300, 0), dtype=np.int64), [], np.random.default_rng(1))
        >>> round(alone(np.array([1.])), 6)
        0.0
    """

    def __init__(
        self,
        numbers: Sequence[NumberScores],
        centres: FloatArray,
        codes: CodeArray,
        sizes: Sequence[int],
        random: np.random.Generator,
    ) -> None:
        order = random.permutation(len(centres))
        near, asked = order[:_SUPPORT], order[:_QUERIES]
        self.rows = len(near)
        self._terms: dict[int, Callable[[float], _Single]] = {}
        smooth: list[int] = []
        for j, number in enumerate(numbers):
            if number.gridded and len(number.edges) <= _MOST_STEPS + 1:
                self._terms[j] = _steps(number, centres[asked, j], centres[near, j])
            else:
                smooth.append(j)
        for j, share in enumerate(level_shares(codes, sizes)):
            self._terms[len(numbers) + j] = _level(share, codes[asked, j], codes[near, j])
        self._smooth = np.array(smooth, dtype=np.intp)
        self._density = _density(centres[asked][:, smooth], centres[near][:, smooth])
        self._self = np.arange(len(asked))

    @property
    def width(self) -> int:
        """How many widths there are."""
        return len(self._terms) + len(self._smooth)

    def __call__(self, widths: FloatArray) -> float:
        """``L`` of widths in (0, 1], shape (width,)."""
        total = self._density(widths[self._smooth])
        for j, term in self._terms.items():
            if widths[j] < 1:
                total += term(float(widths[j]))
        total[self._self, self._self] = -np.inf
        top = total.max(axis=1, keepdims=True)
        each = np.log(np.exp(total - top).sum(axis=1)) + top[:, 0]
        return float(each.mean(dtype=np.float64) - np.log(self.rows - 1))


def fitted_widths(
    likelihood: LeaveOneOut, rows: int, generations: int, random: np.random.Generator
) -> FloatArray:
    """The widths that make the rows most likely, by differential evolution.

    Searched on a logarithmic scale from .01 to 1. Where fewer than all rows were looked at, the
    widths below 1 shrink as the rate ``n**(-1 / (4 + columns))`` of kernel estimates says.

    Args:
        likelihood: To be maximised.
        rows: Of the kernel that is to have the widths.
        generations: Rounds of the search, at most.
        random: Of the search.

    Reference:
        R. Storn, K. Price, "Differential evolution", Journal of Global Optimization 11 (1997) 341.
    """
    width = likelihood.width
    lowest = math.log(_NARROWEST)
    members = max(_FEWEST_MEMBERS, width + width // 2)

    def loss(place: FloatArray) -> float:
        return -likelihood(np.exp(place))

    found = differential_evolution(
        loss,
        Bounds(np.full(width, lowest), np.zeros(width)),
        init=random.uniform(lowest, 0.0, (members, width)),
        maxiter=generations,
        tol=1e-3,
        polish=False,
        rng=random,
    )
    widths = np.exp(found.x)
    shrink = (likelihood.rows / rows) ** (1 / (4 + width))
    return np.asarray(np.where(widths < 0.95, widths * shrink, widths), dtype=np.float64)


def _density(asked: FloatArray, near: FloatArray) -> Callable[[FloatArray], _Single]:
    """Kernel density over the normal density, as its logarithm, of all smooth columns together."""
    seen, there = ~np.isnan(asked), (~np.isnan(near)).astype(np.float32)
    x, y = np.nan_to_num(asked), np.nan_to_num(near).astype(np.float32)
    right = np.concatenate([y, there, y**2], axis=1).T

    def term(h: FloatArray) -> _Single:
        # -(x - a y)**2 / (2 h**2) - log h + x**2 / 2 with a**2 = 1 - h**2, multiplied out.
        half = (1 - h**2) / (2 * h**2)
        cross = np.sqrt(1 - h**2) / h**2
        left = [x * cross, -half * x**2 - np.log(h) * seen, -half * seen]
        return np.asarray(np.concatenate(left, axis=1).astype(np.float32) @ right)

    return term


def _steps(number: NumberScores, asked: FloatArray, near: FloatArray) -> Callable[[float], _Single]:
    """Chance of a step under the kernel over its share of the rows, as its logarithm."""
    edges = number.edges
    intervals = np.column_stack([edges[:-1], edges[1:]])
    shares = np.exp(log_ndtr(edges[1:])) - np.exp(log_ndtr(edges[:-1]))
    means = number.means(np.unique(number.quantiles))
    rows, columns = (np.searchsorted(means, np.nan_to_num(c)) for c in (asked, near))
    rows, columns = (np.minimum(c, len(means) - 1) for c in (rows, columns))
    unknown = np.isnan(asked)[:, None] | np.isnan(near)

    def term(h: float) -> _Single:
        spread = np.full(len(means), h)
        table = log_masses(np.sqrt(1 - h**2) * means, spread, intervals) - np.log(shares)
        found = np.maximum(table, -80.0).astype(np.float32).T[rows].take(columns, axis=1)
        return np.where(unknown, np.float32(0), found) if unknown.any() else found

    return term


def _level(share: FloatArray, asked: CodeArray, near: CodeArray) -> Callable[[float], _Single]:
    """Chance of a level under the kernel over its share of the rows, as its logarithm."""
    same = (asked[:, None] == near).astype(np.float32)
    inverse = (1 / share[asked])[:, None]

    def term(h: float) -> _Single:
        gain = np.log(h + (1 - h) * inverse) - np.log(h)
        return np.asarray(same * gain.astype(np.float32) + np.float32(np.log(h)))

    return term
