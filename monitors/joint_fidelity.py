"""The joint distribution, by a classifier that tries to tell real rows from synthetic ones."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import FloatArray

from .features import features
from .part_score import PartScore
from .ranked_column import RankedColumn
from .samples import Samples

_ONE_SIDED: Final = 1.645


class JointFidelity:
    r"""Classifier two-sample test: how well trees tell held-out real from held-out synthetic rows.

    The score is :math:`2 (1 - \max(A, 1/2))` with A the area under the ROC curve of cross-validated
    extremely randomised trees, over as many real as synthetic rows. The band is that of A between
    two samples of :math:`n` rows each that cannot be told apart,
    :math:`\mathrm{sd}(A) = \sqrt{(2n + 1) / 12 n^2}`, which cross-validation widens by
    ``widening``.

    The more rows a classifier is trained on, the more it can tell. Scores can be compared only
    between windows of about the same size; beyond ``train_rows`` a side, the size does not matter.

    Args:
        train_rows: At most so many rows of each side train the classifier of a fold.
        folds: Of the cross-validation.
        trees: Of each classifier.
        bootstraps: Draws for the error.
        widening: Spread of the cross-validated A beside that of one fixed classifier.

    Reference: Lopez-Paz and Oquab, ICLR 2017 (arXiv:1610.06545); Hanley and McNeil, Radiology 143
    (1982) 29, equation 2.

    Example:
        >>> from halflife.schemas.table import Block, Column, Table
        >>> table = Table((Column(name="x"),))
        >>> low = Block.from_rows(table, [{"x": i} for i in range(40)])
        >>> high = Block.from_rows(table, [{"x": 100 + i} for i in range(40)])
        >>> score = JointFidelity(trees=10).score(Samples.of(low, high, seed=0))
        >>> round(score.details["c2st_auc"], 1)
        1.0
    """

    name: ClassVar[str] = "joint"

    def __init__(
        self,
        *,
        train_rows: int = 100,
        folds: int = 5,
        trees: int = 100,
        bootstraps: int = 100,
        widening: float = 1.25,
    ) -> None:
        self.train_rows = train_rows
        self.folds = folds
        self.trees = trees
        self.bootstraps = bootstraps
        self.widening = widening

    def score(self, samples: Samples) -> PartScore:
        """The score, with ``c2st_auc`` as a detail."""
        n, m = len(samples.real), len(samples.synthetic)
        size = min(n, m)
        real = samples.generator("real rows told apart").permutation(n)[:size]
        synthetic = n + samples.generator("synthetic rows told apart").permutation(m)[:size]
        chosen = np.concatenate([real, synthetic])
        suspicion = RankedColumn(
            np.unique(self._suspicion(samples, real, synthetic), return_inverse=True)[1],
            has_missing=False,
        )
        weights = samples.as_they_are()
        area = _area(suspicion, weights[0][:, chosen], weights[1][:, chosen])
        weights = samples.bootstraps(self.bootstraps)
        drawn = _area(suspicion, weights[0][:, chosen], weights[1][:, chosen])
        spread = self.widening * np.sqrt((2 * size + 1) / (12 * size**2))
        replicates = 2.0 * (1.0 - area - self.widening * (drawn - area))
        return PartScore(
            # Below 1/2 the classifier is worse than chance, by chance: no better than real.
            raw=float(2.0 * (1.0 - area[0])),
            lower_band=float(1.0 - 2.0 * _ONE_SIDED * spread),
            replicates=np.asarray(replicates),
            details={"c2st_auc": float(area[0])},
        )

    def _suspicion(
        self, samples: Samples, real: NDArray[np.intp], synthetic: NDArray[np.intp]
    ) -> FloatArray:
        """The share of trees that call each chosen row synthetic, by trees that never saw it."""
        from sklearn.ensemble import ExtraTreesClassifier

        matrix = features([samples.pooled], samples.table.names)[0]
        size = len(real)
        fold = np.arange(size) % self.folds  # the rows were drawn in random order
        suspicion = np.empty(2 * size)
        for k in range(self.folds):
            train = np.flatnonzero(fold != k)[: self.train_rows]
            model = ExtraTreesClassifier(
                self.trees, min_samples_leaf=3, random_state=samples.seed, n_jobs=1
            )
            rows = np.concatenate([real[train], synthetic[train]])
            model.fit(matrix[rows], np.repeat([0, 1], len(train)))
            test = np.flatnonzero(fold == k)
            rows = np.concatenate([real[test], synthetic[test]])
            suspicion[np.concatenate([test, size + test])] = model.predict_proba(matrix[rows])[:, 1]
        return suspicion


def _area(suspicion: RankedColumn, real: FloatArray, synthetic: FloatArray) -> FloatArray:
    """Area under the ROC curve under weights of shape (r, rows), shape (r,); ties count half."""
    below = suspicion.shares(real)
    below = np.cumsum(below, axis=1) - below / 2.0
    return np.asarray((below * suspicion.shares(synthetic)).sum(axis=1))
