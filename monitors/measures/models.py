"""Models of the declared tasks, trained on real and on synthetic rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from halflife.monitors.features import features
from halflife.monitors.learner import Learner
from halflife.monitors.task import Task
from halflife.schemas.table import Block, FloatArray

if TYPE_CHECKING:
    from .comparison import Comparison

_MOST_ROWS: Final = 1_000
_TRAIN_ROWS: Final = 500
_FOLDS: Final = 5
_TREES: Final = 60
_FEWEST_TREES: Final = 20


@dataclass(frozen=True, eq=False)
class Models:
    """What each row adds to the skill of models, for every task that has a meaning.

    The skill is that of `Task.gains`: 1 for the truth, 0 for a constant. All models are trained on
    equally many rows, at most 500; real rows are predicted by models that have not seen them, by
    cross-validation.

    Args:
        real: The real rows that are predicted, at most 1,000.
        targets: The column that each of the tasks predicts.
        synthetic_on_real: Trained on synthetic rows, tested on real ones; shape (tasks, n).
        real_on_real: Trained on other real rows, tested on real ones; shape (tasks, n).
        real_on_synthetic: Trained on real rows, tested on synthetic ones, the skill of each task;
            NaN where the synthetic target is constant or missing.
        train_rows: How many rows train a model.

    Reference: Esteban, Hyland, Rätsch (2017), arXiv:1706.02633.
    """

    real: Block
    targets: tuple[str, ...]
    synthetic_on_real: FloatArray
    real_on_real: FloatArray
    real_on_synthetic: FloatArray
    train_rows: int

    @classmethod
    def of(cls, comparison: Comparison) -> Models:
        """Train them."""
        real = comparison.some(comparison.real, "models, real", _MOST_ROWS)
        synthetic = comparison.some(comparison.synthetic, "models, synthetic", _MOST_ROWS)
        trained = min(len(real) - -(-len(real) // _FOLDS), len(synthetic), _TRAIN_ROWS)
        targets, gains = [], []
        draw = comparison.samples.generator("models")
        orders = draw.permutation(len(real)), draw.permutation(len(synthetic))
        trees = max(_FEWEST_TREES, _TREES // max(len(comparison.tasks), 1))
        for task in comparison.tasks if trained > 0 else ():
            found = _gains(Learner(task, comparison.seed, trees), real, synthetic, orders, trained)
            if found is not None:
                targets.append(task.target)
                gains.append(found)
        return cls(
            real=real,
            targets=tuple(targets),
            synthetic_on_real=np.array([g[0] for g in gains]).reshape(-1, len(real)),
            real_on_real=np.array([g[1] for g in gains]).reshape(-1, len(real)),
            real_on_synthetic=np.array([g[2] for g in gains]),
            train_rows=trained,
        )


def _gains(
    learner: Learner,
    real: Block,
    synthetic: Block,
    orders: tuple[NDArray[np.intp], NDArray[np.intp]],
    trained: int,
) -> tuple[FloatArray, FloatArray, float] | None:
    task: Task = learner.task
    real_x, synthetic_x = features([real, synthetic], task.inputs)
    rows = orders[1][:trained]
    by_synthetic = learner.guesses(synthetic[rows], synthetic_x[rows], real_x)
    rows = orders[0][:trained]
    on_synthetic = learner.guesses(real[rows], real_x[rows], synthetic_x)
    by_real: NDArray[Any] = np.empty_like(by_synthetic)
    fold = np.arange(len(real)) % _FOLDS
    for k in range(_FOLDS):
        test, rows = orders[0][fold == k], orders[0][fold != k][:trained]
        by_real[test] = learner.guesses(real[rows], real_x[rows], real_x[test])
    gains = task.gains(real, by_synthetic), task.gains(real, by_real)
    if gains[0] is None or gains[1] is None:
        return None
    other = task.gains(synthetic, on_synthetic)
    return gains[0], gains[1], float("nan") if other is None else float(other.mean())
