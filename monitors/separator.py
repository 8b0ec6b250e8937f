"""A classifier of two batches, and what it says of rows that it has never seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from halflife.schemas.table import FloatArray

from .contrast import Contrast

_RIDGE: Final = 4.0

Likeness = Callable[[NDArray[np.intp], NDArray[np.intp]], FloatArray]
"""How alike some rows are to others, by their places, shape (some, others); about 1 to itself."""


@dataclass(frozen=True)
class Separator:
    r"""Ridge regression of +1 for rows of our batch and -1 for those of the other.

    A constant costs nothing, so that a likeness need not be centred. Each half of the batches is
    asked about by the regression of the other half, real rows by both, which are averaged. What it
    says of a row is a function h that is high where our batch has more rows than the other; the
    contrast is :math:`T = a - (b + c) / 2`, with a the mean of h over real rows and b, c its means
    over the rows of both batches.

    Args:
        real: Number of real rows; they come first among all places.
        ours: Of rows of our batch, which come next; at least 2.
        theirs: Of those of the other, which come last; at least 2.
        seed: Of the rows that train.
        train_rows: At most so many rows of each side train a regression.

    Reference: Saunders, Gammerman, Vovk, ICML (1998) 515 (kernel ridge regression); Chernozhukov
    et al., Econometrics Journal 21 (2018) C1 (cross-fitting).

    Example:
        >>> x = np.random.default_rng(0).normal(size=600)
        >>> x[400:] += 1.0
        >>> separator = Separator(real=200, ours=200, theirs=200, seed=0)
        >>> separator.contrast(lambda some, others: np.outer(x[some], x[others])).z > 4.0
        True
    """

    real: int
    ours: int
    theirs: int
    seed: int
    train_rows: int = 500

    def contrast(self, likeness: Likeness) -> Contrast:
        """T, with the noise of every row."""
        told = self._told(likeness)
        first, last = self.real, self.real + self.ours
        return Contrast.between(told[:first], told[first:last], told[last:])

    def _told(self, likeness: Likeness) -> FloatArray:
        """What regressions that never saw it say of each row."""
        told = np.zeros(self.real + self.ours + self.theirs)
        everyone = np.arange(self.real)
        folds = self._folds()
        for train, test in folds:
            inner = likeness(train, train)
            inner[np.diag_indices_from(inner)] += _RIDGE
            label = np.where(train < self.real + self.ours, 1.0, -1.0)
            sides = np.column_stack([label, np.ones(len(train))])
            weights, level = cho_solve(cho_factor(inner, lower=True), sides).T
            constant = weights.sum() / level.sum()
            weights = weights - constant * level
            told[test] = likeness(test, train) @ weights + constant
            told[: self.real] += (likeness(everyone, train) @ weights + constant) / len(folds)
        return told

    def _folds(self) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Places of the rows that train a regression and of those that it is asked about."""
        generator = np.random.default_rng(self.seed)
        halves: list[list[NDArray[np.intp]]] = [[], []]
        first = self.real
        for size in (self.ours, self.theirs):
            order = first + generator.permutation(size)
            halves[0].append(order[::2])
            halves[1].append(order[1::2])
            first += size
        folds = []
        for train, test in (halves, halves[::-1]):
            size = min(self.train_rows, *(len(side) for side in train))
            folds.append((np.concatenate([side[:size] for side in train]), np.concatenate(test)))
        return folds


def products(rows: FloatArray) -> Likeness:
    """All squares and products of two features, without making them; about 1 in size."""
    size = float(((rows**2).sum(axis=1) ** 2).mean())

    def between(some: NDArray[np.intp], others: NDArray[np.intp]) -> FloatArray:
        return np.asarray((rows[some] @ rows[others].T) ** 2 / max(size, 1e-300))

    return between
