"""Real and synthetic rows side by side, with the resamples that noise is judged by."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray, Table

from .ranked_column import RankedColumn, level_codes

_LEVEL: Final = 0.05

Counts = NDArray[np.int16]
Weights = tuple[Counts, Counts]
"""How often each pooled row counts as real, and as synthetic: two arrays of shape (r, n + m)."""


@dataclass(frozen=True, eq=False)
class Samples:
    """``n`` real and ``m`` synthetic rows of one table, each sorted by their values.

    Sorted, because what is said about rows must not depend on the order in which they came; and
    two batches measured at the same real rows and seed meet them in the same order, so that their
    scores can be compared row by row.

    Args:
        real: At least one row.
        synthetic: At least one row of the same table.
        seed: Of everything drawn.

    Example:
        >>> from halflife.schemas.table import Column
        >>> table = Table((Column(name="x"),))
        >>> rows = Block.from_rows(table, [{"x": 2.0}, {"x": 1.0}])
        >>> Samples.of(rows, rows, seed=0).pooled.number("x")
        array([1., 2., 1., 2.])
    """

    real: Block
    synthetic: Block
    seed: int

    @classmethod
    def of(cls, real: Block, synthetic: Block, *, seed: int) -> Samples:
        """Sort both sides."""
        return cls(_sorted(real), _sorted(synthetic), seed)

    @property
    def table(self) -> Table:
        """The columns."""
        return self.real.table

    @cached_property
    def pooled(self) -> Block:
        """All rows, the real ones first."""
        return Block.concatenate([self.real, self.synthetic])

    @cached_property
    def ranked(self) -> dict[str, RankedColumn]:
        """Each column of the pooled rows, sorted once for all parts."""
        return {name: RankedColumn.of(self.pooled, name) for name in self.table.names}

    def generator(self, purpose: str) -> np.random.Generator:
        """Random numbers that depend on the seed and on what they are for, and on nothing else."""
        return np.random.default_rng([self.seed, zlib.crc32(purpose.encode())])

    def as_they_are(self) -> Weights:
        """The weights of the samples themselves, r = 1."""
        real = np.zeros((1, len(self.pooled)), dtype=np.int16)
        real[0, : len(self.real)] = 1
        return real, 1 - real

    def permutations(self, count: int) -> Weights:
        """Real and synthetic exchanged at random: what chance alone makes of equal samples.

        Reference: Lehmann and Romano, Testing Statistical Hypotheses (2005), section 15.2.
        """
        labels = np.repeat(self.as_they_are()[0].astype(np.int8), count, axis=0)
        real = self.generator("permutations").permuted(labels, axis=1).astype(np.int16)
        return real, 1 - real

    def bootstraps(self, count: int) -> Weights:
        """Rows of each side drawn anew with replacement (Efron 1979).

        The draws of the real rows depend on the seed and on ``n`` alone.
        """
        n, m = len(self.real), len(self.synthetic)
        real = np.zeros((count, n + m), dtype=np.int16)
        synthetic = np.zeros((count, n + m), dtype=np.int16)
        draw = self.generator("real rows")
        for row in real:
            row[:n] = np.bincount(draw.integers(0, n, n), minlength=n)
        draw = self.generator("synthetic rows")
        for row in synthetic:
            row[n:] = np.bincount(draw.integers(0, m, m), minlength=m)
        return real, synthetic

    def together(self, *, permutations: int, bootstraps: int) -> Weights:
        """The samples themselves, permutations and bootstraps, one after the other."""
        parts = (
            self.as_they_are(),
            self.permutations(permutations),
            self.bootstraps(bootstraps),
        )
        return np.vstack([p[0] for p in parts]), np.vstack([p[1] for p in parts])

    def thinned(self, most: int) -> Samples:
        """At most so many rows of each side, drawn without replacement, sorted as they were."""
        sides = []
        for side, what in ((self.real, "real"), (self.synthetic, "synthetic")):
            drawn = self.generator(f"{what} rows kept").permutation(len(side))[:most]
            sides.append(side if len(side) <= most else side[np.sort(drawn)])
        return Samples(sides[0], sides[1], self.seed)

    @property
    def noise(self) -> float:
        """Spread of a mean over real rows less one over synthetic rows, in that of a single row."""
        return float(np.sqrt(1.0 / len(self.real) + 1.0 / len(self.synthetic)))


def chance_band(scores: FloatArray) -> float:
    r"""The score that 95 % of fresh real samples reach, from scores of r exchanged samples.

    The :math:`\lfloor .05 (r + 1) \rfloor`-th smallest. Where real and synthetic rows are alike,
    their own score is as likely as not to have any place among the r exchanged ones, so it is
    below that one with probability at most 5 %, whatever the rows are.

    Reference: Lehmann and Romano (2005), theorem 15.2.1.

    Example:
        >>> chance_band(np.arange(99.0))
        4.0
    """
    place = int(_LEVEL * (len(scores) + 1))
    return float(np.partition(scores, place - 1)[place - 1]) if place else 0.0


def _sorted(block: Block) -> Block:
    """The rows in lexicographic order of their cells; missing cells last."""
    keys: list[NDArray[Any]] = [*block.numbers.T]
    keys += [level_codes(block.text(name)) for name in block.table.categories]
    first = keys[-1 - len(block.table.categories) :]  # most often these tell all rows apart
    order = np.lexsort(first)
    differ = [key[order[1:]] > key[order[:-1]] for key in first]
    return block[order if np.any(differ, axis=0).all() else np.lexsort(keys)]
