"""Real and synthetic rows side by side, with the resamples that noise is judged by."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray, Table

Weights = tuple[FloatArray, FloatArray]
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

    def generator(self, purpose: str) -> np.random.Generator:
        """Random numbers that depend on the seed and on what they are for, and on nothing else."""
        return np.random.default_rng([self.seed, zlib.crc32(purpose.encode())])

    def as_they_are(self) -> Weights:
        """The weights of the samples themselves, r = 1."""
        real = np.zeros((1, len(self.pooled)))
        real[0, : len(self.real)] = 1.0
        return real, 1.0 - real

    def permutations(self, count: int) -> Weights:
        """Real and synthetic exchanged at random: what chance alone makes of equal samples.

        Reference: Lehmann and Romano, Testing Statistical Hypotheses (2005), section 15.2.
        """
        generator = self.generator("permutations")
        real, _ = self.as_they_are()
        real = generator.permuted(np.repeat(real, count, axis=0), axis=1)
        return real, 1.0 - real

    def bootstraps(self, count: int) -> Weights:
        """Rows of each side drawn anew with replacement (Efron 1979).

        The draws of the real rows depend on the seed and on ``n`` alone.
        """
        n, m = len(self.real), len(self.synthetic)
        real = np.zeros((count, n + m))
        synthetic = np.zeros((count, n + m))
        draw = self.generator("real rows")
        real[:, :n] = draw.multinomial(n, np.full(n, 1.0 / n), size=count)
        draw = self.generator("synthetic rows")
        synthetic[:, n:] = draw.multinomial(m, np.full(m, 1.0 / m), size=count)
        return real, synthetic


def _sorted(block: Block) -> Block:
    """The rows in lexicographic order of their cells; missing cells last."""
    keys: list[NDArray[np.generic]] = [*block.numbers.T]
    keys += [level_codes(block.text(name)) for name in block.table.categories]
    return block[np.lexsort(keys)]


def level_codes(texts: Sequence[str | None] | NDArray[np.object_]) -> NDArray[np.intp]:
    """Each cell as the place of its text among the sorted ones; missing cells come last."""
    levels = sorted({text for text in texts if text is not None})
    place: dict[str | None, int] = {text: i for i, text in enumerate(levels)}
    place[None] = len(levels)
    return np.fromiter((place[text] for text in texts), dtype=np.intp, count=len(texts))
