"""The model that labs would train on a batch, in its cheapest honest form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray

from .task import Task

_FAR: Final = 1e6
"""Spreads from the median beyond which a number is cut, so that squares stay finite."""


@dataclass(frozen=True, slots=True)
class Learner:
    """Extremely randomised trees for one task.

    Args:
        task: What is predicted from what.
        seed: Of the cuts.
        trees: How many.

    Reference: Geurts, Ernst, Wehenkel, Machine Learning 63 (2006) 3.
    """

    task: Task
    seed: int
    trees: int = 100

    def guesses(
        self, train: Block, train_features: FloatArray, new_features: FloatArray
    ) -> NDArray[np.generic]:
        """The target of new rows by a model of the rows that have it.

        Where none has it the guesses are missing (NaN) or no class (an empty text).

        Args:
            train: n rows.
            train_features: Shape (n, f).
            new_features: Shape (k, f).

        Returns:
            Shape (k,), numbers or texts.
        """
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

        known = self.task.known(train)
        truth = self.task.truth(train)[known]
        empty = float("nan") if self.task.is_number else ""
        if not len(truth):
            return np.full(len(new_features), empty, dtype=None if self.task.is_number else object)
        options = {
            "n_estimators": self.trees,
            "min_samples_leaf": 2,
            "random_state": self.seed,
            "n_jobs": 1,
        }
        if self.task.is_number:
            middle = np.median(truth)
            spread = np.abs(truth - middle).mean() or 1.0
            scaled = np.clip((truth - middle) / spread, -_FAR, _FAR)
            model = ExtraTreesRegressor(**options).fit(train_features[known], scaled)
            return np.asarray(model.predict(new_features) * spread + middle)
        model = ExtraTreesClassifier(**options, class_weight="balanced")
        model.fit(train_features[known], truth.astype(str))
        return np.asarray(model.predict(new_features).astype(object))
