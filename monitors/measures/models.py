"""Models of the declared tasks, trained on real and on synthetic rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from halflife.monitors.features import features
from halflife.monitors.learner import Learner
from halflife.monitors.task import Task
from halflife.schemas.table import Block, FloatArray

if TYPE_CHECKING:
    from .comparison import Comparison

_FEWEST_ROWS: Final = 10
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
        train_on_real: Trained on the rows that made the batch, tested on real ones; shape
            (tasks, n), None where those rows are not known.
        real_on_synthetic: Trained on real rows, tested on synthetic ones, the skill of each task;
            NaN where the synthetic target is constant or missing.
        train_rows: How many rows train a model.

    Reference: Esteban, Hyland, Rätsch (2017), arXiv:1706.02633.
    """

    real: Block
    targets: tuple[str, ...]
    synthetic_on_real: FloatArray
    real_on_real: FloatArray
    train_on_real: FloatArray | None
    real_on_synthetic: FloatArray
    train_rows: int

    @classmethod
    def of(cls, comparison: Comparison) -> Models:
        """Train them."""
        real = comparison.some(comparison.real, "models, real", _MOST_ROWS)
        synthetic = comparison.some(comparison.synthetic, "models, synthetic", _MOST_ROWS)
        trained = min(len(real) - -(-len(real) // _FOLDS), len(synthetic), _TRAIN_ROWS)
        draw = comparison.samples.generator("models")
        real = real[draw.permutation(len(real))]  # so that any of the rows are some at random
        synthetic = synthetic[draw.permutation(len(synthetic))]
        train = comparison.train
        if train is not None:
            train = train[draw.permutation(len(train))[:trained]]
        trees = max(_FEWEST_TREES, _TREES // max(len(comparison.tasks), 1))
        targets, found = [], []
        for task in comparison.tasks if len(real) >= _FEWEST_ROWS else ():
            gains = _gains(Learner(task, comparison.seed, trees), real, synthetic, train, trained)
            if gains is not None:
                targets.append(task.target)
                found.append(gains)
        shape = (-1, len(real))
        return cls(
            real=real,
            targets=tuple(targets),
            synthetic_on_real=np.array([gains.synthetic for gains in found]).reshape(shape),
            real_on_real=np.array([gains.real for gains in found]).reshape(shape),
            train_on_real=None
            if train is None
            else np.array([gains.train for gains in found]).reshape(shape),
            real_on_synthetic=np.array([gains.on_synthetic for gains in found]),
            train_rows=trained,
        )


class _Gains(NamedTuple):
    """Of one task: by models of each kind of rows on real rows, and by real ones on synthetic."""

    synthetic: FloatArray
    real: FloatArray
    train: FloatArray | None
    on_synthetic: float


def _gains(
    learner: Learner, real: Block, synthetic: Block, train: Block | None, trained: int
) -> _Gains | None:
    """None where the target is constant or rare in the real rows."""
    task: Task = learner.task
    real_x, synthetic_x, train_x = features(
        [real, synthetic, synthetic[:0] if train is None else train], task.inputs
    )
    some = slice(trained)
    by_synthetic = learner.guesses(synthetic[some], synthetic_x[some], real_x)
    on_synthetic = learner.guesses(real[some], real_x[some], synthetic_x)
    by_real: NDArray[Any] = np.empty_like(by_synthetic)
    fold = np.arange(len(real)) % _FOLDS
    for k in range(_FOLDS):
        rows = np.flatnonzero(fold != k)[some]
        by_real[fold == k] = learner.guesses(real[rows], real_x[rows], real_x[fold == k])
    of_synthetic, of_real = task.gains(real, by_synthetic), task.gains(real, by_real)
    if of_synthetic is None or of_real is None:
        return None
    by_train = None
    if train is not None:
        by_train = task.gains(real, learner.guesses(train, train_x, real_x))
    other = task.gains(synthetic, on_synthetic)
    skill = float("nan") if other is None else float(other.mean())
    return _Gains(of_synthetic, of_real, by_train, skill)
