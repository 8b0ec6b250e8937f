"""Models of a batch and of real rows that predict the same real rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import FloatArray

from .features import pooled_features
from .row_kernel import RowKernel
from .samples import Samples
from .task import Task

_SCALE: Final = 0.5
_RIDGES: Final = tuple(10.0 ** (power / 2) for power in range(-6, 3))
_FEWEST_ROWS: Final = 10
_LEAST_TUNED: Final = 200
_MOST_LEVELS: Final = 10


class Contest:
    r"""Kernel ridge regressions of tasks that share their inputs and their known rows.

    A number is predicted by its rank among all rows, so that units and outliers do not matter, a
    category by 0 and 1 for each of its ten commonest levels; inputs are likened by `RowKernel`.
    The model of real rows predicts each as if it had not been trained on it, by the leverage h:
    :math:`y - (y - \hat y) / (1 - h)`. Landmarks and ridge are chosen on all rows, without a look
    at which are real, and are the same for both models.

    Args:
        samples: The rows.
        tasks: At least one, all with the same inputs and the same rows known.
        train_rows: At most so many rows train a model.
        landmarks: Rows that the others are likened to.

    Reference: Allen, Technometrics 16 (1974) 125 (the leverage); Saunders, Gammerman, Vovk, ICML
    (1998) 515 (kernel ridge regression).
    """

    def __init__(
        self, samples: Samples, tasks: Sequence[Task], *, train_rows: int, landmarks: int
    ) -> None:
        self.tasks = tuple(tasks)
        self.train_rows = train_rows
        self.known = known_rows(samples, tasks[0])
        answers = [_answers(samples, task, self.known) for task in tasks]
        self._starts = np.cumsum([0, *(answer.shape[1] for answer in answers[:-1])])
        self._answers = np.hstack(answers)
        self._answers -= self._answers[self.known].mean(axis=0) if self.known.any() else 0.0
        kernel = RowKernel.of(pooled_features(samples, tasks[0].inputs), scale=_SCALE)
        drawn = samples.generator("landmarks").permutation(len(self.known))
        self._features = kernel.landmark_features(drawn[:landmarks])
        others = drawn[::-1]  # landmarks, which know themselves too well, come last
        smaller = min(len(samples.real), len(samples.synthetic), train_rows)
        self._ridge = self._tuned(others[self.known[others]][: max(_LEAST_TUNED, smaller)])

    def gains(self, real: NDArray[np.intp], synthetic: NDArray[np.intp]) -> FloatArray:
        r"""What each real row adds to the skill by the batch and by real rows.

        :math:`(|y - \bar y|^2 - |y - \hat y|^2) / \overline{|y - \bar y|^2}`: the mean over the
        rows is the explained share of the variance, of ranks (numbers) or of the levels' 0 and 1
        (categories: the :math:`\tau` of Goodman and Kruskal). 0 for the mean, 1 for the truth; a
        row without its target adds nothing.

        Args:
            real: Places of the rows that count as real, n of them; the first ``train_rows`` train.
            synthetic: Places of the rows that count as synthetic; likewise.

        Returns:
            Shape (tasks, 2, n); NaN for a task of which fewer than ten of the real rows have the
            target, or all have the same.
        """
        known = self.known[real]
        rows = real[known]
        found = np.full((len(self.tasks), 2, len(real)), np.nan)
        if len(rows) < _FEWEST_ROWS:
            return found
        truth = self._answers[rows]
        apart = self._by_task((truth - truth.mean(axis=0)) ** 2)
        variance = apart.mean(axis=0)
        told = variance > 1e-12
        share = len(rows) / len(real)
        for model, guesses in enumerate((self._foreign(rows, synthetic), self._own(rows))):
            misses = self._by_task((truth - guesses) ** 2)
            gain = np.zeros((len(real), len(self.tasks)))
            gain[known] = (apart - misses) / (np.where(told, variance, 1.0) * share)
            found[told, model] = gain.T[told]
        return found

    def _foreign(self, rows: NDArray[np.intp], train: NDArray[np.intp]) -> FloatArray:
        """Guesses at some rows by a model of others."""
        train = train[self.known[train]][: self.train_rows]
        x = self._features[train]
        weights = np.linalg.solve(self._gram(x), x.T @ self._answers[train])
        return np.asarray(self._features[rows] @ weights)

    def _own(self, rows: NDArray[np.intp]) -> FloatArray:
        """Guesses at some rows by a model of the same, each as if it had not been there."""
        x = self._features[rows]
        own = x[: self.train_rows]
        truth = self._answers[rows[: self.train_rows]]
        inverse = np.linalg.inv(self._gram(own))
        guesses = x @ (inverse @ (own.T @ truth))
        leverage = np.minimum(((own @ inverse) * own).sum(axis=1), 0.999)
        guesses[: len(own)] = truth - (truth - guesses[: len(own)]) / (1.0 - leverage)[:, None]
        return np.asarray(guesses)

    def _gram(self, x: FloatArray) -> FloatArray:
        gram = x.T @ x
        gram[np.diag_indices_from(gram)] += self._ridge
        return np.asarray(gram)

    def _by_task(self, squares: FloatArray) -> FloatArray:
        """Sums over the columns of each task, shape (n, tasks)."""
        return np.asarray(np.add.reduceat(squares, self._starts, axis=1))

    def _tuned(self, rows: NDArray[np.intp]) -> float:
        """The ridge of least held-out error, over all tasks, on rows of both kinds."""
        if len(rows) < _FEWEST_ROWS:
            return float(_RIDGES[-1])
        left, values, _ = np.linalg.svd(self._features[rows], full_matrices=False)
        truth = self._answers[rows]
        variance = np.maximum(self._by_task(truth**2).mean(axis=0), 1e-12)
        shadow = left.T @ truth
        errors = []
        for ridge in _RIDGES:
            kept = values**2 / (values**2 + ridge)
            leverage = np.minimum((left**2) @ kept, 0.999)
            misses = (truth - left @ (kept[:, None] * shadow)) / (1.0 - leverage)[:, None]
            errors.append((self._by_task(misses**2).mean(axis=0) / variance).sum())
        return float(_RIDGES[int(np.argmin(errors))])


def known_rows(samples: Samples, task: Task) -> NDArray[np.bool_]:
    """Where the target of a task is there, shape (n + m,)."""
    return task.known(samples.pooled)


def _answers(samples: Samples, task: Task, known: NDArray[np.bool_]) -> FloatArray:
    """The target as numbers, shape (n + m, q)."""
    column = samples.ranked[task.target]
    everyone = np.ones((1, len(known)))
    if task.is_number:
        return column.midranks(everyone).T.copy()
    counts = column.counts(known[None].astype(np.float64))[0]
    commonest = np.argsort(-counts, kind="stable")[:_MOST_LEVELS]
    commonest = commonest[counts[commonest] > 0]
    if not len(commonest):
        return np.zeros((len(known), 1))
    return np.asarray(column.codes[:, None] == commonest, dtype=np.float64)
