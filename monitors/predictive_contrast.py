"""Whose models predict real rows better, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray, Table

from .contest import Contest, known_rows
from .contrast import Contrast
from .samples import Samples
from .separator import Separator, products
from .task import Task

_EXCHANGES: Final = 20
_LEAST_MISSED: Final = 1e-4
_MOST_TASKS: Final = 16
_MANY: Final = 4
_FLAT: Final = 1e-9


class PredictiveContrast:
    r"""Whose models predict real rows better, and whose answers scatter about them as real ones do.

    Two questions, whose z are added. The first is about models trained on two batches, which
    predict the same real rows. With :math:`s_t` and :math:`r_t` the mean squared misses of the
    models of our and of the other batch in task t, the contrast is the mean over the tasks of
    :math:`\log(r_t / s_t)`, twice the nats by which our models know more. To first order a real row
    moves it by what it adds to each of the two means. Models differ by the rows that trained them
    as well: the variance which that adds is what the contrast has when the rows of the two batches
    are exchanged, less that of the real rows.

    The second is about one model of both batches. What its answers miss, each in units of its own
    spread, are a row's scatter; a `Separator` of the squares and products of these asks which batch
    has that of the real rows. A batch of which one answer in ten is another row's misleads a model
    by a tenth, which few rows show; but one answer in ten lies where no real one does.

    Args:
        table: What the rows are.
        seed: Of everything drawn.
        train_rows: At most so many rows train a model.
        rank: Features that a model has; half of them where there are more than four models.
        apart_rows: At most so many rows of each side train the separator.

    Reference: Efron, Tibshirani, An Introduction to the Bootstrap (1993), chapter 21 (influences);
    Cook, Weisberg, Residuals and Influence in Regression (1982), section 2.1 (scatter of rows that
    trained).
    """

    def __init__(
        self,
        table: Table,
        *,
        seed: int,
        train_rows: int = 1000,
        rank: int = 96,
        apart_rows: int = 500,
    ) -> None:
        self.table = table
        self.seed = seed
        self.train_rows = train_rows
        self.rank = rank
        self.apart_rows = apart_rows

    def between(self, trials: Sequence[tuple[Block, Block]], theirs: Block) -> Contrast | None:
        """The contrast; None where there is nothing to predict.

        Args:
            trials: Real rows, each beside a batch of ours whose model has not seen them.
            theirs: The other batch.
        """
        matches = [self._match(real, ours, theirs) for real, ours in trials]
        if not matches[0].contests:
            return None
        models = self._of_models(matches, len(theirs))
        scatter = Contrast.pooled([self._of_scatter(match) for match in matches])
        return Contrast.summed([models, scatter])

    def _of_models(self, matches: Sequence[_Match], theirs: int) -> Contrast:
        value, influence = _told([match.misses() for match in matches])
        draws = [
            _told([match.misses(self._shuffled(match, exchange)) for match in matches])
            for exchange in range(_EXCHANGES)
        ]
        spread = float(np.mean([draw[0] ** 2 for draw in draws]))
        by_rows = float(np.mean([draw[1] @ draw[1] for draw in draws]))
        return Contrast(
            value=value,
            real=influence,
            ours=np.zeros(sum(match.ours for match in matches)),
            theirs=np.zeros(theirs),
            beyond=max(0.0, spread - by_rows),
        )

    def _of_scatter(self, match: _Match) -> Contrast:
        separator = Separator(
            match.real, match.ours, match.theirs, seed=self.seed, train_rows=self.apart_rows
        )
        return separator.contrast(products(match.scatter()))

    def _match(self, real: Block, ours: Block, theirs: Block) -> _Match:
        samples = Samples(real, Block.concatenate([ours, theirs]), self.seed)
        groups: dict[tuple[tuple[str, ...], bytes], list[Task]] = {}
        for task in Task.all_of(self.table, most=_MOST_TASKS):
            key = task.inputs, known_rows(samples, task).tobytes()
            groups.setdefault(key, []).append(task)
        rank = self.rank // 2 if len(groups) > _MANY else self.rank
        contests = [
            Contest(samples, tasks, train_rows=self.train_rows, rank=rank)
            for tasks in groups.values()
        ]
        return _Match(contests, len(real), len(ours), len(theirs))

    def _shuffled(self, match: _Match, exchange: int) -> NDArray[np.intp]:
        """Batches of one size are exchanged in one way, so that their noise does not cancel."""
        generator = np.random.default_rng([self.seed, exchange])
        return match.real + generator.permutation(match.ours + match.theirs)


class _Match:
    """Models of two batches and the real rows that they predict."""

    def __init__(self, contests: list[Contest], real: int, ours: int, theirs: int) -> None:
        self.contests = contests
        self.real = real
        self.ours = ours
        self.theirs = theirs

    def misses(self, order: NDArray[np.intp] | None = None) -> FloatArray:
        """Of both models, shape (2, tasks, n); ``order`` says which rows count as whose."""
        if order is None:
            order = self.real + np.random.default_rng(self.ours).permutation(self.ours)
            last = self.real + self.ours
            rest = last + np.random.default_rng(self.theirs).permutation(self.theirs)
            order = np.concatenate([order, rest])
        rows = np.arange(self.real)
        sides = order[: self.ours], order[self.ours :]
        return np.stack(
            [
                np.concatenate([contest.misses(rows, side) for contest in self.contests])
                for side in sides
            ]
        )

    def scatter(self) -> FloatArray:
        """What every row misses of a model of both batches, in units of its spread."""
        batches = np.arange(self.real, self.real + self.ours + self.theirs)
        missed = np.hstack([contest.scatter(batches) for contest in self.contests])
        spread = missed.std(axis=0)
        return np.asarray(missed[:, spread > _FLAT] / spread[spread > _FLAT])


def _told(misses: list[FloatArray]) -> tuple[float, FloatArray]:
    """The contrast of all real rows, and the influence of each."""
    missed = np.concatenate(misses, axis=2)
    total = np.maximum(missed.sum(axis=2), _LEAST_MISSED * missed.shape[2])
    value = float(np.log(total[1] / total[0]).mean())
    influence = (missed[1] / total[1][:, None] - missed[0] / total[0][:, None]).mean(axis=0)
    return value, influence
