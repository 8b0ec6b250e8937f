"""One column in bins, as a noisy histogram sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import FloatArray, ObjectArray

from .archive import Arrays
from .private_coding import snapped

MOST_BINS: Final = 256
_FEWEST_BINS: Final = 2
_BIN_OF_NOISES: Final = 4.0
_HARDLY: Final = 0.01


@dataclass(frozen=True)
class PrivateColumn:
    """Bins of a latent column or a category; bin 0 is a missing cell.

    Args:
        name: Of the column.
        edges: Of the other bins of a number, rising, shape (bins,); empty for a category.
        step: Of the grid that its values lie on, None for none.
        levels: Of the other bins of a category.
        shares: Of all bins, from noisy counts, shape (bins,).
        groups: To which of the coarser bins each bin belongs, shape (bins,); 0 for the missing.

    Example:
        >>> column = PrivateColumn.of_number("x", 0.0, 10.0, step=None, bins=5)
        >>> column.codes(np.array([np.nan, 0.0, 9.9, 10.0]))
        array([0, 1, 5, 5])
    """

    name: str
    edges: FloatArray
    step: float | None
    levels: tuple[str, ...]
    shares: FloatArray
    groups: NDArray[np.int64]

    @classmethod
    def of_number(
        cls, name: str, low: float, high: float, *, step: float | None, bins: int
    ) -> Self:
        """Equal bins between two bounds; one for each line of a grid where these are few enough."""
        if step is not None:
            low, high = np.floor(low / step + 1e-9), np.ceil(high / step - 1e-9)
            lines = int(high - low) + 1
            if lines <= bins:
                between = np.arange(lines + 1, dtype=np.float64) + (low - 0.5)
                return cls._blank(name, between * step, step, ())
            low, high = low * step, high * step
        count = bins + 1 if high > low else 2
        return cls._blank(name, np.linspace(low, high, count, dtype=np.float64), step, ())

    @classmethod
    def of_category(cls, name: str, levels: Sequence[str]) -> Self:
        """One bin for each level."""
        return cls._blank(name, np.empty(0), None, tuple(levels))

    @classmethod
    def _blank(
        cls, name: str, edges: FloatArray, step: float | None, levels: tuple[str, ...]
    ) -> Self:
        bins = 1 + (len(levels) if edges.size == 0 else len(edges) - 1)
        return cls(name, edges, step, levels, np.full(bins, 1.0 / bins), np.arange(bins))

    @property
    def bins(self) -> int:
        """How many, that of missing cells included."""
        return len(self.shares)

    @property
    def coarse(self) -> int:
        """How many groups of bins, that of missing cells included."""
        return int(self.groups[-1]) + 1

    @property
    def coarse_shares(self) -> FloatArray:
        """Of the groups, shape (coarse,)."""
        weights = np.bincount(self.groups, weights=self.shares, minlength=self.coarse)
        return np.asarray(weights, dtype=np.float64)

    @property
    def range(self) -> tuple[float, float]:
        """From the first bin to the last with more than a hundredth of an even share."""
        held = np.flatnonzero(self.shares[1:] > _HARDLY / self.bins)
        first, last = (int(held[0]), int(held[-1])) if held.size else (0, self.bins - 2)
        low, high = self.edges[[first, last + 1]]
        if self.step is not None and self.edges[1] - self.edges[0] <= 1.5 * self.step:
            low, high = low + 0.5 * self.step, high - 0.5 * self.step  # a bin is a line
        return float(low), float(high)

    def codes(self, cells: FloatArray | ObjectArray) -> NDArray[np.int64]:
        """The bin of each cell, shape (n,); what lies outside is put into the outermost bins."""
        if self.edges.size == 0:
            found = {level: code + 1 for code, level in enumerate(self.levels)}
            return np.array([found.get(cell, 0) for cell in cells], dtype=np.int64)
        numbers = np.asarray(cells, dtype=np.float64)
        missing = np.isnan(numbers)
        # A bound that lies on no line of its grid leaves its cells to the nearest one.
        inner = np.searchsorted(self.edges[1:-1], np.where(missing, 0.0, numbers), side="right")
        return np.where(missing, 0, inner + 1).astype(np.int64)

    def cells(self, codes: NDArray[np.int64], chance: FloatArray) -> FloatArray | ObjectArray:
        """A cell for each bin, shape (n,): somewhere in it, by a chance in [0, 1)."""
        if self.edges.size == 0:
            return np.array([None, *self.levels], dtype=object)[codes]
        at = np.maximum(codes - 1, 0)
        cells = self.edges[at] + chance * (self.edges[at + 1] - self.edges[at])
        return np.where(codes == 0, np.nan, snapped(cells, self.step))

    def within(self, groups: NDArray[np.int64], chance: FloatArray) -> NDArray[np.int64]:
        """A bin for each group, shape (n,), by the shares of its bins."""
        first = np.searchsorted(self.groups, np.arange(self.coarse + 1))
        total = np.concatenate([[0.0], np.cumsum(np.maximum(self.shares, 1e-300))])
        low, high = total[first[groups]], total[first[groups + 1]]
        found = np.searchsorted(total, low + chance * (high - low), side="right") - 1
        return np.asarray(np.clip(found, first[groups], first[groups + 1] - 1), dtype=np.int64)

    def merged(self, shares: FloatArray, most: int) -> PrivateColumn:
        """The same with these shares, and at most so many groups of neighbours, of like weight."""
        kept = min(max(most, _FEWEST_BINS), self.bins)
        places = np.cumsum(shares[1:]) - 0.5 * shares[1:]
        total = shares[1:].sum()
        if total <= 0.0 or self.bins - 1 <= kept:
            groups = np.arange(self.bins)
        else:
            wanted = np.minimum((places / total * kept).astype(np.int64), kept - 1)
            groups = np.concatenate([[0], 1 + np.unique(wanted, return_inverse=True)[1]])
        return PrivateColumn(self.name, self.edges, self.step, self.levels, shares, groups)

    def state(self, prefix: str) -> tuple[dict[str, Any], Arrays]:
        """As plain data and arrays."""
        plain = {"name": self.name, "step": self.step, "levels": list(self.levels)}
        return plain, {
            f"{prefix}.edges": self.edges,
            f"{prefix}.shares": self.shares,
            f"{prefix}.groups": self.groups,
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any], arrays: Arrays, prefix: str) -> Self:
        """From plain data and arrays."""
        return cls(
            name=state["name"],
            edges=arrays[f"{prefix}.edges"],
            step=state["step"],
            levels=tuple(state["levels"]),
            shares=arrays[f"{prefix}.shares"],
            groups=arrays[f"{prefix}.groups"],
        )


def affordable(rows: int, noise: float, *, dimensions: int = 1) -> int:
    """Bins of each of some columns such that a count of an average bin is four times its noise.

    Args:
        rows: Of the table, which is public.
        noise: Standard deviation of a count.
        dimensions: Columns that are counted together.

    Example:
        >>> affordable(800, 2.0), affordable(800, 2.0, dimensions=2)
        (100, 10)
    """
    bins = (rows / (_BIN_OF_NOISES * noise)) ** (1.0 / dimensions)
    return int(min(max(round(bins), _FEWEST_BINS), MOST_BINS))
