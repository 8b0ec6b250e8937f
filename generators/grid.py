"""The grid that the numbers of a column lie on: set-point steps, or the digits that are given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from halflife.schemas.table import FloatArray

_MOST_DECIMALS: Final = 12
_DUST: Final = 1e-6
_LARGEST_EXACT: Final = 2.0**53


@dataclass(frozen=True, slots=True)
class Grid:
    """Values ``(origin + k step) / 10**decimals`` for whole ``k``.

    Numbers read from text lie on such a grid exactly, be it a planner's steps (0, 0.02, 0.04) or
    only the digits that an instrument prints; a generated row that lies between the lines gives
    itself away.

    Args:
        decimals: Digits after the point.
        origin: One line of the grid, in units of the last digit.
        step: Distance of the lines, in units of the last digit, at least 1.

    Example:
        >>> grid = Grid.of(np.array([.1, .14, .5]))
        >>> grid
        Grid(decimals=2, origin=10, step=4)
        >>> grid.snap(np.array([.201, .97]))
        array([0.22, 0.98])
    """

    decimals: int
    origin: int
    step: int

    @classmethod
    def of(cls, values: FloatArray, origin: int | None = None) -> Grid | None:
        """The coarsest grid with every finite value on it, or None where there is none.

        Args:
            values: Any shape.
            origin: Line that the grid must have; None for the smallest value.
        """
        present = np.unique(values[np.isfinite(values)])
        if present.size == 0:
            return None
        for decimals in range(_MOST_DECIMALS + 1):
            scaled = present * 10.0**decimals
            if np.abs(scaled).max() >= _LARGEST_EXACT:
                return None
            whole = np.rint(scaled)
            if np.array_equal(whole / 10.0**decimals, present):
                lines = whole.astype(np.int64)
                first = int(lines[0]) if origin is None else origin
                step = int(np.gcd.reduce(lines - first))
                return cls(decimals, first, max(step, 1))
        return None

    def snap(self, values: FloatArray) -> FloatArray:
        """The nearest grid values, exactly as they would be read from text; NaN stays."""
        return self.from_lines(np.rint(self.to_lines(values)))

    def to_lines(self, values: FloatArray) -> FloatArray:
        """Numbers ``k`` of lines; whole for values on the grid, up to rounding."""
        lines = (values * 10.0**self.decimals - self.origin) / self.step
        return np.asarray(lines, dtype=np.float64)

    def from_lines(self, lines: FloatArray) -> FloatArray:
        """Values of the lines ``k``, correctly rounded."""
        whole = self.origin + lines * self.step
        return np.asarray(whole / 10.0**self.decimals, dtype=np.float64)

    def has_within(self, low: float, high: float) -> bool:
        """Whether a line lies in [low, high], up to rounding."""
        first, last = self.to_lines(np.array([low, high]))
        return bool(np.floor(last + _DUST) >= np.ceil(first - _DUST))

    def state(self) -> list[int]:
        """As plain data."""
        return [self.decimals, self.origin, self.step]

    @classmethod
    def restore(cls, state: Sequence[int]) -> Grid:
        """From plain data."""
        decimals, origin, step = state
        return cls(decimals, origin, step)
