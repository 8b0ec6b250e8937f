"""What the real rows showed, so that a condition that none of them can meet is refused at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from halflife.schemas.table import Block, EquationLaw

from .condition import Condition, plain
from .conditions import Where
from .errors import UnsuitableCondition
from .grid import Grid

_SHOWN = 12


@dataclass(frozen=True)
class Seen:
    """Ranges of numbers and levels of categories among the rows that a generator learnt from.

    Args:
        ranges: Smallest and largest value by column; columns that follow from others by a formula
            are left out, since their inputs may meet as they never did.
        levels: Of each category, sorted.
        grids: Of the columns that have one.

    Example:
        >>> from halflife.schemas.table import Column, Table
        >>> table = Table((Column(name="x"),))
        >>> numbers = np.array([[1.], [2.], [4.]])
        >>> seen = Seen.of(Block(table, numbers, np.empty((3, 0), dtype=object)))
        >>> seen.check(Where.of({"x": 3}, table))
        >>> seen.check(Where.of({"x": 5}, table))
        Traceback (most recent call last):
        ...
        halflife.generators.errors.UnsuitableCondition: column 'x' goes from 1 to 4 in the rows \
that were learnt from: 'x = 5' lies outside
    """

    ranges: Mapping[str, tuple[float, float]]
    levels: Mapping[str, tuple[str, ...]]
    grids: Mapping[str, Grid]

    @classmethod
    def of(cls, block: Block) -> Seen:
        """From rows; a column without any cell has no range."""
        targets = {law.target for law in block.table.laws if isinstance(law, EquationLaw)}
        ranges: dict[str, tuple[float, float]] = {}
        for name in block.table.numeric:
            cells = block.number(name)
            cells = cells[~np.isnan(cells)]
            if cells.size and name not in targets:
                ranges[name] = (float(cells.min()), float(cells.max()))
        levels = {
            name: tuple(sorted({cell for cell in block.text(name) if cell is not None}))
            for name in block.table.categories
        }
        grids = {name: Grid.of(block.number(name)) for name in block.table.numeric}
        return cls(ranges, levels, {name: grid for name, grid in grids.items() if grid is not None})

    def check(self, where: Where) -> None:
        """Refuse what no row can meet.

        Raises:
            UnsuitableCondition: For levels that were never seen, or an interval beside the range.
        """
        for one in where.conditions:
            if one.levels:
                self._check_levels(one)
            else:
                self._check_limits(one)

    def _check_levels(self, one: Condition) -> None:
        known = self.levels.get(one.column, ())
        strange = [level for level in one.levels if level not in known]
        if strange:
            more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
            there = f"{', '.join(known[:_SHOWN])}{more}" if known else "none"
            raise UnsuitableCondition(
                f"column {one.column!r} never was {', '.join(map(repr, strange))} in the "
                f"rows that were learnt from; its levels are {there}"
            )

    def _check_limits(self, one: Condition) -> None:
        low, high = self.ranges.get(one.column, (-np.inf, np.inf))
        if one.low > high or one.high < low:
            raise UnsuitableCondition(
                f"column {one.column!r} goes from {plain(low)} to {plain(high)} in the "
                f"rows that were learnt from: {one.text!r} lies outside"
            )
        grid = self.grids.get(one.column)
        if grid is not None and not grid.has_within(one.low, one.high):
            line = np.floor(grid.to_lines(np.array([one.low])))
            below, above = (plain(float(grid.from_lines(line + k)[0])) for k in (0, 1))
            raise UnsuitableCondition(
                f"column {one.column!r} goes in steps in the rows that were learnt from: nothing "
                f"is {one.text!r}, the nearest are {below} and {above}"
            )

    def state(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "ranges": {name: list(limits) for name, limits in self.ranges.items()},
            "levels": {name: list(levels) for name, levels in self.levels.items()},
            "grids": {name: grid.state() for name, grid in self.grids.items()},
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Seen:
        """From plain data."""
        return cls(
            {name: (low, high) for name, (low, high) in state["ranges"].items()},
            {name: tuple(levels) for name, levels in state["levels"].items()},
            {name: Grid.restore(grid) for name, grid in state["grids"].items()},
        )
