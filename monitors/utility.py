"""Utility of a batch at a set of new real rows: what is lost by training on it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray, Table

from .errors import NothingMeasurable
from .features import features
from .learner import Learner
from .paired_gap import paired_gap
from .task import Task
from .utility_gap import UtilityGap


class Utility:
    r"""Compares models trained on a batch and on real rows at new real rows.

    The error of a row is :math:`|y - \hat y|` over its mean for the median as a guess (numbers), or
    whether the class is wrong over the share that the commonest class gets wrong (categories), and
    the mean of these over the tasks. The gap and its band are those of ``paired_gap``.

    Args:
        table: What the rows are.
        seed: Of the models.
        trees: Of each model.

    Reference: Esteban, Hyland, Rätsch (2017), arXiv:1706.02633 (train on synthetic, test on real).
    """

    def __init__(self, table: Table, *, seed: int = 0, trees: int = 100) -> None:
        self.table = table
        self.seed = seed
        self.trees = trees

    def gap(self, train_real: Block, synthetic: Block, new_real: Block) -> UtilityGap:
        """The gap at the new rows, in the order of the stream.

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
        return paired_gap(by_batch, by_real)


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
