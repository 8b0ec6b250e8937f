"""How often real cells of one numeric column equal a value, or come near to it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .arrays import pack, unpack

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_QUANTILES: Final = 96
_ATOMS: Final = 32
_REPEATS: Final = 3
_LARGEST: Final = float(np.finfo(np.float64).max)


class CellLaw:
    """Chances that the next real cell is a given value, or near to it and another.

    A value that came ``c >= 2`` times in ``n`` cells has the chance ``(c + 1) / (n + 1)`` to come
    again. One that came once, or never, has that of Good and Turing: values seen once are seen
    again with chance ``2 N2 / N1 / n`` each, ``N1`` and ``N2`` the numbers of values seen once and
    twice. ``N2 + 1`` is taken for ``N2``, or less where the column has so many digits that hardly
    any two values of a smooth law would be equal: .05, and the pairs due by the step of the last
    digit within the middle half of the values. It is never less than that step over twice the width
    of this half: a counter has no ties, and yet its values are met. So a column without ties tells
    two rows apart to ``2 / n^2`` or better, and a grid hardly.

    It keeps 96 order statistics and the 32 most frequent values.

    Args:
        knots: Shape (k,), rising, at least one.
        below: Shape (k,), how many cells lie below each.
        upto: Shape (k,), how many do not lie above it.
        size: ``n``, cells that are no NaN.
        rest: Chance of a value that is no knot.

    Example:
        >>> law = CellLaw.fit(np.repeat([1.0, 2.0, 4.0], [60, 30, 10]))
        >>> law.equal(np.array([1.0, 4.0, 3.0])).round(2).tolist()
        [0.6, 0.11, 0.5]
        >>> law.near(np.array([1.0, 1.9]), np.array([0.5, 0.5])).round(2).tolist()
        [0.01, 0.31]

    References:
        Good, "The population frequencies of species and the estimation of population parameters",
        Biometrika 40 (1953).
    """

    def __init__(
        self, knots: FloatArray, below: FloatArray, upto: FloatArray, *, size: int, rest: float
    ) -> None:
        self.knots, self.below, self.upto = knots, below, upto
        self.size, self.rest = size, rest

    @classmethod
    def fit(cls, cells: FloatArray, *, step: float = 1.0) -> CellLaw:
        """From cells of shape (n,), NaN where one is missing, with this step of the last digit."""
        known = np.sort(np.clip(cells[~np.isnan(cells)], -_LARGEST, _LARGEST))
        n = len(known)
        if n == 0:
            zero = np.zeros(1)
            return cls(zero, zero, zero, size=0, rest=1.0)
        values, counts = np.unique(known, return_counts=True)
        once, twice = int((counts == 1).sum()), int((counts == 2).sum())
        if len(values) <= _QUANTILES + _ATOMS:
            chosen = np.arange(len(values))
        else:
            places = np.linspace(0, n - 1, _QUANTILES).astype(np.intp)
            atoms = np.argsort(-counts, kind="stable")[:_ATOMS]
            chosen = np.union1d(np.searchsorted(values, known[places]), atoms)
        off = np.delete(counts, chosen)
        width = float(np.subtract(*np.quantile(known, [0.75, 0.25])))
        due = 0.05 + n * n * step / (8.0 * width) if width > 0 else 1.0
        again = 2.0 * (twice + min(1.0, due)) / (n * max(once, 1))
        rest = max(again, (int(off.max()) + 1) / (n + 1) if (off > 1).any() else 0.0)
        if width > 0:
            rest = max(rest, step / (2.0 * width))
        ends = np.cumsum(counts).astype(np.float64)
        upto = ends[chosen]
        return cls(values[chosen], upto - counts[chosen], upto, size=n, rest=float(min(1.0, rest)))

    def equal(self, values: FloatArray) -> FloatArray:
        """Chance that a real cell is each of these values, shape (n,)."""
        at = np.minimum(np.searchsorted(self.knots, values), len(self.knots) - 1)
        counts = np.where(self.knots[at] == values, self.upto[at] - self.below[at], 0.0)
        return np.where(counts > 1, (counts + 1.0) / (self.size + 1.0), self.rest)

    def often(self, values: FloatArray) -> BoolArray:
        """Which values came three times, at least, shape (n,)."""
        return self.equal(values) * (self.size + 1.0) > 3.5

    def repeats(self, values: FloatArray) -> BoolArray:
        """Which values are among the most frequent that came three times at least, shape (n,)."""
        at = np.minimum(np.searchsorted(self.knots, values), len(self.knots) - 1)
        same = self.knots[at] == values
        return np.asarray(same & (self.upto[at] - self.below[at] >= _REPEATS))

    def within(self, values: FloatArray, radius: FloatArray) -> FloatArray:
        """Chance that a real cell is not farther from a value than a radius, shape (n,)."""
        inside = self._upto(values + radius) - self._below(values - radius)
        return np.asarray((np.maximum(inside, 0.0) + 1.0) / (self.size + 1.0))

    def near(self, values: FloatArray, radius: FloatArray) -> FloatArray:
        """Chance that a real cell is another value, but not farther than a radius, shape (n,)."""
        at = np.minimum(np.searchsorted(self.knots, values), len(self.knots) - 1)
        same = np.where(self.knots[at] == values, self.upto[at] - self.below[at], 0.0)
        inside = self._upto(values + radius) - self._below(values - radius) - same
        return np.asarray((np.maximum(inside, 0.0) + 1.0) / (self.size + 1.0))

    def _upto(self, values: FloatArray) -> FloatArray:
        """How many cells are at most each value; between knots they are spread evenly."""
        at = np.searchsorted(self.knots, values, side="right") - 1
        left = np.clip(at, 0, len(self.knots) - 1)
        right = np.minimum(left + 1, len(self.knots) - 1)
        width = self.knots[right] - self.knots[left]
        part = (values - self.knots[left]) / np.where(width > 0, width, 1.0)
        between = (self.below[right] - self.upto[left]) * np.clip(part, 0.0, 1.0)
        return np.where(at < 0, 0.0, self.upto[left] + np.where(right > left, between, 0.0))

    def _below(self, values: FloatArray) -> FloatArray:
        """How many cells are less than each value."""
        at = np.minimum(np.searchsorted(self.knots, values), len(self.knots) - 1)
        same = np.where(self.knots[at] == values, self.upto[at] - self.below[at], 0.0)
        return self._upto(values) - same

    def state(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "knots": pack(self.knots),
            "below": pack(self.below.astype(np.int32)),
            "upto": pack(self.upto.astype(np.int32)),
            "size": self.size,
            "rest": self.rest,
        }

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> CellLaw:
        """The law that gave this state."""
        below, upto = (unpack(state[name]).astype(np.float64) for name in ("below", "upto"))
        return cls(unpack(state["knots"]), below, upto, size=state["size"], rest=state["rest"])
