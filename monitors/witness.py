"""Which of two batches real rows are nearer to, as a mean over rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from halflife.schemas.table import Block, FloatArray

from .contrast import Contrast
from .features import features
from .row_kernel import RowKernel

_RIDGE: Final = 1.0
_STEPS: Final = 9
_SCALE: Final = 2.0

Likeness = Callable[[NDArray[np.intp], NDArray[np.intp]], FloatArray]


@dataclass(frozen=True, eq=False)
class Witness:
    r"""A classifier of two batches, asked about real rows that it has never seen.

    Ridge regression of +1 for rows of our batch and -1 for those of the other, in a likeness of
    rows, gives a function h that is high where our batch has more rows than the other. With a the
    mean of h over real rows and b, c its means over the rows of both batches, each by a classifier
    that was not trained on that row, the contrast is

    .. math:: T = a - \frac{b + c}{2}

    which is half the difference of the squared distances of the real rows to the two batches, as
    far as the likeness sees: above 0 our batch is nearer, 0 they are as far, whether both are right
    or both are wrong. It is linear in the rows, so its noise is known, and rows that were judged by
    batches of several models can be pooled.

    Three likenesses ask about three parts of the fidelity: ``columns`` likens rows by the tenth of
    each column that they lie in, ``pairs`` by the products of every two columns, ``joint`` as
    wholes (`RowKernel`).

    Args:
        real: Shape (n,) rows.
        ours: The challenger's.
        theirs: The champion's.
        seed: Of the rows that train.
        train_rows: At most so many rows of each side train a classifier.

    Reference: Gretton, Borgwardt, Rasch, Schölkopf, Smola, J. Machine Learning Research 13 (2012)
    723 (the witness function); Bounliphone, Belilovsky, Blaschko, Antonoglou, Gretton, ICLR 2016,
    arXiv:1511.04581 (a test of relative similarity).

    Example:
        >>> from halflife.schemas.table import Column, Table
        >>> draw = np.random.default_rng(0).normal
        >>> def rows(mean):
        ...     x = draw(mean, 1.0, (400, 1))
        ...     return Block(Table((Column(name="x"),)), x, np.empty((400, 0), dtype=object))
        >>> Witness(rows(0.0), rows(0.0), rows(1.0), seed=0).contrasts()["columns"].z > 4
        True
    """

    real: Block
    ours: Block
    theirs: Block
    seed: int
    train_rows: int = 500
    _rows: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        blocks = [self.real, self.ours, self.theirs]
        object.__setattr__(self, "_rows", np.vstack(features(blocks, self.real.table.names)))

    def contrasts(self) -> dict[str, Contrast]:
        """That of each part; of ``pairs`` only where there are two columns that vary."""
        n, m = len(self.real), len(self.ours)
        folds = self._folds()
        label = np.repeat([1.0, -1.0], [m, len(self.theirs)])
        found = {}
        for part, likeness in self._likenesses().items():
            told = self._told(likeness, folds, label)
            found[part] = Contrast.between(told[:n], told[n : n + m], told[n + m :])
        return found

    def _folds(self) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Places of the rows that train a classifier and of those that it is asked about."""
        generator = np.random.default_rng(self.seed)
        n = len(self.real)
        halves: list[list[NDArray[np.intp]]] = [[], []]
        first = n
        for size in (len(self.ours), len(self.theirs)):
            order = first + generator.permutation(size)
            halves[0].append(order[::2])
            halves[1].append(order[1::2])
            first += size
        folds = []
        for train, test in (halves, halves[::-1]):
            size = min(self.train_rows, *(len(side) for side in train))
            folds.append((np.concatenate([side[:size] for side in train]), np.concatenate(test)))
        return folds

    def _told(
        self,
        likeness: Likeness,
        folds: list[tuple[NDArray[np.intp], NDArray[np.intp]]],
        label: FloatArray,
    ) -> FloatArray:
        """What classifiers that never saw it say of each row, real ones first."""
        n = len(self.real)
        told = np.zeros(n + len(label))
        everyone = np.arange(n)
        for train, test in folds:
            inner = likeness(train, train)
            inner[np.diag_indices_from(inner)] += _RIDGE
            weights = cho_solve(cho_factor(inner, lower=True), label[train - n])
            told[test] = likeness(test, train) @ weights
            told[:n] += likeness(everyone, train) @ weights / len(folds)
        return told

    def _likenesses(self) -> Mapping[str, Likeness]:
        rows = self._rows - self._rows.mean(axis=0)
        spread = rows.std(axis=0)
        varies = spread > 1e-9
        if not varies.any():
            return {}
        raw, rows = self._rows[:, varies], rows[:, varies] / spread[varies]
        found: dict[str, Likeness] = {"columns": _linear(_steps(raw))}
        if rows.shape[1] > 1 and len(self.real.table.names) > 1:
            found["pairs"] = _products(rows)
        found["joint"] = RowKernel.of(raw, scale=_SCALE).between
        return found


def _steps(rows: FloatArray) -> FloatArray:
    """Each column as its steps at nine quantiles, with equal weight for each column."""
    parts = []
    for column in rows.T:
        cuts = np.unique(np.quantile(column, np.arange(1, _STEPS + 1) / (_STEPS + 1)))
        steps = (column[:, None] >= cuts[cuts > column.min()]).astype(np.float64)
        if not steps.shape[1]:
            steps = (column[:, None] > column.min()).astype(np.float64)
        steps -= steps.mean(axis=0)
        parts.append(steps / np.sqrt((steps**2).sum(axis=1).mean()))
    return np.asarray(np.hstack(parts) / np.sqrt(len(parts)))


def _linear(rows: FloatArray) -> Likeness:
    def between(some: NDArray[np.intp], others: NDArray[np.intp]) -> FloatArray:
        return np.asarray(rows[some] @ rows[others].T)

    return between


def _products(rows: FloatArray) -> Likeness:
    """The product of all products of two features, without making them."""
    count = rows.shape[1] * (rows.shape[1] - 1) / 2.0
    squares = rows**2

    def between(some: NDArray[np.intp], others: NDArray[np.intp]) -> FloatArray:
        whole = (rows[some] @ rows[others].T) ** 2
        return np.asarray((whole - squares[some] @ squares[others].T) / (2.0 * count))

    return between
