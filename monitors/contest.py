"""Models of a batch and of real rows that predict the same real rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
_LEAST_MISSED: Final = 1e-4
_MOST_LEVERAGE: Final = 0.9


@dataclass(frozen=True, slots=True)
class Gains:
    r"""What two models, first that of the batch, know of n real rows.

    Args:
        information: Of each row, shape (2, tasks, n). The mean over the rows is
            :math:`-\log(1 - R^2)`, twice the nats that a Gaussian guess gives about the target;
            its spread over the rows is that of the mean times :math:`\sqrt n`.
        explained: :math:`R^2`, the explained share of the variance, shape (2, tasks): 0 for the
            mean as a guess, 1 for the truth. For a category, whose levels are 0 and 1, this is
            the :math:`\tau` of Goodman and Kruskal.

    Tasks of which fewer than ten of the real rows have the target, or all have the same, are left
    out. A row without its target says no more than the mean does.
    """

    information: FloatArray
    explained: FloatArray


class Contest:
    r"""Kernel ridge regressions of tasks that share their inputs and their known rows.

    A number is predicted by its rank among all rows, so that units and outliers do not matter, a
    category by 0 and 1 for each of its ten commonest levels; inputs are likened by `RowKernel`.
    The model of real rows predicts each as if it had not been trained on it, by the leverage h:
    :math:`y - (y - \hat y) / (1 - h)`. Features and ridge are chosen on all rows, without a look
    at which are real, and are the same for both models.

    Args:
        samples: The rows.
        tasks: At least one, all with the same inputs and the same rows known.
        train_rows: At most so many rows train a model.
        rank: Features of the likeness that a model has.

    Reference: Allen, Technometrics 16 (1974) 125 (the leverage); Saunders, Gammerman, Vovk, ICML
    (1998) 515 (kernel ridge regression).
    """

    def __init__(
        self, samples: Samples, tasks: Sequence[Task], *, train_rows: int, rank: int
    ) -> None:
        self.tasks = tuple(tasks)
        self.train_rows = train_rows
        self.known = known_rows(samples, tasks[0])
        answers = [_answers(samples, task, self.known) for task in tasks]
        self._starts = np.cumsum([0, *(answer.shape[1] for answer in answers[:-1])])
        self._answers = np.hstack(answers)
        self._answers -= self._answers[self.known].mean(axis=0) if self.known.any() else 0.0
        kernel = RowKernel.of(pooled_features(samples, tasks[0].inputs), scale=_SCALE)
        drawn = samples.generator("rows to begin with").permutation(len(self.known))
        self._features = kernel.factor(rank, int(drawn[0]))
        smaller = min(len(samples.real), len(samples.synthetic), train_rows)
        self._ridge = self._tuned(drawn[self.known[drawn]][: max(_LEAST_TUNED, smaller)])

    def gains(self, real: NDArray[np.intp], synthetic: NDArray[np.intp]) -> Gains:
        """What models of the real and of the synthetic rows know of the real ones.

        Args:
            real: Places of the rows that count as real, n of them; the first ``train_rows`` train.
            synthetic: Places of the rows that count as synthetic; likewise.
        """
        known = self.known[real]
        rows = real[known]
        told = np.zeros(len(self.tasks), dtype=np.bool_)
        information = np.zeros((2, len(self.tasks), len(real)))
        explained = np.zeros((2, len(self.tasks)))
        if len(rows) < _FEWEST_ROWS:
            return Gains(information[:, told], explained[:, told])
        truth = self._answers[rows]
        apart = self._by_task((truth - truth.mean(axis=0)) ** 2)
        variance = apart.mean(axis=0)
        told = variance > 1e-12
        variance = np.where(told, variance, 1.0)
        for model, guesses in enumerate((self._foreign(rows, synthetic), self._own(rows))):
            misses = self._by_task((truth - guesses) ** 2)
            missed = np.maximum(misses.mean(axis=0), _LEAST_MISSED * variance)
            explained[model] = 1.0 - missed / variance
            information[model] = -np.log(missed / variance)[:, None]
            # What each row moves that mean by, to first order.
            moved = (apart / variance - misses / missed) * (len(real) / len(rows))
            information[model][:, known] += moved.T
        return Gains(information[:, told], explained[:, told])

    def misses(self, rows: NDArray[np.intp], train: NDArray[np.intp]) -> FloatArray:
        """Squared misses at some rows of a model of others, shape (tasks, rows).

        In units of the variance of the target among all rows; 0 where a row lacks its target.
        """
        known = self.known[rows]
        variance = self._by_task(self._answers[self.known] ** 2).mean(axis=0)
        found = np.zeros((len(self.tasks), len(rows)))
        if known.any() and self.known[train].any():
            missed = self._answers[rows[known]] - self._foreign(rows[known], train)
            found[:, known] = (self._by_task(missed**2) / np.maximum(variance, 1e-12)).T
        return np.asarray(found)

    def scatter(self, train: NDArray[np.intp]) -> FloatArray:
        """How far every answer lies from what a model of some rows says, shape (n + m, q).

        Of those rows as if the model had not been trained on them; 0 where a row lacks its target.
        """
        found = np.zeros(self._answers.shape)
        train = train[self.known[train]]
        if not len(train):
            return found
        x = self._features[train]
        inverse = np.linalg.inv(self._gram(x))
        found = self._answers - self._features @ (inverse @ (x.T @ self._answers[train]))
        leverage = np.minimum(((x @ inverse) * x).sum(axis=1), _MOST_LEVERAGE)
        found[train] /= (1.0 - leverage)[:, None]
        found[~self.known] = 0.0
        return np.asarray(found)

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
