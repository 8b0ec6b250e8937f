"""A model that predicts each row, and then learns from it, by river."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Self

import numpy as np

from halflife.schemas.table import Block, FloatArray

from .online_features import OnlineFeatures, centre_and_spread, commonest
from .task import Task

_RATE: Final = 0.05
_CLASS_RATE: Final = 0.5
_FAR: Final = 5.0
_MOST_CLASSES: Final = 20


class OnlineLearner:
    r"""Linear or softmax regression by stochastic gradient descent on fixed features.

    The error of a row is :math:`|y - \hat y|` over the mean of that for the median as a guess
    (numbers), or whether the class is wrong over the share that the commonest class gets wrong
    (categories); median and commonest class are those of the rows it was made from. The step size
    is constant: the model goes on to follow what changes. Rows without the target are left out,
    missing inputs are encoded, so that no NaN ever reaches river, which it would blind.

    Args:
        task: What is predicted from what.
        features: Of the inputs.
        middle: The median of a numeric target.
        spread: Its mean distance from that.
        constant: Mean error of the constant guess.

    Reference: Bottou, COMPSTAT 2010, 177; Montiel et al., JMLR 22 (2021) 110 (river).
    """

    def __init__(
        self, task: Task, features: OnlineFeatures, middle: float, spread: float, constant: float
    ) -> None:
        from river import linear_model, optim

        self.task = task
        self.features = features
        self.middle, self.spread, self.constant = middle, spread, constant
        self._model: Any
        if task.is_number:
            sgd = optim.SGD(_RATE)
            self._model = linear_model.LinearRegression(optimizer=sgd, intercept_lr=0.0)
        else:
            self._model = linear_model.SoftmaxRegression(optim.SGD(_CLASS_RATE))

    @classmethod
    def of(cls, task: Task, rows: Block) -> Self | None:
        """An untrained model, scaled to some rows; None where no guess at them can be wrong."""
        rows = rows[task.known(rows)]
        if not len(rows):
            return None
        middle, spread = 0.0, 1.0
        if task.is_number:
            middle, spread = centre_and_spread(rows.number(task.target))
            constant = float(np.abs(rows.number(task.target) - middle).mean())
        else:
            top = commonest(rows, task.target, 1)[0]
            constant = float((rows.text(task.target) != top).mean())
        if not 0.0 < constant < np.inf:
            return None
        return cls(task, OnlineFeatures.of(rows, task.inputs), middle, spread, constant)

    def twin(self) -> OnlineLearner:
        """Another untrained model of the same task and scale."""
        return OnlineLearner(self.task, self.features, self.middle, self.spread, self.constant)

    def learn(self, rows: Block, *, steps: int, seed: int) -> None:
        """Learn from rows again and again, in random order, for a number of steps."""
        rows = rows[self.task.known(rows)]
        if not len(rows):
            return
        inputs, targets = self.features.dicts(rows), self._targets(rows)
        random = np.random.default_rng(seed)
        done = 0
        while done < steps:
            for i in random.permutation(len(rows))[: steps - done].tolist():
                self._learn(inputs[i], targets[i])
            done += min(len(rows), steps - done)

    def errors(self, rows: Block, *, learn: bool) -> FloatArray:
        """Error at each row, shape (n,), NaN where the target is missing.

        Args:
            rows: In the order of the stream.
            learn: Whether each is learned from once it was predicted.
        """
        known = np.flatnonzero(self.task.known(rows))
        errors = np.full(len(rows), np.nan)
        if not len(known):
            return errors
        truth = rows[known]
        guesses = []
        for x, y in zip(self.features.dicts(truth), self._targets(truth), strict=True):
            guesses.append(self._model.predict_one(x))
            if learn:
                self._learn(x, y)
        if self.task.is_number:
            guesses = [self.middle + self.spread * guess for guess in guesses]
        errors[known] = self.scored(truth, np.array(guesses))
        return errors

    def scored(self, rows: Block, guesses: Any) -> FloatArray:
        """Error of each guess at rows that have the target, shape (n,)."""
        if self.task.is_number:
            truth = rows.number(self.task.target)
            apart = np.abs(truth - np.where(np.isnan(guesses), self.middle, guesses))
        else:
            # Before anything is learned river's guess is True.
            apart = (rows.text(self.task.target) != guesses.astype(object)).astype(np.float64)
        return np.asarray(apart / self.constant)

    def _learn(self, x: dict[str, float], y: Any) -> None:
        if self.task.is_number:
            # A step may at most undo the error of its row, or squares diverge at an outlier.
            square = sum(value * value for value in x.values())
            self._model.learn_one(x, y, w=1.0 / max(1.0, square))
        else:
            self._model.learn_one(x, y)

    def _targets(self, rows: Block) -> list[Any]:
        """The target as the model learns it."""
        if not self.task.is_number:
            return list(rows.text(self.task.target))
        scaled = (rows.number(self.task.target) - self.middle) / self.spread
        return list(np.clip(scaled, -_FAR, _FAR).tolist())

    def weights(self) -> dict[str, Any]:
        """What was learned, as plain data."""
        if self.task.is_number:
            return dict(self._model.weights)
        return {label: dict(weights) for label, weights in self._model.weights.items()}

    def take_weights(self, weights: Mapping[str, Any]) -> None:
        """Go on from what was learned, bit for bit."""
        if self.task.is_number:
            from river.utils import VectorDict

            # River has no public way to set the weights of a regression.
            self._model._weights = VectorDict(dict(weights))  # noqa: SLF001 - as said above
            return
        for label, found in weights.items():
            self._model.weights[label].update(found)

    def state(self) -> dict[str, Any]:
        """Everything but the task and the weights, as plain data that ``restored`` takes."""
        return {
            "target": self.task.target,
            "features": self.features.state(),
            "scale": [self.middle, self.spread, self.constant],
        }

    @classmethod
    def restored(cls, task: Task, state: Mapping[str, Any]) -> Self:
        """The untrained model of a state."""
        return cls(task, OnlineFeatures(**state["features"]), *state["scale"])
