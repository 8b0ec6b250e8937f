"""Predicted against measured: models trained on the batch and on real rows, at real rows."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from halflife.monitors.features import features
from halflife.monitors.learner import Learner
from halflife.monitors.task import Task
from halflife.schemas.table import Block

POINTS: Final = 250
"""Real rows that a picture shows."""
_ROWS: Final = 800  # that train a model or are predicted
_TASKS: Final = 4
_FOLDS: Final = 5
_TREES: Final = 40
_FEWEST: Final = 10
_LEVELS: Final = 8


def predictions(real: Block, synthetic: Block, *, seed: int) -> list[dict[str, Any]]:
    """For each task of the table, what both models say of the same real rows.

    The model of real rows is cross-validated: it never saw the row that it predicts. Errors are
    mean absolute ones in the unit of the column, or the share of classes that are wrong; beside
    them that of a constant guess, the median or the commonest class.

    Args:
        real: Rows that the generator has not seen.
        synthetic: The batch.
        seed: Of rows, folds and trees.

    Returns:
        One dict a task; none where the table has nothing to predict.
    """
    random = np.random.default_rng(seed)
    real, synthetic = (
        block[np.sort(random.permutation(len(block))[:_ROWS])] for block in (real, synthetic)
    )
    found = [_predicted(task, real, synthetic, seed) for task in Task.all_of(real.table)[:_TASKS]]
    return [each for each in found if each is not None]


def _predicted(task: Task, real: Block, synthetic: Block, seed: int) -> dict[str, Any] | None:
    known = np.flatnonzero(task.known(real))
    if len(known) < _FEWEST:
        return None
    real_x, synthetic_x = features([real, synthetic], task.inputs)
    learner = Learner(task, seed, _TREES)
    by_batch: NDArray[Any] = learner.guesses(synthetic, synthetic_x, real_x)
    by_real: NDArray[Any] = by_batch.copy()
    fold = np.arange(len(real)) % _FOLDS
    np.random.default_rng(seed).shuffle(fold)
    for k in range(_FOLDS):
        train, test = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        by_real[test] = learner.guesses(real[train], real_x[train], real_x[test])
    truth, by_batch, by_real = task.truth(real)[known], by_batch[known], by_real[known]
    unit = real.table.column(task.target).unit
    common = {"target": task.target, "unit": unit, "inputs": len(task.inputs), "rows": len(known)}
    say = _number_task if task.is_number else _level_task
    return {**common, **say(truth, by_batch, by_real, seed)}


def _number_task(
    truth: NDArray[Any], by_batch: NDArray[Any], by_real: NDArray[Any], seed: int
) -> dict[str, Any]:
    middle = float(np.median(truth))
    errors = {
        "batch": float(np.abs(np.nan_to_num(by_batch, nan=middle) - truth).mean()),
        "real": float(np.abs(np.nan_to_num(by_real, nan=middle) - truth).mean()),
        "constant": float(np.abs(middle - truth).mean()),
    }
    rows = np.sort(np.random.default_rng(seed).permutation(len(truth))[:POINTS])
    table = np.column_stack([truth, by_batch, by_real])[rows]
    points = [[float(c) if np.isfinite(c) else None for c in row] for row in table]
    return {"kind": "number", "error": errors, "points": points}


def _level_task(
    truth: NDArray[Any], by_batch: NDArray[Any], by_real: NDArray[Any], _seed: int
) -> dict[str, Any]:
    levels, counts = np.unique(truth.astype(str), return_counts=True)
    commonest = levels[np.argsort(-counts, kind="stable")][:_LEVELS].tolist()
    errors = {
        "batch": float((truth != by_batch).mean()),
        "real": float((truth != by_real).mean()),
        "constant": float(1.0 - counts.max() / counts.sum()),
    }
    right = [
        {
            "level": level,
            "rows": int((truth == level).sum()),
            "batch": float((by_batch[truth == level] == level).mean()),
            "real": float((by_real[truth == level] == level).mean()),
        }
        for level in commonest
    ]
    return {"kind": "category", "error": errors, "levels": right, "more": len(levels) - len(right)}
