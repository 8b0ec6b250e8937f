"""What the real rows showed, so that a condition that none of them can meet is refused at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from halflife.schemas.table import Block, EquationLaw

from .condition import plain
from .conditions import Where
from .errors import UnsuitableCondition

_SHOWN = 12


@dataclass(frozen=True)
class Seen:
    """Ranges of numbers and levels of categories among the rows that a generator learnt from.

    Args:
        ranges: Smallest and largest value by column; columns that follow from others by a formula
            are left out, since their inputs may meet as they never did.
        levels: Of each category, sorted.

    Example:
        >>> from halflife.schemas.table import Column, Table
        >>> table = Table((Column(name="x"),))
        >>> seen = Seen.of(Block(table, np.array([[1.], [4.]]), np.empty((2, 0), dtype=object)))
        >>> seen.check(Where.of({"x": 3}, table))
        >>> seen.check(Where.of({"x": 5}, table))
        Traceback (most recent call last):
        ...
        halflife.generators.errors.UnsuitableCondition: column 'x' goes from 1 to 4 in the rows \
that were learnt from: 'x = 5' lies outside
    """

    ranges: Mapping[str, tuple[float, float]]
    levels: Mapping[str, tuple[str, ...]]

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
        return cls(ranges, levels)

    def check(self, where: Where) -> None:
        """Refuse what no row can meet.

        Raises:
            UnsuitableCondition: For levels that were never seen, or an interval beside the range.
        """
        for one in where.conditions:
            if one.levels:
                known = self.levels.get(one.column, ())
                strange = [level for level in one.levels if level not in known]
                if strange:
                    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
                    there = f"{', '.join(known[:_SHOWN])}{more}" if known else "none"
                    raise UnsuitableCondition(
                        f"column {one.column!r} never was {', '.join(map(repr, strange))} in the "
                        f"rows that were learnt from; its levels are {there}"
                    )
            elif one.column in self.ranges:
                low, high = self.ranges[one.column]
                if one.low > high or one.high < low:
                    raise UnsuitableCondition(
                        f"column {one.column!r} goes from {plain(low)} to {plain(high)} in the "
                        f"rows that were learnt from: {one.text!r} lies outside"
                    )

    def state(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "ranges": {name: list(limits) for name, limits in self.ranges.items()},
            "levels": {name: list(levels) for name, levels in self.levels.items()},
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Seen:
        """From plain data."""
        return cls(
            {name: (low, high) for name, (low, high) in state["ranges"].items()},
            {name: tuple(levels) for name, levels in state["levels"].items()},
        )
