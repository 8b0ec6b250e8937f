"""Sequential trees under conditions: weighted candidates, and rows picked by their weight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray

from .composition import Composition
from .conditions import Where
from .laws import LawCoding, flag_of

_TRIES: Final = 32
_MOST_DRAWS: Final = 128
_ENOUGH: Final = 3
_POINT: Final = 1e-9
_WINDOW: Final = 0.5

Known = tuple[dict[str, FloatArray], dict[str, FloatArray]]
Limits = tuple[FloatArray, FloatArray]


class Taken(NamedTuple):
    """A latent column: its values, those that later columns see, and which tries they were."""

    own: FloatArray
    seen: FloatArray
    tries: NDArray[np.intp]


class Particles:
    """Rows that are drawn column by column, each with the weight that conditions give it.

    Where a column with a condition is drawn, ``T = 32`` values are drawn for each row, one of the
    ``t`` that meet the condition is taken, and the row's weight becomes ``t / T`` of what it was:
    an unbiased estimate of ``p(condition | earlier columns)``, so that weighted rows follow
    ``p(row | conditions)``. For a single value (or very narrow limits) of a column that is spread,
    values within ``h = sd / (2 n^(1/5))`` of it count, so that the weight is the density of the
    leaves there; the row takes the value itself, and later columns are drawn as for the value that
    counted: a kernel of width ``h``, since one leaf alone holds very few rows. Conditions on parts
    of a sum, or on a column that follows from others, become limits of the latent that is drawn,
    row by row.

    Args:
        coding: Of the latents.
        where: To be met.
        rows: How many.
        random: All random numbers come from it.
        width: Uniform numbers that a cell takes.
        even: Which of them says what place of a leaf is taken.

    Attributes:
        weights: Of the rows, shape (rows,); 0 where a condition cannot be met any more.

    Reference:
        N. Chopin, O. Papaspiliopoulos, "An Introduction to Sequential Monte Carlo" (2020),
        chapters 8 (importance sampling) and 9 (weights estimated without bias).
    """

    def __init__(
        self,
        coding: LawCoding,
        where: Where,
        rows: int,
        random: np.random.Generator,
        *,
        width: int = 4,
        even: int = 1,
    ) -> None:
        self.weights = np.ones(rows)
        self._coding = coding
        self._where = where
        self._random = random
        self._width, self._even = width, even
        self._wanted = {
            one.column: _opened(one.low, one.high) for one in where.conditions if not one.levels
        }

    def cells(
        self,
        name: str,
        levels: Sequence[str | None],
        seen: tuple[FloatArray, NDArray[np.bool_]],
        known: Known,
        draw: Callable[[FloatArray], FloatArray],
    ) -> Taken:
        """One value of a latent column for each row.

        Args:
            name: Of the latent column.
            levels: Of a category, by code.
            seen: Its training values and which of them are never smoothed, shape (n,) each.
            known: Columns and latents of the rows so far, each of shape (rows,).
            draw: Values, shape (n,), from uniform numbers, shape (n, width): n is a multiple of
                the rows, and those of one row stand together.
        """
        rows = len(self.weights)
        codes = self._codes(name, levels)
        limits = None if codes is not None else self._limits(name, *known)
        if codes is None and limits is None:
            free = draw(self._random.random((rows, self._width)))
            return Taken(free, free, np.zeros(rows, dtype=np.intp))
        uniform = self._random.random((rows, _TRIES, self._width))
        # The values of a leaf are taken evenly: the weights scatter less.
        places = uniform[:, :, self._even]
        uniform[:, :, self._even] = (np.arange(_TRIES) + places) / _TRIES
        tried = draw(uniform.reshape(-1, self._width)).reshape(rows, _TRIES)
        chance = self._random.random((rows, _TRIES))
        if limits is None:
            good = np.isin(tried, codes if codes is not None else [])
            choice, taken = self._taken(tried, good, chance)
            return Taken(taken, taken, choice)
        low, high = limits
        wide_low, wide_high, narrow = _widened(low, high, *seen)
        good = (tried >= wide_low[:, None]) & (tried <= wide_high[:, None])
        choice, taken = self._taken(tried, good, chance)
        with np.errstate(invalid="ignore"):
            share = (high - low) / (wide_high - wide_low)
            between = low + (high - low) * self._random.random(rows)
        self.weights *= np.where(narrow, share, 1.0)
        own = np.where(narrow, between, taken)
        return Taken(own, taken if self._plain(name) else own, choice)

    def settled(self, made: Block) -> Block:
        """Rows with single values that were met up to rounding put in as they were asked for."""
        numbers = made.numbers.copy()
        for one in self._where.conditions:
            if one.exact:
                cells = numbers[:, made.table.numeric.index(one.column)]
                low, high = _opened(one.low, one.high)
                near = np.abs(cells - one.low) <= 2 * (high - low)
                cells[near] = one.low
        return Block(made.table, numbers, made.texts)

    def _taken(
        self, tried: FloatArray, good: NDArray[np.bool_], chance: FloatArray
    ) -> tuple[NDArray[np.intp], FloatArray]:
        """Which of the good values of each row is taken, and it; the weight takes their share."""
        self.weights *= good.mean(axis=1)
        choice = np.where(good, chance, -1.0).argmax(axis=1)
        return choice, np.asarray(tried[np.arange(len(tried)), choice], dtype=np.float64)

    def _codes(self, name: str, levels: Sequence[str | None]) -> NDArray[np.intp] | None:
        """The codes that a category or a number of compositions may take; None for any."""
        condition = self._where.get(name)
        if condition is not None and condition.levels:
            return np.flatnonzero([level in condition.levels for level in levels])
        for one in self._coding.sums:
            if name in one.latents and not isinstance(one, Composition):
                good = np.ones(len(one.seen), dtype=np.bool_)
                for j, part in enumerate(one.columns):
                    if part in self._wanted:
                        low, high = self._wanted[part]
                        good &= (one.seen[:, j] >= low) & (one.seen[:, j] <= high)
                return None if good.all() else np.flatnonzero(good)
        return None

    def _limits(
        self, name: str, values: dict[str, FloatArray], latents: dict[str, FloatArray]
    ) -> Limits | None:
        """Limits of a latent number in each row, shape (rows,) each; None where it is free."""
        rows = len(self.weights)
        if any(name == flag_of(column) for column in self._wanted):
            return np.zeros(rows), np.full(rows, 0.5)
        if name in self._wanted:
            low, high = self._on_grid(name)
            return np.full(rows, low), np.full(rows, high)
        for one in self._coding.sums:
            if name in one.latents and isinstance(one, Composition):
                wanted = {c: self._wanted[c] for c in one.columns if c in self._wanted}
                return one.limits(name, latents, wanted, rows) if wanted else None
        for formula in self._coding.formulas:
            asked = name == formula.latents[0] and formula.target in self._wanted
            if asked and all(column in values for column in formula.inputs):
                return formula.limits(values, *self._on_grid(formula.target))
        return None

    def _plain(self, name: str) -> bool:
        """Whether a latent is a column that no law needs to the last digit."""
        return name in self._wanted and not any(
            name in formula.inputs for formula in self._coding.formulas
        )

    def _on_grid(self, column: str) -> tuple[float, float]:
        """Limits of a column before it is put on its grid."""
        low, high = self._wanted[column]
        grid = self._coding.grids.get(column)
        if grid is None:
            return low, high
        first, last = grid.to_lines(np.array([low, high]))
        lines = np.array([np.ceil(first) - 0.5, np.floor(last) + 0.5])
        # A hair inside, so that what lies between rounds to a line that is wanted.
        low, high = (grid.from_lines(lines) + np.array([1, -1]) * _POINT).tolist()
        return low, high


def weighed(
    candidates: Callable[[np.random.Generator, int], tuple[Block, FloatArray]],
    streams: Sequence[np.random.Generator],
    where: Where,
    *,
    chunk: int,
) -> Block:
    """Rows picked among candidates by their weights, ``chunk`` for each stream or fewer.

    Candidates are drawn until their effective number ``(sum w)**2 / sum w**2`` is three times the
    rows of a chunk, or the weights are equal; rows are then picked without repetition, so that
    none stands twice in a batch. No more are picked than the effective number.

    Args:
        candidates: So many rows from a stream, and their weights.
        streams: One for each chunk.
        where: To be met.
        chunk: Rows for each stream.

    Reference:
        P. Efraimidis, P. Spirakis, "Weighted random sampling with a reservoir", Information
        Processing Letters 97 (2006) 181.
    """
    return Block.concatenate([_chunk(candidates, stream, where, chunk) for stream in streams])


def _chunk(
    candidates: Callable[[np.random.Generator, int], tuple[Block, FloatArray]],
    stream: np.random.Generator,
    where: Where,
    chunk: int,
) -> Block:
    found: list[Block] = []
    weights = np.empty(0)
    drawn, effective = 0, 0.0
    while drawn < _MOST_DRAWS:
        turn = min(max(drawn, 1), _MOST_DRAWS - drawn)
        rows, weight = candidates(stream, turn * chunk)
        good = (weight > 0) & where.met(rows)
        found.append(rows[good])
        weights = np.concatenate([weights, weight[good]])
        drawn += turn
        if not weights.size:
            continue
        relative = weights / weights.max()
        effective = float(relative.sum() ** 2 / (relative**2).sum())
        equal = effective > (1 - _POINT) * len(weights)
        if effective >= (chunk if equal else _ENOUGH * chunk):
            break
    if not weights.size:
        return found[0]
    keys = stream.standard_exponential(len(weights)) / (weights / weights.max())
    return Block.concatenate(found)[np.argsort(keys)[: min(chunk, round(effective))]]


def _opened(low: float, high: float) -> tuple[float, float]:
    """Limits, with a hair on either side of a single value."""
    hair = _POINT * (abs(low) or 1e-3) if low == high else 0.0
    return low - hair, high + hair


def _widened(
    low: FloatArray, high: FloatArray, values: FloatArray, fixed: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """Limits that a spread column can be seen to meet, and where they are wider than asked."""
    if not values.size or fixed.all():
        return low, high, np.zeros(len(low), dtype=np.bool_)
    first, last = np.quantile(values, [0.1, 0.9])
    reach = _WINDOW * (last - first) / 2.56 / len(values) ** 0.2
    steps = np.sort(values[fixed])
    at_steps = np.searchsorted(steps, high, "right") > np.searchsorted(steps, low, "left")
    with np.errstate(invalid="ignore"):
        narrow = (high >= low) & (high - low < 2 * reach) & ~at_steps
        middle = (low + high) / 2
    return (
        np.where(narrow, middle - reach, low),
        np.where(narrow, middle + reach, high),
        narrow,
    )
