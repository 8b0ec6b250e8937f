"""Conditions on rows as limits of the scores and codes that they are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray

from .conditions import Where
from .generator import CHUNK
from .grid import Grid
from .mixed_coding import MixedCoding
from .number_scores import NumberScores
from .rejection import accepted
from .seen_compositions import SeenCompositions

_MOST_DRAWS: Final = 200


@dataclass(frozen=True)
class MixedLimits:
    """What scores and codes have to be so that their rows meet conditions.

    Covered are conditions on categories, on numbers that no law touches, and on parts of
    compositions that were seen; those on other columns of laws are left to rejection.

    Args:
        numbers: Of some scores, the intervals where they must lie, ascending, shape (m, 2).
        codes: Of some codes, whether each level is allowed.
        values: Of some latent numbers, the values between which they must lie before they are
            snapped to their grid: scores meet them but for rounding.

    Example:
        >>> from halflife.schemas.table import Column, Table
        >>> table = Table((Column(name="x"),))
        >>> block = Block(table, np.array([[1.], [1.], [2.], [2.]]), np.empty((4, 0), dtype=object))
        >>> limits = MixedLimits.of(Where.parse("x = 2", table), MixedCoding.of(block))
        >>> limits.numbers
        {0: array([[ 0., inf]])}
    """

    numbers: Mapping[int, FloatArray]
    codes: Mapping[int, NDArray[np.bool_]]
    values: Mapping[int, tuple[float, float]]

    @classmethod
    def of(cls, where: Where, mixed: MixedCoding) -> MixedLimits | None:
        """From conditions; None where no row can meet them."""
        table = mixed.coding.latent_table
        numbers = _compositions(where, mixed)
        codes: dict[int, NDArray[np.bool_]] = {}
        values: dict[int, tuple[float, float]] = {}
        for one in where.conditions:
            if one.column in table.categories:
                j = table.categories.index(one.column)
                codes[j] = np.array([level in one.levels for level in mixed.levels[j]])
            elif one.column in table.numeric:
                j = table.numeric.index(one.column)
                grid = mixed.coding.grids.get(one.column)
                values[j] = widened(one.low, one.high, grid)
                found = mixed.numbers[j].limits(*values[j])
                numbers[j] = np.array([] if found is None else [found]).reshape(-1, 2)
                if j in mixed.gaps:
                    codes[mixed.gap_codes[j]] = np.array([True, False])
        if any(len(one) == 0 for one in numbers.values()):
            return None
        if any(not one.any() for one in codes.values()):
            return None
        return cls(numbers, codes, values)


def rows_within(
    where: Where,
    mixed: MixedCoding,
    streams: Sequence[np.random.Generator],
    draw: Callable[[Sequence[np.random.Generator], MixedLimits], Block],
) -> Block:
    """`CHUNK` rows that meet the conditions for each stream, or fewer.

    Args:
        where: To be met; what `MixedLimits` does not cover by rejection.
        mixed: What scores and codes mean.
        streams: One for each chunk, at least one.
        draw: Gives `CHUNK` rows within limits for each stream, or none where there are none.
    """
    limits = MixedLimits.of(where, mixed)
    if limits is None:
        return Block.empty(mixed.coding.table)
    return accepted(
        lambda some: draw(some, limits), streams, where, chunk=CHUNK, most_draws=_MOST_DRAWS
    )


def intervals_of(number: NumberScores, values: NDArray[Any]) -> FloatArray:
    """The scores of some of the values that a column of levels takes, shape (m, 2)."""
    found: list[tuple[float, float]] = []
    for value in values:
        one = number.limits(float(value), float(value))
        if one is not None and found and np.isclose(found[-1][1], one[0], rtol=0, atol=1e-12):
            found[-1] = (found[-1][0], one[1])
        elif one is not None:
            found.append(one)
    return np.array(found).reshape(-1, 2)


def widened(low: float, high: float, grid: Grid | None) -> tuple[float, float]:
    """Limits of the numbers that lines of the grid within the given limits take in by rounding."""
    if grid is None:
        return low, high
    ends = grid.to_lines(np.array([low, high]))
    # A limit on a line is that line, whatever the last bit of the division says.
    whole = np.where(np.abs(ends - np.rint(ends)) < 1e-6, np.rint(ends), ends)
    first, last = np.ceil(whole[0]) - 0.5, np.floor(whole[1]) + 0.5
    begin, end = grid.from_lines(np.array([first, last]))
    return float(begin), float(max(begin, end))


def _compositions(where: Where, mixed: MixedCoding) -> dict[int, FloatArray]:
    """Of each latent number of seen compositions, the ones that meet the conditions."""
    found: dict[int, FloatArray] = {}
    for one in mixed.coding.sums:
        conditions = [where.get(name) for name in one.columns]
        if isinstance(one, SeenCompositions) and any(conditions):
            met = np.ones(len(one.seen), dtype=np.bool_)
            for j, condition in enumerate(conditions):
                if condition is not None:
                    met &= (one.seen[:, j] >= condition.low) & (one.seen[:, j] <= condition.high)
            place = mixed.coding.latent_table.numeric.index(one.latents[0])
            found[place] = intervals_of(mixed.numbers[place], np.flatnonzero(met))
    return found
