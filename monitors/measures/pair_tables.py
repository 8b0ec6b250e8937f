"""How often the classes of two columns come together."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import FloatArray

from .columns_measure import class_counts

if TYPE_CHECKING:
    from .comparison import Comparison

_MOST_PAIRS: Final = 200
_MOST_LEVELS: Final = 20


@dataclass(frozen=True, eq=False)
class PairTables:
    """Contingency tables of pairs of columns, real and synthetic, as they are and permuted.

    Numbers are in classes that hold about as many rows each, so many that a cell of a table of
    independent columns holds five rows, 2 to 10; a missing cell is a class of its own, and so are
    the rarest categories beyond twenty together.

    Args:
        tables: For each pair the real and the synthetic counts, shape (1 + draws, k, l).
        pairs: How many pairs the table has; at most 200 of them, drawn with the seed, are here.
    """

    tables: dict[tuple[str, str], tuple[FloatArray, FloatArray]]
    pairs: int

    @classmethod
    def of(cls, comparison: Comparison) -> PairTables:
        """Count every two columns."""
        pairs = list(combinations(comparison.table.names, 2))
        draw = comparison.samples.generator("pairs of columns").permutation(len(pairs))
        chosen = [pairs[k] for k in sorted(draw[:_MOST_PAIRS])]
        few = min(comparison.sizes.values())
        most = int(np.clip(np.sqrt(few / 5.0), 2, 10))
        codes = {name: _codes(comparison, name, most) for name in comparison.table.names}
        tables = {}
        for a, b in chosen:
            (left, k), (right, m) = codes[a], codes[b]
            counts = class_counts(comparison, left * m + right, k * m)
            real, synthetic = (side.reshape(-1, k, m) for side in counts)
            tables[a, b] = real, synthetic
        return cls(tables, len(pairs))

    @property
    def told(self) -> dict[str, str]:
        """Whether there are more pairs than are looked at, for the details of a result."""
        if len(self.tables) == self.pairs:
            return {}
        return {"drawn": f"{len(self.tables)} of {self.pairs} pairs, drawn with the seed"}


def _codes(comparison: Comparison, name: str, most: int) -> tuple[NDArray[np.intp], int]:
    """A class for each pooled cell, missing ones included, and how many classes."""
    codes, levels = comparison.bins(name, most if name in comparison.table.numeric else None)
    codes = np.where(codes < 0, levels, codes)
    counts = np.bincount(codes)
    place = np.empty(len(counts), dtype=np.intp)
    place[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    codes = np.minimum(place[codes], _MOST_LEVELS - 1)
    return codes, int(codes.max()) + 1
