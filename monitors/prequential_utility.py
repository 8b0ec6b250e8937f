"""Prequential utility: each new real row is predicted before anything is trained on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from halflife.schemas.table import Block, FloatArray, Table

from .arrays import key_of, pack, unpack
from .errors import MonitorError, NothingMeasurable, StateMismatch
from .features import features
from .learner import Learner
from .online_learner import OnlineLearner
from .paired_gap import paired_gap
from .task import Task
from .utility_gap import UtilityGap

LEARNERS: Final = ("online", "refitted")
_STEPS: Final = 3000
_FEWEST: Final = 10
_MOST_TRAINED: Final = 1000


class PrequentialUtility:
    """What models trained on a batch lose, beside models trained on real rows, row by row.

    Two kinds of learner predict every new real row before they have seen it. *Online*: a linear
    model (:class:`OnlineLearner`) trained on the batch once, beside one trained on the real rows
    known at its birth that goes on to learn from each new row. *Refitted*: trees trained on the
    batch, beside trees trained anew on the latest real rows at each call. The error of a row is
    the mean over tasks and kinds of learner; :func:`paired_gap` compares them over the last
    ``window`` rows, and widens its band where the errors of neighbours are alike.

    The cost of a row is bounded, and the state is a few hundred numbers a task plus the errors of
    the window. Online errors do not depend on how rows are cut into calls; trees are fitted once a
    call, so the caller says at which rows, as the ticks of a stream do.

    Args:
        table: What the rows are.
        seed: Of the models.
        window: Rows that the gap looks back on.
        trees: Of each refitted model.

    Raises:
        MonitorError: For a window of fewer than two rows.

    Reference: Dawid, J. R. Statist. Soc. A 147 (1984) 278; Gama, Sebastião, Rodrigues, Machine
    Learning 90 (2013) 317 (prequential error over windows).

    Example:
        >>> from halflife.schemas.table import Column, Role
        >>> table = Table((Column(name="x", role=Role.SET_POINT), Column(name="y")))
        >>> random = np.random.default_rng(0)
        >>> def runs(n, slope):
        ...     x = random.normal(size=n)
        ...     y = slope * x + 0.3 * random.normal(size=n)
        ...     return Block(table, np.column_stack([x, y]), np.empty((n, 0), dtype=object))
        >>> utility, batch, known = PrequentialUtility(table), runs(500, 1.0), runs(300, 1.0)
        >>> utility.begin(batch, known)
        >>> utility.update(batch, known, runs(200, 1.0))
        >>> low, high = utility.gap().interval
        >>> low < 0.05 and high > -0.05
        True
        >>> later = runs(200, 0.5)                          # the instrument answers differently
        >>> utility.update(batch, later, runs(200, 0.5))
        >>> utility.gap().gap > 0.2
        True
    """

    def __init__(self, table: Table, *, seed: int = 0, window: int = 250, trees: int = 25) -> None:
        if window < 2:
            raise MonitorError(f"window must be at least 2 rows, not {window!r}")
        self.table = table
        self.seed = seed
        self.window = window
        self.trees = trees
        self._by_batch: list[OnlineLearner] = []
        self._by_real: list[OnlineLearner] = []
        self._errors: FloatArray = np.empty((len(LEARNERS), 2, 0))

    @property
    def key(self) -> str:
        """16 hexadecimal digits of the parameters and the table."""
        name = type(self).__name__
        return key_of(name, self.table.names, self.seed, self.window, self.trees)

    def begin(self, batch: Block, known: Block) -> None:
        """Train the online models: one on the batch, one on the real rows known so far.

        Args:
            batch: Synthetic rows.
            known: Real rows, oldest first; without any there is nothing to compare with.
        """
        self._by_batch, self._by_real = [], []
        self._errors = np.empty((len(LEARNERS), 2, 0))
        for task in Task.all_of(self.table):
            learner = OnlineLearner.of(task, known)
            if learner is None:
                continue
            by_batch = learner.twin()
            by_batch.learn(batch, steps=_STEPS, seed=self.seed)
            learner.learn(known, steps=_STEPS, seed=self.seed)
            self._by_batch.append(by_batch)
            self._by_real.append(learner)

    def update(self, batch: Block, known: Block, new: Block) -> None:
        """Predict new real rows, then learn from them.

        Args:
            batch: The rows that ``begin`` was given.
            known: Real rows before the new ones, oldest first: the latest are refitted on.
            new: Rows that no training has seen, oldest first.
        """
        if not (self._by_real and len(new)):
            return
        per_task = [
            np.stack([self._online(i, new), self._refitted(i, batch, known, new)])
            for i in range(len(self._by_real))
        ]
        stacked = np.stack(per_task)  # (tasks, learners, 2, n)
        measured = np.isfinite(stacked).any(axis=(0, 1, 2))
        errors = _mean(stacked[..., measured])
        self._errors = np.concatenate([self._errors, errors], axis=2)[:, :, -self.window :]

    def gap(self, learner: str | None = None) -> UtilityGap | None:
        """The gap over the last rows; None while there is nothing to compare.

        Args:
            learner: "online" or "refitted"; by default the mean error of both.

        Raises:
            MonitorError: For another learner.
        """
        if learner is not None and learner not in LEARNERS:
            raise MonitorError(f"no learner {learner!r}; there are {', '.join(LEARNERS)}")
        chosen = self._errors if learner is None else self._errors[[LEARNERS.index(learner)]]
        chosen = chosen[..., np.isfinite(chosen).any(axis=(0, 1))]
        try:
            return paired_gap(*_mean(chosen)) if chosen.size else None
        except NothingMeasurable:
            return None

    def _online(self, i: int, new: Block) -> FloatArray:
        """Errors by batch and by real rows, shape (2, n)."""
        return np.stack(
            [self._by_batch[i].errors(new, learn=False), self._by_real[i].errors(new, learn=True)]
        )

    def _refitted(self, i: int, batch: Block, known: Block, new: Block) -> FloatArray:
        """The same of trees, NaN where there are too few rows to train on."""
        scale = self._by_real[i]
        task = scale.task
        errors = np.full((2, len(new)), np.nan)
        target = task.known(new)
        known = known[task.known(known)][-_MOST_TRAINED:]
        batch = batch[task.known(batch)][:_MOST_TRAINED]
        if min(len(known), len(batch)) < _FEWEST or not target.any():
            return errors
        truth = new[target]
        batch_x, known_x, new_x = features([batch, known, truth], task.inputs)
        learner = Learner(task, self.seed, self.trees)
        for row, (train, train_x) in enumerate(((batch, batch_x), (known, known_x))):
            errors[row, target] = scale.scored(truth, learner.guesses(train, train_x, new_x))
        return errors

    def state(self) -> dict[str, Any]:
        """Plain data that ``restore`` continues from, bit for bit."""
        tasks = [
            {**real.state(), "by_batch": batch.weights(), "by_real": real.weights()}
            for batch, real in zip(self._by_batch, self._by_real, strict=True)
        ]
        return {"key": self.key, "tasks": tasks, "errors": pack(self._errors)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a state.

        Raises:
            StateMismatch: If it was taken with other parameters or of another table.
        """
        if state["key"] != self.key:
            raise StateMismatch(f"state of key {state['key']} where {self.key} is needed")
        tasks = {task.target: task for task in Task.all_of(self.table)}
        self._by_batch, self._by_real = [], []
        for kept in state["tasks"]:
            task = tasks[kept["target"]]
            for learners, weights in (
                (self._by_batch, kept["by_batch"]),
                (self._by_real, kept["by_real"]),
            ):
                learner = OnlineLearner.restored(task, kept)
                learner.take_weights(weights)
                learners.append(learner)
        self._errors = unpack(state["errors"])


def _mean(errors: FloatArray) -> FloatArray:
    """Over the first axis, of the cells that are there; NaN where none is."""
    there = np.isfinite(errors)
    total = np.where(there, errors, 0.0).sum(axis=0)
    return np.where(there.any(axis=0), total / np.maximum(there.sum(axis=0), 1), np.nan)
