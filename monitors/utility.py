"""Prequential utility: new real rows are predicted before anything is trained on them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray, Table

from .errors import NothingMeasurable
from .features import features
from .learner import Learner
from .task import Task
from .utility_gap import UtilityGap


class Utility:
    r"""Compares models trained on a batch and on real rows at new real rows.

    The error of a row is :math:`|y - \hat y|` over its mean for the median as a guess (numbers), or
    whether the class is wrong over the share that the commonest class gets wrong (categories), and
    the mean of these over the tasks. The gap is :math:`R - 1` with :math:`R = \bar s / \bar r` the
    ratio of mean errors, and its standard error
    :math:`\mathrm{sd}(s - R r) / (\sqrt n\, \bar r)`, paired by row.

    Args:
        table: What the rows are.
        seed: Of the models.
        trees: Of each model.

    Reference: Dawid, J. R. Statist. Soc. A 147 (1984) 278 (prequential); Cochran, Sampling
    Techniques (1977), section 6.4.
    """

    def __init__(self, table: Table, *, seed: int = 0, trees: int = 100) -> None:
        self.table = table
        self.seed = seed
        self.trees = trees

    def gap(self, train_real: Block, synthetic: Block, new_real: Block) -> UtilityGap:
        """The gap at the new rows.

        Raises:
            NothingMeasurable: Where there is nothing to predict, or no error that a constant makes.
        """
        errors = []
        for task in Task.all_of(self.table):
            known = new_real[task.known(new_real)]
            blocks = [train_real, synthetic, known]
            if min(len(block) for block in blocks) < 2:
                continue
            real_x, synthetic_x, new_x = features(blocks, task.inputs)
            learner = Learner(task, self.seed, self.trees)
            by_real = _errors(task, known, learner.guesses(train_real, real_x, new_x))
            by_batch = _errors(task, known, learner.guesses(synthetic, synthetic_x, new_x))
            if by_real is not None and by_batch is not None:
                spread = np.zeros((2, len(new_real)))
                spread[:, task.known(new_real)] = [by_batch, by_real]
                errors.append(spread * (len(new_real) / len(known)))
        if not errors:
            raise NothingMeasurable("no column to predict that varies in the new rows")
        by_batch, by_real = np.mean(errors, axis=0)
        if by_real.mean() <= 0.0:
            raise NothingMeasurable("models trained on real rows make no error to compare with")
        ratio = by_batch.mean() / by_real.mean()
        error = (by_batch - ratio * by_real).std() / by_real.mean() / np.sqrt(len(new_real))
        return UtilityGap(
            gap=float(ratio - 1.0),
            error=float(error),
            error_synthetic=float(by_batch.mean()),
            error_real=float(by_real.mean()),
            rows=len(new_real),
        )


def _errors(task: Task, rows: Block, guesses: NDArray[Any]) -> FloatArray | None:
    """Error of each row beside the mean error of a constant guess; None where that makes none."""
    if task.is_number:
        truth = rows.number(task.target)
        middle = np.median(truth)
        apart = np.abs(truth - np.where(np.isnan(guesses), middle, guesses))
        constant = np.abs(truth - middle).mean()
    else:
        texts = rows.text(task.target)
        apart = (texts != guesses).astype(np.float64)
        _, counts = np.unique(texts.astype(str), return_counts=True)
        constant = 1.0 - counts.max() / len(rows)
    return np.asarray(apart / constant) if constant > 0.0 else None
