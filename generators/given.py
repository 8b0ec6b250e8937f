"""Columns that are given to a network: their values drawn, encoded, and put back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from halflife.schemas.table import Block, FloatArray, ObjectArray

from .condition import Condition
from .conditions import Where
from .encoding import Encoding
from .grid import Grid

Cells = FloatArray | ObjectArray


@dataclass(frozen=True)
class Given:
    """What a network can be told of conditions.

    A single value or level is given as it is. Of an interval or of several levels the value is
    drawn first, from the law of its column in the real rows within the condition.

    Args:
        encoding: Of the latent rows.
        grids: That columns lie on.
    """

    encoding: Encoding
    grids: Mapping[str, Grid]

    def told(self, where: Where) -> tuple[Condition, ...]:
        """The conditions on columns that are learnt as they are, not by way of a law."""
        known = self.encoding.layout.columns
        return tuple(one for one in where.conditions if one.column in known)

    def first(self, told: Sequence[Condition]) -> tuple[Condition, ...]:
        """Those to give so that the others may be met by chance without a bias.

        All that leave no choice; where every one leaves a choice, the one that is met most seldom:
        a value drawn by its own law, then rows given that value, are rows under that condition.
        """
        fixed = tuple(one for one in told if one.exact or len(one.levels) == 1)
        return fixed or tuple(sorted(told, key=self._share)[:1])

    def level(self, rows: int, random: np.random.Generator) -> dict[str, Cells]:
        """Levels of a category, shape (rows,), as often as in the real rows; none without one.

        A row made given one of its categories is a row of the whole law, with the frequencies of
        that category exact.
        """
        names = [
            (j, name)
            for j, name in enumerate(self.encoding.table.categories)
            if len(self.encoding.levels[j]) > 1
        ]
        if not names:
            return {}
        j, name = names[int(random.integers(len(names)))]
        below = np.cumsum(self.encoding.shares[j])
        place = np.searchsorted(below / below[-1], random.random(rows), side="right")
        return {name: np.array(self.encoding.levels[j], dtype=object)[place]}

    def draw(
        self, told: Sequence[Condition], rows: int, random: np.random.Generator
    ) -> dict[str, Cells]:
        """Values of each conditioned column, shape (rows,)."""
        found: dict[str, Cells] = {}
        for one in told:
            chance = random.random(rows)
            found[one.column] = (
                self._levels(one, chance) if one.levels else self._numbers(one, chance)
            )
        return found

    def encode(
        self, cells: Mapping[str, Cells], random: np.random.Generator
    ) -> tuple[FloatArray, FloatArray]:
        """Encoded values and their mask, each of shape (rows, width)."""
        table, layout = self.encoding.table, self.encoding.layout
        rows = len(next(iter(cells.values())))
        numbers = np.full((rows, len(table.numeric)), np.nan)
        texts = np.full((rows, len(table.categories)), None, dtype=object)
        block = put(Block(table, numbers, texts), cells)
        mask = np.zeros((rows, layout.width))
        mask[:, layout.places(tuple(cells))] = 1.0
        return self.encoding.encode(block, random) * mask, mask

    def _share(self, one: Condition) -> float:
        """How often the real rows meet a condition."""
        if one.levels:
            j = self.encoding.table.categories.index(one.column)
            allowed = np.array([level in one.levels for level in self.encoding.levels[j]])
            return float(self.encoding.shares[j][allowed].sum())
        quantiles = self.encoding.quantiles[self.encoding.table.numeric.index(one.column)]
        return float(((quantiles >= one.low) & (quantiles <= one.high)).mean())

    def _levels(self, one: Condition, chance: FloatArray) -> ObjectArray:
        """Levels that are allowed, as often as they are beside each other in the real rows."""
        j = self.encoding.table.categories.index(one.column)
        share = np.array(
            [
                share if level in one.levels else 0.0
                for level, share in zip(
                    self.encoding.levels[j], self.encoding.shares[j], strict=True
                )
            ]
        )
        below = np.cumsum(share)
        place = np.searchsorted(below / below[-1], chance, side="right")
        drawn = np.array(self.encoding.levels[j], dtype=object)[place]
        return np.asarray(drawn, dtype=object)

    def _numbers(self, one: Condition, chance: FloatArray) -> FloatArray:
        """Numbers within an interval, as they lie there in the real rows."""
        if one.exact:
            return np.full(len(chance), one.low)
        j = self.encoding.table.numeric.index(one.column)
        quantiles = self.encoding.quantiles[j]
        first = np.searchsorted(quantiles, one.low, side="left")
        last = np.searchsorted(quantiles, one.high, side="right")
        low = quantiles[first] if first < last else max(one.low, quantiles[0])
        high = quantiles[last - 1] if first < last else min(one.high, quantiles[-1])
        if first < last:
            place = first + chance * (last - first)
            step = np.minimum(place.astype(np.intp), last - 1)
            between = np.interp(place, np.arange(len(quantiles)) + 0.5, quantiles)
            drawn = np.where(self.encoding.fixed[j][step], quantiles[step], between)
        else:
            drawn = low + chance * (high - low)
        return self._on_grid(one, np.clip(drawn, low, high))

    def _on_grid(self, one: Condition, cells: FloatArray) -> FloatArray:
        """The nearest lines of the grid within the interval, where there are any."""
        grid = self.grids.get(one.column)
        if grid is None:
            return cells
        lines = np.rint(grid.to_lines(cells))
        ends = grid.to_lines(np.array([one.low, one.high]))
        first = math.ceil(ends[0]) if np.isfinite(ends[0]) else -np.inf
        last = math.floor(ends[1]) if np.isfinite(ends[1]) else np.inf
        snapped = grid.from_lines(np.clip(lines, first, last)) if first <= last else cells
        return np.where((snapped >= one.low) & (snapped <= one.high), snapped, cells)


def put(block: Block, cells: Mapping[str, Cells]) -> Block:
    """A block with some columns replaced by others of the same length."""
    numbers, texts = block.numbers.copy(), block.texts.copy()
    for name, values in cells.items():
        if name in block.table.numeric:
            numbers[:, block.table.numeric.index(name)] = values
        else:
            texts[:, block.table.categories.index(name)] = values
    return Block(block.table, numbers, texts)
