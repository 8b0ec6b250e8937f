"""What one column of the rows to be made has to be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block

from .errors import UnsuitableCondition


@dataclass(frozen=True, slots=True)
class Condition:
    """An interval of a number, ``low <= x <= high``, or the levels that a category may take.

    A missing cell meets no condition. An open end such as ``x > 3`` is the next number that a
    float can hold: ``low = nextafter(3, inf)``.

    Args:
        column: Its name.
        low: Smallest value, in the unit of the column.
        high: Largest value, in the same unit; equal to ``low`` for one value alone.
        levels: Of a category, sorted and each once; empty for a number.

    Raises:
        UnsuitableCondition: For an interval that is empty or no number, or has levels as well.

    Example:
        >>> Condition("x", low=1.0, high=2.0).text, Condition("who", levels=("ann", "bob")).text
        ('1 <= x <= 2', 'who = ann | bob')
    """

    column: str
    low: float = -math.inf
    high: float = math.inf
    levels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if math.isnan(self.low) or math.isnan(self.high):
            raise UnsuitableCondition(f"column {self.column!r}: a limit is not a number")
        if self.levels and (self.low, self.high) != (-math.inf, math.inf):
            raise UnsuitableCondition(f"column {self.column!r}: levels and limits at once")
        if self.low > self.high or self.low == math.inf or self.high == -math.inf:
            raise UnsuitableCondition(
                f"column {self.column!r}: nothing is at least {plain(self.low)} and "
                f"at most {plain(self.high)}"
            )
        object.__setattr__(self, "levels", tuple(sorted(set(self.levels))))

    @property
    def exact(self) -> bool:
        """Whether one number alone meets it."""
        return not self.levels and self.low == self.high

    @property
    def text(self) -> str:
        """The condition as it is written; `Where.parse` reads it back."""
        name = quoted(self.column)
        if self.levels:
            return f"{name} = {' | '.join(quoted(level) for level in self.levels)}"
        if self.exact:
            return f"{name} = {plain(self.low)}"
        below, above = _limit(self.low, -math.inf), _limit(self.high, math.inf)
        if self.low == -math.inf and self.high == math.inf:
            return f"{name} < inf"
        if self.low == -math.inf:
            return f"{name} {above}"
        if self.high == math.inf:
            sign, value = below.split()
            return f"{name} {sign.replace('<', '>')} {value}"
        sign, value = below.split()
        return f"{value} {sign} {name} {above}"

    def met(self, block: Block) -> NDArray[np.bool_]:
        """Whether each row meets it, shape (n,)."""
        if self.levels:
            allowed = frozenset(self.levels)
            texts = block.text(self.column).tolist()
            return np.array([cell in allowed for cell in texts], dtype=np.bool_)
        cells = block.number(self.column)
        return np.asarray((cells >= self.low) & (cells <= self.high), dtype=np.bool_)

    def both(self, other: Condition) -> Condition:
        """What meets this and another condition of the same column.

        Raises:
            UnsuitableCondition: For two that exclude each other.
        """
        if self.levels or other.levels:
            common = tuple(level for level in self.levels if level in other.levels)
            if not common:
                raise UnsuitableCondition(f"no level meets both {self.text!r} and {other.text!r}")
            return Condition(self.column, levels=common)
        low, high = max(self.low, other.low), min(self.high, other.high)
        if low > high:
            raise UnsuitableCondition(f"no number meets both {self.text!r} and {other.text!r}")
        return Condition(self.column, low, high)

    def state(self) -> dict[str, Any]:
        """As plain JSON data: only what is limited is there."""
        found: dict[str, Any] = {"column": self.column}
        if self.levels:
            return {**found, "levels": list(self.levels)}
        if self.low != -math.inf:
            found["low"] = self.low
        if self.high != math.inf:
            found["high"] = self.high
        return found

    @classmethod
    def restore(cls, state: dict[str, Any]) -> Condition:
        """From plain data."""
        return cls(**{**state, "levels": tuple(state.get("levels", ()))})


def plain(value: float) -> str:
    """A number with the digits that tell it apart, and no more.

    Example:
        >>> plain(350.0), plain(0.1), plain(1e-9)
        ('350', '0.1', '1e-09')
    """
    return repr(float(value)).removesuffix(".0")


def quoted(text: str) -> str:
    """A name or level, in quotes where it could be taken for something else.

    Example:
        >>> quoted("flow rate"), quoted("a, b")
        ('flow rate', '"a, b"')
    """
    if text and text == text.strip() and not set(text) & set("<>=|,'\""):
        return text
    return f"'{text}'" if '"' in text else f'"{text}"'


def _limit(value: float, outwards: float) -> str:
    """``<= 3``, or ``< 3`` where the limit is the float next to a shorter number."""
    beyond = math.nextafter(value, outwards)
    if math.isfinite(beyond) and len(plain(beyond)) < len(plain(value)):
        return f"< {plain(beyond)}"
    return f"<= {plain(value)}"
