"""Some of many synthetic rows, spread as evenly as real rows are and at a distance from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray

from .archive import Arrays
from .row_places import RowPlaces

TIMES: Final = 4
"""How many rows are drawn for each that is kept."""

NEIGHBOURS: Final = 3
_LEAST: Final = 1e-9


@dataclass(frozen=True, eq=False)
class RowSieve:
    r"""Keeps one of `TIMES` rows, so that no training row is told more than once or too closely.

    Rows that are drawn independently clump by chance, and a batch of them shows its clumps beside
    those of the training rows. Therefore each training row in turn is given the best of the rows
    that lie nearest to it, then each the second, and so on; where several training rows are alike,
    as in tables of categories, their place has as many turns. Which is best is drawn, with chances
    in proportion to :math:`(d_1 / d_3)^a` of the distances to the three nearest training rows
    (`RowPlaces`): the greater the power a, the rarer are rows that have one training row to
    themselves, which are those that give it away. A new real row would have as likely any other
    real row next to it as a training row. Values that come again keep their share (`evened`). Where
    no training row equals another, a row that equals one is a copy, and kept only for want of
    others. Distances are a measure, no guarantee: that is `Private`.

    Args:
        places: Of the training rows.
        power: a, at least 0.

    Example:
        >>> from halflife.schemas.table import Column, Table
        >>> table = Table((Column(name="x"),))
        >>> def rows(x):
        ...     return Block(table, np.array(x)[:, None], np.empty((len(x), 0), dtype=object))
        >>> sieve = RowSieve(RowPlaces.of(rows([0., 1., 2.])), power=4.)
        >>> made = rows([0.01, 0.02, 0.03, 0.4, 1.4, 1.1, 1.9, 1.99])
        >>> sieve.kept(made, 2, np.random.default_rng(0)).numbers.ravel()
        array([0.4, 1.4])

    Reference: P. Efraimidis, P. Spirakis, "Weighted random sampling with a reservoir", Information
    Processing Letters 97 (2006) 181 (weights, none twice); Z. Zhao et al., "CTAB-GAN", ACML 2021
    (the ratio of distances as a measure of privacy).
    """

    places: RowPlaces
    power: float

    def kept(self, made: Block, many: int, random: np.random.Generator) -> Block:
        """So many of the rows, or all if there are fewer, in their order."""
        distances, which = self.places.nearest(made, NEIGHBOURS)
        rooms = self.places.rooms[which]
        odds = log_odds(distances, self.power, alone=self.places.alone)
        odds = evened(odds, self.places.marks(made))
        return made[kept(odds, which, rooms, many=many, random=random)]

    def best(self, tries: list[Block], random: np.random.Generator) -> Block:
        """One row for each place, of several tries of as many rows."""
        rows = len(tries[0])
        together = Block.concatenate(tries)
        distances, _ = self.places.nearest(together, NEIGHBOURS)
        odds = log_odds(distances, self.power, alone=self.places.alone)
        odds = odds.reshape(len(tries), rows).T
        # Row by row, so that it matters to none how many come after it.
        best = (odds + random.gumbel(size=odds.shape)).argmax(axis=1)
        return together[best * rows + np.arange(rows)]

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """The places of the training rows, and the power."""
        state, arrays = self.places.state()
        return {"places": state, "power": self.power}, arrays

    @classmethod
    def restore(cls, state: Mapping[str, Any], arrays: Arrays) -> Self:
        """Become what `state` told."""
        return cls(RowPlaces.restore(state["places"], arrays), state["power"])


def kept(
    odds: FloatArray,
    which: NDArray[np.int64],
    rooms: NDArray[np.int64],
    *,
    many: int,
    random: np.random.Generator,
) -> NDArray[np.int64]:
    """Which rows a sieve keeps, ascending, shape (at most many,).

    Args:
        odds: Logarithms of the chances, shape (m,); minus infinity for one that is taken last.
        which: The nearest training row, shape (m,).
        rooms: How many training rows are where the nearest is, shape (m,).
        many: How many.
        random: All of the randomness: one number for each row.
    """
    # The greatest key wins with chances in proportion to the odds (the Gumbel trick).
    keys = odds + random.gumbel(size=len(which))
    order = np.lexsort((-keys, which))
    first = np.searchsorted(which[order], which[order])
    turn = np.empty(len(which), dtype=np.int64)
    turn[order] = (np.arange(len(which)) - first) // rooms[order]
    turn[np.isneginf(odds)] = len(which)
    return np.sort(np.lexsort((-keys, turn))[:many])


def evened(odds: FloatArray, marks: FloatArray) -> FloatArray:
    r"""Odds that make no value that comes again rarer than another, shape (m,).

    Rows at the end of a range, where a planner has often been, lie nearer to training rows than
    those beside it, and a sieve would thin them out. What each mark adds to the odds,
    :math:`(X^T X + I)^{-1} X^T y` of centred X and y, is taken off.

    Args:
        odds: Logarithms of the chances, shape (m,); minus infinity stays what it is.
        marks: 1 where a row has such a value, else 0, shape (m, marks).

    Example:
        >>> marks = np.repeat([[0.0], [1.0]], 500, axis=0)
        >>> evened(np.repeat([3.0, 1.0], 500), marks)[[0, -1]].round(1)
        array([2., 2.])
    """
    told = np.isfinite(odds)
    if not told.any() or not marks.shape[1]:
        return odds
    own = marks[told] - marks[told].mean(axis=0)
    apart = odds[told] - odds[told].mean()
    found = odds.copy()
    found[told] -= own @ np.linalg.solve(own.T @ own + np.eye(own.shape[1]), own.T @ apart)
    return found


def log_odds(distances: FloatArray, power: float, *, alone: bool) -> FloatArray:
    """Logarithm of the ratios to the power, shape (m,); minus infinity for copies.

    Args:
        distances: To the nearest training rows, ascending, shape (m, k).
        power: See `RowSieve`.
        alone: Whether no training row equals another, so that a row that equals one is a copy.

    Example:
        >>> log_odds(np.array([[0.1, 0.2], [0.0, 0.2]]), 2.0, alone=True).round(2)
        array([-1.39,  -inf])
    """
    ratio = (distances[:, 0] + _LEAST) / (distances[:, -1] + _LEAST)
    return np.where(alone & (distances[:, 0] == 0.0), -np.inf, power * np.log(ratio))
