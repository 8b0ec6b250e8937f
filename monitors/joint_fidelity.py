"""The joint distribution, by a classifier that tries to tell real rows from synthetic ones."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import FloatArray

from .features import pooled_features
from .part_score import PartScore
from .ranked_column import RankedColumn
from .row_kernel import RowKernel
from .samples import Samples, chance_band

_SCALE: Final = 2.0
_RIDGE: Final = 0.1


class JointFidelity:
    r"""Classifier two-sample test: how well held-out real and synthetic rows are told apart.

    The classifier is ridge regression of -1 for real and +1 for synthetic in the likeness of rows
    (`RowKernel`), trained on as many real as synthetic rows and cross-validated; A is the area
    under its ROC curve over all rows. The score is :math:`1 - (A - A_0) / (1 - A_0)`, with
    :math:`A_0` the mean over exchanges of real and synthetic rows, which is about 1/2.

    The band is exact at any size: within each fold real and synthetic labels are exchanged, the
    classifiers are trained on the exchanged labels, and where the samples are alike their A has no
    other place among those than chance gives it. That costs little, because what ridge regression
    says is linear in the labels: one matrix a fold does for all exchanges. The error is that of A
    with the classifiers as they are, times what training them adds, which is known from the
    exchanges.

    The more rows a classifier is trained on, the more it can tell. Scores can be compared only
    between windows of about the same size; beyond ``train_rows`` a side, the size does not matter.

    Args:
        train_rows: At most so many rows of each side train the classifier of a fold.
        folds: Of the cross-validation.
        permutations: Exchanges for the band.
        bootstraps: Draws for the error.

    Reference: Lopez-Paz and Oquab, ICLR 2017 (arXiv:1610.06545); Kim, Ramdas, Singh, Wasserman,
    Annals of Statistics 49 (2021) 411 (classification accuracy as a two-sample test, permuted).

    Example:
        >>> from halflife.schemas.table import Block, Column, Table
        >>> table = Table((Column(name="x"),))
        >>> low = Block.from_rows(table, [{"x": i} for i in range(40)])
        >>> high = Block.from_rows(table, [{"x": 100 + i} for i in range(40)])
        >>> score = JointFidelity().score(Samples.of(low, high, seed=0))
        >>> round(score.details["c2st_auc"], 1)
        1.0
    """

    name: ClassVar[str] = "joint"

    def __init__(
        self,
        *,
        train_rows: int = 100,
        folds: int = 5,
        permutations: int = 99,
        bootstraps: int = 100,
    ) -> None:
        self.train_rows = train_rows
        self.folds = folds
        self.permutations = permutations
        self.bootstraps = bootstraps

    def score(self, samples: Samples) -> PartScore:
        """The score, with ``c2st_auc`` as a detail."""
        n, m = len(samples.real), len(samples.synthetic)
        chosen, group, labels = self._drawn(samples)
        suspicion = self._suspicion(samples, chosen, group, labels)
        area = _areas(suspicion, labels)
        chance = area[1:]
        expected = float(chance.mean())

        def beyond(found: FloatArray) -> FloatArray:
            return np.asarray(1.0 - (found - expected) / (1.0 - expected))

        weights = samples.bootstraps(self.bootstraps)
        drawn = _weighted(suspicion[:, 0], weights[0][:, chosen], weights[1][:, chosen])
        spread = np.sqrt((n + m + 1) / (12.0 * n * m))  # of a classifier that is not trained
        widening = max(1.0, float(chance.std(ddof=1)) / spread)
        raw = beyond(area)[0]
        return PartScore(
            raw=float(raw),
            lower_band=chance_band(beyond(chance)),
            replicates=np.asarray(raw + widening * (beyond(drawn) - beyond(area[:1]))),
            details={"c2st_auc": float(area[0])},
        )

    def _drawn(self, samples: Samples) -> tuple[NDArray[np.intp], NDArray[np.intp], FloatArray]:
        """The pooled rows in random order, the group of each, and its labels.

        The group is the fold, plus ``folds`` where the row never trains; as many real as synthetic
        rows train in each fold. Labels are -1 and +1, as they are and exchanged within the groups,
        shape (n + m, 1 + r).
        """
        n, m = len(samples.real), len(samples.synthetic)
        trains = min(n, m, self.train_rows * self.folds // (self.folds - 1))
        orders, groups = [], []
        for first, count, what in ((0, n, "real"), (n, m, "synthetic")):
            orders.append(first + samples.generator(f"{what} rows told apart").permutation(count))
            place = np.arange(count)
            groups.append(place % self.folds + self.folds * (place >= trains))
        group = np.concatenate(groups)
        generator = samples.generator("labels exchanged")
        labels = np.repeat([-1.0, 1.0], [n, m])[:, None] * np.ones(1 + self.permutations)
        for one in range(2 * self.folds):
            rows = np.flatnonzero(group == one)
            labels[rows, 1:] = generator.permuted(labels[rows, 1:], axis=0)
        return np.concatenate(orders), group, labels

    def _suspicion(
        self,
        samples: Samples,
        chosen: NDArray[np.intp],
        group: NDArray[np.intp],
        labels: FloatArray,
    ) -> FloatArray:
        """How synthetic each chosen row looks to classifiers that never saw it, as `labels`."""
        kernel = RowKernel.of(pooled_features(samples, samples.table.names)[chosen], scale=_SCALE)
        suspicion = np.empty(labels.shape)
        for fold in range(self.folds):
            train = np.flatnonzero((group < self.folds) & (group != fold))
            test = np.flatnonzero(group % self.folds == fold)
            inner = kernel.between(train, train)
            inner[np.diag_indices_from(inner)] += _RIDGE
            weights = np.linalg.solve(inner, labels[train])
            suspicion[test] = kernel.between(test, train) @ weights
        return suspicion


def _areas(suspicion: FloatArray, labels: FloatArray) -> FloatArray:
    """Area under the ROC curve of each column, shape (r,); ties count half.

    Reference: Hanley and McNeil, Radiology 143 (1982) 29.
    """
    from scipy.stats import rankdata  # a third of what a worker would load at its start

    above = labels > 0
    m = above[:, 0].sum()
    ranks = rankdata(np.round(suspicion, 9), axis=0)
    beaten = (ranks * above).sum(axis=0) - m * (m + 1) / 2.0
    return np.asarray(beaten / (m * (len(labels) - m)))


def _weighted(
    suspicion: FloatArray, real: NDArray[np.int16], synthetic: NDArray[np.int16]
) -> FloatArray:
    """The same of one classifier, rows counted as often as in weights of shape (r, rows)."""
    column = RankedColumn(
        np.unique(np.round(suspicion, 9), return_inverse=True)[1], has_missing=False
    )
    below = column.shares(real)
    below = np.cumsum(below, axis=1) - below / 2.0
    return np.asarray((below * column.shares(synthetic)).sum(axis=1))
