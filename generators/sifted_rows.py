"""Candidate rows, and which of them sieves of several strengths would keep."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray

from .generator import CHUNK
from .row_sieve import TIMES, evened, kept, log_odds


@dataclass(frozen=True, eq=False)
class SiftedRows:
    """Rows that are measured once and sifted by many a `RowSieve`.

    Args:
        candidates: `TIMES` as many rows as are wanted.
        distances: To the nearest training rows, ascending, shape (m, k).
        which: The nearest training row, shape (m,).
        rooms: How many training rows are where that one is, shape (m,).
        nearer: 1 where it is nearer than the nearest held-out row, 1/2 for a tie, shape (m,).
        alone: Whether no training row lies where another does.
        marks: Of each the values that come often among the training rows, shape (m, values).
        seed: Of what the sieves leave to chance.
    """

    candidates: Block
    distances: FloatArray
    which: NDArray[np.int64]
    rooms: NDArray[np.int64]
    nearer: FloatArray
    alone: bool
    marks: FloatArray
    seed: int

    def share(self, power: float) -> float:
        """Share of what a sieve of that power keeps that is nearer to a training row."""
        return float(self.nearer[self._kept(power)].mean())

    def rows(self, power: float) -> Block:
        """What a sieve of that power keeps."""
        return self.candidates[self._kept(power)]

    def _kept(self, power: float) -> NDArray[np.int64]:
        """Half a chunk after the other, as half of the rows have trained: so many to each row."""
        random = np.random.default_rng(np.random.SeedSequence((self.seed, 7)))
        found, step = [], CHUNK // 2 * TIMES
        for start in range(0, len(self.which), step):
            rows = slice(start, start + step)
            many = -(-len(self.which[rows]) // TIMES)
            odds = log_odds(self.distances[rows], power, alone=self.alone)
            odds = evened(odds, self.marks[rows])
            near = self.which[rows], self.rooms[rows]
            chosen = kept(odds, *near, many=many, random=random)
            found.append(start + chosen)
        return np.concatenate(found)
