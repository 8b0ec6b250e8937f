"""What models trained on the batch are worth on real rows."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np

from halflife.schemas.table import FloatArray

from .features import features
from .learner import Learner
from .part_score import PartScore
from .samples import Samples
from .task import Task

_ONE_SIDED: Final = 1.645
_WIDENING: Final = 1.2
"""Of the band: another real sample would also train another model (measured between halves)."""


class PredictiveFidelity:
    r"""Skill of models trained on the batch, beside that of models trained on real rows.

    A model is trained on the batch, another on the real rows of now by cross-validation; both
    predict the same real rows. The score is :math:`\mathrm{skill}_{syn} / \mathrm{skill}_{real}`,
    each the mean over the tasks of :meth:`Task.gains`. Where the real rows allow no skill that
    noise could not give, it has no meaning. Its error is that of a ratio of means of paired rows,
    :math:`\mathrm{sd}(u - R v) / (\sqrt n\, \bar v)`.

    Args:
        train_rows: At most so many rows train a model.
        folds: Of the cross-validation.
        trees: Of each model; several tasks share them.
        bootstraps: Draws for the error.

    Reference: Esteban, Hyland, Rätsch (2017), arXiv:1706.02633 (TSTR); Cochran, Sampling
    Techniques (1977), section 6.4 (the error of a ratio).
    """

    name: ClassVar[str] = "predictive"

    def __init__(
        self, *, train_rows: int = 1000, folds: int = 10, trees: int = 50, bootstraps: int = 100
    ) -> None:
        self.train_rows = train_rows
        self.folds = folds
        self.trees = trees
        self.bootstraps = bootstraps

    def score(self, samples: Samples) -> PartScore:
        """The score, with ``tstr`` and ``trtr``, the skills of the two models, as details."""
        tasks = Task.all_of(samples.table)
        trees = max(25, self.trees // max(len(tasks), 1))
        both = [self._gains(samples, task, trees) for task in tasks]
        gains = np.array([pair for pair in both if pair is not None])  # (tasks, 2, n)
        if not len(gains):
            return PartScore(None, 0.0, np.zeros(2))
        synthetic, real = gains.mean(axis=0)
        tstr, trtr = float(synthetic.mean()), float(real.mean())
        details = {"tstr": tstr, "trtr": trtr}
        if trtr <= _ONE_SIDED * real.std() / np.sqrt(len(real)):
            return PartScore(None, 0.0, np.zeros(2), details)
        weights = samples.bootstraps(self.bootstraps)[0][:, : len(real)]
        ratio = tstr / trtr
        # The ratio to first order, so that a draw with little real skill cannot run away.
        drawn = (weights @ (synthetic - ratio * real)) / len(real) / trtr
        replicates = ratio + drawn
        return PartScore(
            raw=ratio,
            lower_band=float(1.0 - _ONE_SIDED * _WIDENING * replicates.std()),
            replicates=replicates,
            details=details,
        )

    def _gains(self, samples: Samples, task: Task, trees: int) -> FloatArray | None:
        """What each real row adds to the skill by the batch and by real rows, shape (2, n)."""
        n, m = len(samples.real), len(samples.synthetic)
        real_x, synthetic_x = features([samples.real, samples.synthetic], task.inputs)
        learner = Learner(task, samples.seed, trees)
        drawn = samples.generator("synthetic rows trained on").permutation(m)[: self.train_rows]
        by_synthetic = learner.guesses(samples.synthetic[drawn], synthetic_x[drawn], real_x)
        order = samples.generator("folds").permutation(n)
        by_real = np.empty_like(by_synthetic)
        for fold in range(self.folds):
            test = order[fold :: self.folds]
            train = order[np.arange(n) % self.folds != fold][: self.train_rows]
            by_real[test] = learner.guesses(samples.real[train], real_x[train], real_x[test])
        gains = [task.gains(samples.real, guesses) for guesses in (by_synthetic, by_real)]
        return None if gains[0] is None or gains[1] is None else np.stack([gains[0], gains[1]])
