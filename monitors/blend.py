"""How much synthetic beside real helps a model of the declared target, by cross-validation."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray, Table

from .blend_curve import BlendCurve
from .blend_point import BlendPoint
from .errors import NothingMeasurable, TooFewRows
from .features import features
from .learner import Learner
from .task import Task

SHARES: Final = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0)
"""Synthetic rows for each real one that are tried."""

Make = Callable[[Block, int, int], Block]
"""Makes synthetic rows: from which real ones, how many, with which seed."""

Tell = Callable[[int, int], None]
"""Tells how many models are trained, and how many there will be."""

_LEVEL: Final = 0.975


class Blend:
    r"""Trains models of real rows with more and more synthetic ones beside them.

    Real rows are split into k folds, r times over. For each of the :math:`J = kr` splits, a model
    of the other folds, alone and with each share of synthetic rows beside them, predicts the fold.
    The error of a row is :math:`|y - \hat y|` over the mean of :math:`|y - \mathrm{median}|`
    (numbers), or whether the class is wrong over the share that the commonest class gets wrong
    (categories). The difference d of two shares is paired in each split, and its variance

    .. math:: \Big(\frac1J + \frac1{k - 1}\Big) \frac{1}{J-1} \sum_j (d_j - \bar d)^2

    accounts for splits that share rows; the band is that of Student's t with J - 1 degrees of
    freedom. The least share within one such standard error of the best is promising; it is the
    answer if the band of its gain lies above 0, else none is.

    Rows made by a generator that has seen the row to predict look better than they are. So a
    generator is fitted anew to the real rows of each split; of a batch from elsewhere that has seen
    the real rows, only separate test rows give an honest answer.

    Args:
        table: What the rows are, with a target.
        shares: Synthetic rows for each real one, rising, the first 0.
        folds: k, at least 2.
        repeats: r, at least 1.
        seed: Of the splits and the models.
        trees: Of each model (extremely randomised trees).

    Raises:
        NothingMeasurable: For a table without a target, or with no other column.
        ValueError: For shares that do not rise from 0, or too few folds.

    Reference: Nadeau and Bengio, Machine Learning 52 (2003) 239; Bouckaert and Frank, PAKDD 2004
    (repeated folds); Breiman et al., Classification and Regression Trees (1984), section 3.4.3
    (one standard error).

    Example:
        >>> from halflife.schemas.table import Column, Role
        >>> table = Table((Column(name="x", role=Role.SET_POINT), Column(name="y")), target="y")
        >>> x = np.random.default_rng(0).random((30, 1))
        >>> real = Block(table, np.hstack([x, x]), np.empty((30, 0), dtype=object))
        >>> wrong = Block(table, np.hstack([x, 1 - x]), real.texts)
        >>> Blend(table, shares=(0., 1.), trees=10).of_batch(real, wrong).share
        0.0
    """

    def __init__(
        self,
        table: Table,
        *,
        shares: Sequence[float] = SHARES,
        folds: int = 5,
        repeats: int = 3,
        seed: int = 0,
        trees: int = 60,
    ) -> None:
        if len(shares) < 2 or shares[0] != 0 or any(a >= b for a, b in pairwise(shares)):
            raise ValueError(f"shares rise from 0, at least to a second one, unlike {list(shares)}")
        if folds < 2 or repeats < 1:
            raise ValueError(f"at least 2 folds and 1 repeat are needed, not {folds} and {repeats}")
        self.table = table
        self.task = _task(table)
        self.shares = tuple(float(share) for share in shares)
        self.folds = folds
        self.repeats = repeats
        self.seed = seed
        self.trees = trees

    def of_generator(self, real: Block, make: Make, *, tell: Tell | None = None) -> BlendCurve:
        """The curve of a generator that is fitted to the real rows of each split.

        Args:
            real: Rows of the table.
            make: Fits and samples.
            tell: Is called after each model.

        Raises:
            TooFewRows: For fewer rows with a target than two for each fold.
            NothingMeasurable: For a constant target.
        """
        return self._by_splits(real, make, self.shares, tell)

    def of_batch(
        self,
        real: Block,
        synthetic: Block,
        *,
        test: Block | None = None,
        tell: Tell | None = None,
    ) -> BlendCurve:
        """The curve of a batch that is there; shares that it has too few rows for are left out.

        Args:
            real: Rows of the table.
            synthetic: The batch.
            test: Real rows that neither the batch was made from nor ``real`` holds: errors are
                taken on them, of models of all real rows, and bands are over these rows.
            tell: Is called after each model.

        Raises:
            TooFewRows: For too few rows.
            NothingMeasurable: For a constant target.
        """
        trained = len(real) if test is not None else len(real) - len(real) // self.folds
        shares = tuple(s for s in self.shares if round(s * trained) <= len(synthetic))
        if len(shares) < 2:
            raise TooFewRows(
                f"{len(synthetic)} synthetic rows are fewer than {self.shares[1]:g} for each of "
                f"{trained} real ones"
            )

        def make(_: Block, rows: int, seed: int) -> Block:
            return synthetic[np.random.default_rng(seed).permutation(len(synthetic))[:rows]]

        if test is None:
            return self._by_splits(real, make, shares, tell)
        return self._by_test_rows(real, test, make, shares, tell)

    def _by_splits(
        self, real: Block, make: Make, shares: Sequence[float], tell: Tell | None
    ) -> BlendCurve:
        known = self._known(real, 2 * self.folds)
        scale = _scale(self.task, known)
        errors: list[FloatArray] = []
        splits = self.folds * self.repeats
        for repeat in range(self.repeats):
            random = np.random.default_rng(np.random.SeedSequence((self.seed, repeat)))
            fold = random.permutation(np.arange(len(known)) % self.folds)
            for k in range(self.folds):
                seed = int(random.integers(2**31))
                train, new = known[fold != k], known[fold == k]
                rows = self._errors(
                    train, new, make, shares=shares, seed=seed, tell=_counting(tell, errors, splits)
                )
                errors.append(rows.mean(axis=1) / scale)
        inflation = 1.0 / len(errors) + 1.0 / (self.folds - 1)
        return self._curve(np.array(errors).T, shares, inflation, len(known), len(errors))

    def _by_test_rows(
        self, real: Block, test: Block, make: Make, shares: Sequence[float], tell: Tell | None
    ) -> BlendCurve:
        known = self._known(test, 2)
        train = self._known(real, 2)
        total: list[FloatArray] = []
        for repeat in range(self.repeats):
            seed = int(np.random.SeedSequence((self.seed, repeat)).generate_state(1)[0] >> 1)
            total.append(
                self._errors(
                    train,
                    known,
                    make,
                    shares=shares,
                    seed=seed,
                    tell=_counting(tell, total, self.repeats),
                )
            )
        errors = np.mean(total, axis=0) / _scale(self.task, known)
        return self._curve(errors, shares, 1.0 / len(known), len(known), 0)

    def _errors(
        self,
        train: Block,
        new: Block,
        make: Make,
        *,
        shares: Sequence[float],
        seed: int,
        tell: Tell,
    ) -> FloatArray:
        """Of each share and new row, not yet scaled, shape (shares, n)."""
        synthetic = make(train, round(shares[-1] * len(train)), seed)
        learner = Learner(self.task, seed, self.trees)
        truth: NDArray[Any] = self.task.truth(new)
        found = np.empty((len(shares), len(new)))
        for i, share in enumerate(shares):
            rows = Block.concatenate([train, synthetic[: round(share * len(train))]])
            rows_x, new_x = features([rows, new], self.task.inputs)
            guesses: NDArray[Any] = learner.guesses(rows, rows_x, new_x)
            found[i] = np.abs(truth - guesses) if self.task.is_number else truth != guesses
            tell(i + 1, len(shares))
        return found

    def _known(self, rows: Block, least: int) -> Block:
        known = rows[self.task.known(rows)]
        if len(known) < least:
            raise TooFewRows(
                f"{len(known)} of {len(rows)} real rows have {self.task.target!r}, and at least "
                f"{least} are needed"
            )
        return known

    def _curve(
        self, errors: FloatArray, shares: Sequence[float], inflation: float, rows: int, folds: int
    ) -> BlendCurve:
        """From paired errors, shape (shares, m): mean ones, bands, the promising share."""
        means = errors.mean(axis=1)
        wide = _student(errors.shape[1] - 1)

        def spread(one: int, other: int) -> float:
            return math.sqrt(inflation * float(np.var(errors[one] - errors[other], ddof=1)))

        points = []
        for i, share in enumerate(shares):
            gain, half = float(means[0] - means[i]), wide * spread(0, i)
            points.append(BlendPoint(share, float(means[i]), gain, (gain - half, gain + half)))
        best = int(np.argmin(means))
        promising = next(i for i in range(best + 1) if means[i] - means[best] <= spread(i, best))
        return BlendCurve(self.task.target, tuple(points), promising, rows, folds)


def _task(table: Table) -> Task:
    if table.target is None:
        raise NothingMeasurable("no target is declared: name the column to predict as the target")
    for task in Task.all_of(table):
        if task.target == table.target:
            return task
    raise NothingMeasurable(f"no other column to predict the target {table.target!r} from")


def _scale(task: Task, rows: Block) -> float:
    """The mean error of a constant guess."""
    if task.is_number:
        truth = rows.number(task.target)
        scale = float(np.abs(truth - np.median(truth)).mean())
    else:
        _, counts = np.unique(rows.text(task.target).astype(str), return_counts=True)
        scale = 1.0 - counts.max() / len(rows)
    if scale <= 0.0:
        raise NothingMeasurable(f"{task.target!r} is the same in all real rows")
    return scale


def _counting(tell: Tell | None, done: Sequence[FloatArray], splits: int) -> Tell:
    """Counts models over all splits."""
    return lambda i, n: None if tell is None else tell(len(done) * n + i, splits * n)


def _student(freedom: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, _LEVEL))
