"""What is left of a measured column when the answer to the same set-points is taken away."""

from __future__ import annotations

from typing import Final

import numpy as np

from halflife.monitors.features import features
from halflife.monitors.learner import Learner
from halflife.monitors.task import Task
from halflife.schemas.table import Block, FloatArray

_TREES: Final = 60
_FOLDS: Final = 5
_FEWEST: Final = 50  # records of a reference that teach something
_MOST: Final = 20_000  # records that are judged; of more, every second, third, ...


def residuals(block: Block, name: str, reference: int, *, seed: int) -> FloatArray | None:
    """A column less what a model of the reference says of its set-points, in its unit.

    The records of the reference are judged by models that did not see them.

    Args:
        block: n records.
        name: The column.
        reference: How many of the first records the model may learn.
        seed: Of its trees.

    Returns:
        Shape (n,), NaN where the cell is missing or the record was left out of many; None where
        the column is not a number that answers set-points, or the reference is short.
    """
    tasks = [task for task in Task.all_of(block.table) if task.target == name and task.is_number]
    answers = name in block.table.measured and block.table.set_points
    if not tasks or not answers or reference < _FEWEST or len(block) < reference:
        return None
    chosen = np.arange(0, len(block), max(1, len(block) // _MOST))
    known, new = block[:reference], block[chosen]
    known_x, new_x = features([known, new], tasks[0].inputs)
    learner = Learner(tasks[0], seed, _TREES)
    expected = np.full(len(block), np.nan)
    expected[chosen] = learner.guesses(known, known_x, new_x).astype(np.float64)
    for fold in range(_FOLDS):
        test = np.arange(fold, reference, _FOLDS)
        train = np.setdiff1d(np.arange(reference), test)
        expected[test] = learner.guesses(known[train], known_x[train], known_x[test])
    return np.asarray(block.number(name) - expected)
