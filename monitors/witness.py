"""Which of two batches real rows are nearer to, as a mean over rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray

from .contrast import Contrast
from .features import features
from .row_kernel import RowKernel
from .separator import Likeness, Separator, products

_STEPS: Final = 9
_SCALE: Final = 0.5
_FLAT: Final = 1e-3


@dataclass(frozen=True, eq=False)
class Witness:
    r"""A classifier of two batches, asked about real rows that it has never seen.

    A regression (`Separator`) gives a function h that is high where our batch has more rows than
    the other. With a the mean of h over real rows and b, c its means over the rows of both batches,
    each by a classifier that was not trained on that row, the contrast is

    .. math:: T = a - \frac{b + c}{2}

    which is half the difference of the squared distances of the real rows to the two batches, as
    far as the likeness sees: above 0 our batch is nearer, 0 they are as far, whether both are right
    or both are wrong. It is linear in the rows, so its noise is known, and rows that were judged by
    batches of several models can be pooled.

    Three likenesses ask about three parts of the fidelity: ``columns`` likens rows by the tenth of
    each column that they lie in, ``pairs`` by the squares and products of decorrelated columns,
    ``joint`` as wholes (`RowKernel`), by each column and by what the others do not tell of it.
    Where one column follows from others but for little, as an answer does from its set-points, a
    batch that loses this has some rows far out in a direction in which real rows hardly vary: a
    small thing in the columns, a large one once they are decorrelated.

    Args:
        real: Shape (n,) rows.
        ours: The challenger's.
        theirs: The champion's.
        seed: Of the rows that train.
        train_rows: At most so many rows of each side train a classifier.

    Reference: Gretton, Borgwardt, Rasch, Schölkopf, Smola, J. Machine Learning Research 13 (2012)
    723 (the witness function); Bounliphone, Belilovsky, Blaschko, Antonoglou, Gretton, ICLR 2016,
    arXiv:1511.04581 (a test of relative similarity); Whittaker, Graphical Models in Applied
    Multivariate Statistics (1990), section 5.8 (the inverse of the correlations).

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
        sizes = len(self.real), len(self.ours), len(self.theirs)
        separator = Separator(*sizes, seed=self.seed, train_rows=self.train_rows)
        return {part: separator.contrast(one) for part, one in self._likenesses().items()}

    def _likenesses(self) -> Mapping[str, Likeness]:
        rows = self._rows - self._rows.mean(axis=0)
        spread = rows.std(axis=0)
        varies = spread > 1e-9
        if not varies.any():
            return {}
        raw, rows = self._rows[:, varies], rows[:, varies] / spread[varies]
        found: dict[str, Likeness] = {"columns": _linear(_steps(raw))}
        decorrelated, untold = _apart(rows)
        if rows.shape[1] > 1 and len(self.real.table.names) > 1:
            found["pairs"] = products(decorrelated)
        found["joint"] = RowKernel.of(np.hstack([rows, untold]), scale=_SCALE).between
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


def _apart(rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Features without correlation, and what of each feature the others do not tell.

    Both of unit variance. The second is to first order: a row times a column of the inverse of the
    correlations. Directions in which the rows do not vary are left out.
    """
    left, values, right = np.linalg.svd(rows, full_matrices=False)
    kept = values > _FLAT * values[0]
    decorrelated = left[:, kept] * np.sqrt(len(rows))
    untold = decorrelated @ (right[kept] / values[kept, None])
    spread = untold.std(axis=0)
    return decorrelated, untold / np.where(spread > 0.0, spread, 1.0)
