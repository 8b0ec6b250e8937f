"""Whether models trained on the batch look at the same columns."""

from __future__ import annotations

from typing import Any, ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray

from halflife.monitors.errors import NothingMeasurable
from halflife.monitors.features import features
from halflife.monitors.learner import Learner
from halflife.monitors.task import Task
from halflife.schemas.table import Block, FloatArray

from .comparison import Comparison
from .measure import Measure, Need
from .measure_result import MeasureResult

_FEWEST_ROWS: Final = 10
_MOST_TASKS: Final = 2
_TRAIN_ROWS: Final = 300
_TEST_ROWS: Final = 200
_TREES: Final = 40


class FeatureImportance(Measure):
    r"""Agreement of the importances of columns, by models of real and of synthetic rows.

    The importance of an input is the skill at real rows that a model loses when the cells of the
    column are shuffled among them; losses are cut at 0 and divided by their sum. The agreement of
    two models is :math:`1 - \frac12 \sum_j |I_j - I'_j|`: 1 where they lean on the same columns
    alike, 0 where they have no column in common. The yardstick is the agreement of models of two
    halves of the real rows. The mean over the first two tasks.

    Reference: Breiman, Machine Learning 45 (2001) 5, section 10; Fisher, Rudin, Dominici, J. Mach.
    Learn. Res. 20 (2019) 177.

    Example:
        >>> from halflife.schemas.table import Column, Role, Table
        >>> point = [Column(name=n, role=Role.SET_POINT) for n in "ab"]
        >>> table = Table((*point, Column(name="y")))
        >>> cells = [(i % 7, i % 11) for i in range(300)]
        >>> real, wrong = (
        ...     Block.from_rows(table, [{"a": c[0], "b": c[1], "y": c[k]} for c in cells])
        ...     for k in (0, 1))
        >>> print(round(FeatureImportance().measure(Comparison.of(real, wrong, seed=0)).value, 1))
        0.0
    """

    name: ClassVar[str] = "feature_importance"
    title: ClassVar[str] = "Agreement of feature importances"
    group: ClassVar[str] = "predictive"
    best: ClassVar[float] = 1.0
    direction: ClassVar[Literal["lower", "higher", "near"]] = "higher"
    needs: ClassVar[tuple[Need, ...]] = ("task",)

    def _find(self, comparison: Comparison) -> MeasureResult:
        tasks = [task for task in comparison.tasks if len(task.inputs) > 1][:_MOST_TASKS]
        if not tasks:
            raise NothingMeasurable("models here have one input, so that no two can be compared")
        if len(comparison.real) < 2 * _FEWEST_ROWS or len(comparison.synthetic) < _FEWEST_ROWS:
            raise NothingMeasurable(
                f"it needs {2 * _FEWEST_ROWS} real and {_FEWEST_ROWS} synthetic rows"
            )
        targets: dict[str, Any] = {}
        for task in tasks:
            found = _importances(comparison, task)
            if found is not None:
                real, other, synthetic = found
                targets[task.target] = {
                    "value": _agreement(real, synthetic),
                    "yardstick": _agreement(real, other),
                    "real": dict(zip(task.inputs, ((real + other) / 2.0).tolist(), strict=True)),
                    "synthetic": dict(zip(task.inputs, synthetic.tolist(), strict=True)),
                }
        if not targets:
            raise NothingMeasurable("models of real rows lean on no column: they predict nothing")
        value = float(np.mean([told["value"] for told in targets.values()]))
        yardstick = float(np.mean([told["yardstick"] for told in targets.values()]))
        first, told = next(iter(targets.items()))
        leading = [max(told[side], key=told[side].__getitem__) for side in ("real", "synthetic")]
        return self._result(
            value,
            yardstick=yardstick,
            sentence=(
                f"Models of real and of synthetic rows agree to {value:.0%} on which columns "
                f"matter; two halves of the real rows agree to {yardstick:.0%}. For {first} the "
                f"most important column is {leading[0]} by real rows, {leading[1]} by synthetic."
            ),
            details={"targets": targets},
        )


def _importances(
    comparison: Comparison, task: Task
) -> tuple[FloatArray, FloatArray, FloatArray] | None:
    """Of models of two halves of the real rows and of synthetic rows, each of shape (inputs,).

    None where a model of the real rows loses no skill, whatever is shuffled.
    """
    draw = comparison.samples.generator(f"importances: {task.target}")
    order = draw.permutation(len(comparison.real))
    size = min(len(order) // 2, len(comparison.synthetic), _TRAIN_ROWS)
    halves = order[:size], order[len(order) // 2 :][:size]
    drawn = draw.permutation(len(comparison.synthetic))[:size]
    # Each half is judged on the other, so that no model is judged on what it has seen.
    own = _importance(comparison, task, comparison.real[halves[0]], halves[1], draw)
    other = _importance(comparison, task, comparison.real[halves[1]], halves[0], draw)
    synthetic = _importance(comparison, task, comparison.synthetic[drawn], halves[1], draw)
    if own is None or other is None or synthetic is None or not own.any() or not other.any():
        return None
    return own, other, synthetic


def _importance(
    comparison: Comparison,
    task: Task,
    train: Block,
    test_rows: NDArray[np.intp],
    draw: np.random.Generator,
) -> FloatArray | None:
    test = comparison.real[test_rows[:_TEST_ROWS]]
    parts = [features([train, test], [name]) for name in task.inputs]
    train_x = np.hstack([part[0] for part in parts])
    blocks = [part[1] for part in parts]
    asked = [np.hstack(blocks)]
    for j, block in enumerate(blocks):
        shuffled = [*blocks[:j], block[draw.permutation(len(block))], *blocks[j + 1 :]]
        asked.append(np.hstack(shuffled))
    guesses = Learner(task, comparison.seed, _TREES).guesses(train, train_x, np.vstack(asked))
    skills = []
    for guess in np.split(guesses, len(asked)):
        gains = task.gains(test, guess)
        if gains is None:
            return None
        skills.append(float(gains.mean()))
    lost = np.maximum(skills[0] - np.array(skills[1:]), 0.0)
    return np.asarray(lost / (lost.sum() or 1.0))


def _agreement(one: FloatArray, other: FloatArray) -> float:
    """The share of the importance that two models have in common."""
    return float(np.minimum(one, other).sum())
