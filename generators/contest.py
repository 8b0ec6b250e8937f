"""A contest of generators in which each half of the rows is held out from the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from halflife.schemas.table import Block

from .contest_costs import MOST_ROWS
from .contest_scores import ContestScores
from .generator import CHUNK, Generator
from .held_out_trial import HeldOutTrial
from .row_sieve import TIMES
from .setting import Setting

POWERS: Final = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)
"""Of sieves, from one that only spreads rows evenly."""

_WANTED_SHARE: Final = 0.57
"""A little under what is allowed, which noise would exceed every other time."""
_MOST_MADE: Final = 2 * CHUNK
_ROWS_TOLD: Final = 4 * CHUNK
_MOST_BATCHES: Final = 4
"""Small batches are told by chance which is best; several of them, less so."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What takes part in a contest, and how it did.

    Args:
        setting: The generator.
        scores: Mean over both halves.
    """

    setting: Setting
    scores: ContestScores


class Contest:
    """Each half of the rows judges what was learnt from the other.

    Where the two halves lie makes shares too great by as much in one direction as too small in the
    other, so that the mean of both is several times as sure as one.

    Args:
        block: The rows.
        seed: Of the halves, and of all that is left to chance.

    Example:
        >>> from halflife.generators import Copula
        >>> from halflife.schemas.table import Column, Table
        >>> table = Table((Column(name="x"), Column(name="y")))
        >>> x = np.random.default_rng(0).normal(size=(400, 2))
        >>> contest = Contest(Block(table, x, np.empty((400, 0), dtype=object)), seed=0)
        >>> fitted = [Copula(table), Copula(table)]
        >>> for copula, half in zip(fitted, contest.halves):
        ...     copula.fit(half, seed=0)
        >>> entry = contest.entry(fitted, None)
        >>> entry.setting.kind, entry.scores.met
        ('copula', True)
    """

    def __init__(self, block: Block, *, seed: int) -> None:
        order = np.random.default_rng(np.random.SeedSequence((seed, 2))).permutation(len(block))
        order = order[:MOST_ROWS]
        half = len(order) // 2
        self.halves = block[order[:half]], block[order[half:]]
        self.seed = seed
        one, other = self.halves
        self._trials = (
            HeldOutTrial(one, other, seed=seed),
            HeldOutTrial(other, one, seed=seed),
        )

    def entry(
        self,
        fitted: Sequence[Generator],
        privacy: float | None,
        *,
        powers: Sequence[float] = POWERS,
    ) -> Entry:
        """How a generator does with the weakest sieve that brings the share to .57.

        Where none does, it is the one that brings it lowest.

        Args:
            fitted: The generator as it was fitted on each of `halves`.
            privacy: Its knob, for the record.
            powers: Of the sieves, ascending; none if its rows are not to be sieved.
        """
        half = len(self.halves[0])
        batches = min(max(1, _ROWS_TOLD // half), _MOST_BATCHES)
        rows = min(half, _MOST_MADE) * batches * (TIMES if powers else 1)
        made = [generator.sample(rows, seed=self.seed) for generator in fitted]
        power: float | None = None
        near: list[float | None] = [None, None]
        if powers:
            sifted = [trial.sifted(one) for trial, one in zip(self._trials, made, strict=True)]
            shares = {p: float(np.mean([one.share(p) for one in sifted])) for p in powers}
            enough = [p for p in powers if shares[p] <= _WANTED_SHARE]
            power = enough[0] if enough else min(powers, key=lambda p: shares[p])
            made = [one.rows(power) for one in sifted]
            near = [one.share(power) for one in sifted]
        scores = [
            trial.scores(one, near=share)
            for trial, one, share in zip(self._trials, made, near, strict=True)
        ]
        return Entry(Setting(fitted[0].name, privacy, power), ContestScores.mean(scores))
