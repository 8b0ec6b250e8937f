"""Whether generation after generation of synthetic data still describes the same real rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

import numpy as np

from halflife.schemas.table import Block, FloatArray

from .arrays import key_of
from .collapse_reading import CollapseReading
from .errors import MonitorError, TooFewRows

_FEWEST_ROWS: Final = 30
_MOST_ROWS: Final = 400
_SURE: Final = 2.33  # standard errors, one-sided 99 %


class CollapseGuard:
    r"""Measures every generation of an epoch at the same real rows, its validation set.

    The loss of a batch is its energy score: with Y a validation row and X, X' rows of the batch,

    .. math:: L = E|X - Y| - \tfrac12 E|X - X'|

    in the Euclidean distance of rows whose numbers are divided by their spread in the validation
    set and whose categories count 1 where they differ, as a missing cell does beside one that is
    there. It is strictly proper: no batch scores better on average than the real distribution. A
    batch that loses half of the variance of a normal column loses 2.6 %, one that is a single point
    41 %.

    The first generation sets the standard. A later one is beyond it when its loss is larger by
    more than ``tolerance`` of that of the first, and surely larger: by 2.33 standard errors over
    the validation rows, each compared with itself. It has collapsed when it and the one before are:
    a model of n rows has a loss that is larger by 1 / n on average only because of the rows that
    it happened to see, and in small windows 3 % is not rare, but it passes. What is lost by feeding
    on synthetic rows does not come back.

    Args:
        validation: At least 30 real rows that no training has seen or will see.
        tolerance: Share of the first loss by which a loss may be larger.

    Raises:
        TooFewRows: For fewer validation rows.
        MonitorError: For a tolerance that is not positive.

    Reference: Gneiting, Raftery, JASA 102 (2007) 359 (the energy score); Shumailov et al., Nature
    631 (2024) 755 (collapse of models trained on their own output); Gerstgrasser et al. (2024),
    arXiv:2404.01413 (real rows kept among the synthetic ones prevent it).

    Example:
        >>> from halflife.schemas.table import Column, Table
        >>> draw = np.random.default_rng(0).normal
        >>> def rows(spread):
        ...     x = draw(0.0, spread, (300, 1))
        ...     return Block(Table((Column(name="x"),)), x, np.empty((300, 0), dtype=object))
        >>> guard = CollapseGuard(rows(1.0))
        >>> [guard.measure(rows(spread)).collapsed for spread in (1.0, 1.0, 0.5, 0.4)]
        [False, False, False, True]
    """

    def __init__(self, validation: Block, *, tolerance: float = 0.03) -> None:
        if len(validation) < _FEWEST_ROWS:
            raise TooFewRows(f"a guard needs {_FEWEST_ROWS} real rows, not {len(validation)}")
        if not tolerance > 0.0:
            raise MonitorError(f"the tolerance must be above 0, not {tolerance!r}")
        self.validation = validation
        self.tolerance = tolerance
        self.generations = 0
        self.last: CollapseReading | None = None
        self._first: FloatArray | None = None

    @property
    def key(self) -> str:
        """Changes with the validation rows and the tolerance."""
        return key_of("collapse guard", self.validation.digest(), self.tolerance)

    def measure(self, batch: Block) -> CollapseReading:
        """The next generation; the first of them is what others are compared with.

        Args:
            batch: At least 2 rows; of more than 400, as many that lie evenly among them are looked
                at.

        Raises:
            TooFewRows: For fewer.
        """
        if len(batch) < 2:
            raise TooFewRows(f"a generation needs at least 2 rows, not {len(batch)}")
        losses = _losses(self.validation, batch)
        self.generations += 1
        if self._first is None:
            self._first = losses
        first = float(self._first.mean())
        more = losses - self._first
        error = float(more.std(ddof=1) / np.sqrt(len(more)))
        ratio = float(losses.mean()) / first if first > 0.0 else 1.0
        beyond = ratio > 1.0 + self.tolerance and float(more.mean()) > _SURE * error
        self.last = CollapseReading(
            generation=self.generations,
            ratio=ratio,
            error=error / first if first > 0.0 else 0.0,
            beyond=beyond,
            collapsed=beyond and self.last is not None and self.last.beyond,
        )
        return self.last

    def state(self) -> dict[str, Any]:
        """What was measured, as plain data; not the validation rows."""
        return {
            "key": self.key,
            "generations": self.generations,
            "first": None if self._first is None else self._first.tolist(),
            "last": self.last and self.last.to_dict(),
        }

    @classmethod
    def restored(cls, state: Mapping[str, Any], validation: Block, *, tolerance: float) -> Self:
        """Go on from a state of the same validation rows and tolerance.

        Raises:
            MonitorError: For a state of others.
        """
        guard = cls(validation, tolerance=tolerance)
        if state["key"] != guard.key:
            raise MonitorError(f"the state is of guard {state['key']}, not {guard.key}")
        guard.generations = int(state["generations"])
        guard._first = None if state["first"] is None else np.array(state["first"])
        last = state["last"]
        guard.last = None if last is None else CollapseReading.from_dict(last)
        return guard


def _losses(validation: Block, batch: Block) -> FloatArray:
    """Energy score of a batch at each validation row, shape (n,)."""
    rows = np.unique(np.linspace(0, len(batch) - 1, _MOST_ROWS).astype(np.intp))
    batch = batch[rows]
    spread = [_spread(column) for column in validation.numbers.T]
    to_real = _distances(validation, batch, spread)
    within = _distances(batch, batch, spread)
    m = len(batch)
    return np.asarray(to_real.mean(axis=1) - within.sum() / (2.0 * m * (m - 1)))


def _spread(column: FloatArray) -> float:
    """Standard deviation of what is there; 1 where that is nothing or constant."""
    known = column[np.isfinite(column)]
    spread = float(known.std()) if len(known) else 0.0
    return spread if spread > 0.0 else 1.0


def _distances(some: Block, others: Block, spread: Sequence[float]) -> FloatArray:
    """Of every row of the one to every row of the other, shape (some, others)."""
    square = np.zeros((len(some), len(others)))
    for a, b, unit in zip(some.numbers.T, others.numbers.T, spread, strict=True):
        there = np.isfinite(a), np.isfinite(b)
        ours, theirs = np.where(there[0], a, 0.0), np.where(there[1], b, 0.0)
        both = there[0][:, None] & there[1]
        one = there[0][:, None] != there[1]
        square += np.where(both, ((ours[:, None] - theirs) / unit) ** 2, one)
    for a, b in zip(some.texts.T, others.texts.T, strict=True):
        square += a[:, None] != b
    return np.asarray(np.sqrt(square))
