"""Synthetic rows beside the rows that their generator has seen and those that it has not."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from halflife.schemas.table import Block, FloatArray

from .contest_scores import ContestScores
from .encoding import Encoding
from .likeness import likeness
from .row_places import RowPlaces
from .row_sieve import NEIGHBOURS
from .sifted_rows import SiftedRows

_ROUNDS: Final = 5
_TRAIN_ROWS: Final = 100
_MOST_ASKED: Final = 1_000
_SCALE: Final = 2.0
_SKILL_SCALE: Final = 0.5
_RIDGE: Final = 0.1
_MOST_TAUGHT: Final = 500
_FEWEST_KNOWN: Final = 20
_LIMIT: Final = 0.95


class HeldOutTrial:
    r"""Measures rows of a generator that was fitted on some rows, by others.

    The area is that of a classifier, ridge regression in the `likeness` of rows, 100 of each side
    train, the others, at most 1,000, are asked, five times. The share counts rows whose nearest
    training row is nearer than their nearest held-out row (`RowPlaces`), and half of those where it
    is as near. Of copies as many are allowed as held-out rows that repeat a training row bear out,
    at the upper 95 % limit of their share. The skill is the share of the target's variance that
    ridge regression explains of at most 1,000 held-out rows, of the normal scores of a number and
    of the indicators of a category.

    Args:
        train: Rows that the generator was fitted on.
        held_out: As many that it has not seen, or nearly so.
        seed: Of the rows that train classifiers.

    Reference: D. Lopez-Paz, M. Oquab, "Revisiting Classifier Two-Sample Tests", ICLR 2017; M.
    Platzer, T. Reutterer, Frontiers in Big Data 4 (2021) 679939 (the share); C. Clopper, E.
    Pearson, Biometrika 26 (1934) 404; C. Esteban, S. Hyland, G. Rätsch, arXiv:1706.02633 (skill).

    Example:
        >>> from halflife.schemas.table import Column, Table
        >>> x = np.random.default_rng(0).normal(size=(600, 2))
        >>> table = Table((Column(name="x"), Column(name="y")))
        >>> rows = Block(table, x, np.empty((600, 0), dtype=object))
        >>> trial = HeldOutTrial(rows[:200], rows[200:400], seed=0)
        >>> copied, new = trial.scores(rows[:200]), trial.scores(rows[400:])
        >>> (copied.near, copied.copies), (new.met, new.copies)
        ((1.0, 200.0), (True, 0.0))
    """

    def __init__(self, train: Block, held_out: Block, *, seed: int) -> None:
        self.train, self.held_out, self.seed = train, held_out, seed
        both = Block.concatenate([train, held_out])
        places = RowPlaces.of(both)
        self.near, self.away = places.part(slice(len(train))), places.part(slice(len(train), None))
        self._encoding = Encoding.of(both, settled=both.table.numeric)
        matrix = self._encoding.encode(both, self._random(0))
        self._spread = np.maximum(matrix.std(axis=0), 1e-9)
        self._real, self._real_other = np.split(matrix / self._spread, [len(train)])
        self._seen = set(train.row_keys())
        self._skill = self._skill_of(train, self._real)

    def sifted(self, candidates: Block) -> SiftedRows:
        """Candidates, `TIMES` as many as are wanted, and where they lie."""
        to_train, which = self.near.nearest(candidates, NEIGHBOURS)
        to_held_out, _ = self.away.nearest(candidates, 1)
        nearer = _nearer(to_train[:, 0], to_held_out[:, 0])
        return SiftedRows(
            candidates=candidates,
            distances=to_train,
            which=which,
            rooms=self.near.rooms[which],
            nearer=nearer,
            alone=self.near.alone,
            marks=self.near.marks(candidates),
            seed=self.seed,
        )

    def scores(self, made: Block, *, near: float | None = None) -> ContestScores:
        """All that counts, of rows; their share may be known already."""
        matrix = self._encoding.encode(made, self._random(1)) / self._spread
        if near is None:
            to_train, _ = self.near.nearest(made, 1)
            to_held_out, _ = self.away.nearest(made, 1)
            near = float(_nearer(to_train[:, 0], to_held_out[:, 0]).mean())
        return ContestScores(
            area=self._area(matrix),
            near=near,
            copies=float(self._copies(made)),
            lost=self._skill - self._skill_by(made, matrix),
        )

    def _area(self, made: FloatArray) -> float:
        from scipy.stats import rankdata

        random, real = self._random(3), self._real_other
        some = min(_TRAIN_ROWS, len(real) // 2, len(made) // 2)
        label = np.repeat([-1.0, 1.0], some)
        many = [min(len(side), some + _MOST_ASKED) for side in (real, made)]
        asked_real, asked_made = (size - some for size in many)
        areas = []
        for _ in range(_ROUNDS):
            sides = [
                side[random.permutation(len(side))[:size]]
                for side, size in zip((real, made), many, strict=True)
            ]
            train = np.concatenate([side[:some] for side in sides])
            asked = np.concatenate([side[some:] for side in sides])
            inner = likeness(train, train, _SCALE) + _RIDGE * np.eye(2 * some)
            told = likeness(asked, train, _SCALE) @ np.linalg.solve(inner, label)
            # The area is the share of pairs of which the synthetic row stands higher.
            ranks = rankdata(np.round(told, 9))[asked_real:].sum()
            areas.append((ranks / asked_made - (asked_made + 1) / 2) / asked_real)
        return float(np.mean(areas))

    def _skill_by(self, made: Block, matrix: FloatArray) -> float:
        """Mean skill by batches of as many rows as have trained: a single one tells by chance."""
        size = len(self.train)
        batches = max(1, round(len(made) / size))
        skills = [
            self._skill_of(made[start : start + size], matrix[start : start + size])
            for start in range(0, batches * size, size)
        ]
        return float(np.mean(skills))

    def _skill_of(self, rows: Block, matrix: FloatArray) -> float:
        """Explained share of the variance of the target among held-out rows; 0 without one."""
        target = self.train.table.target
        if target is None:
            return 0.0
        own = np.array([name == target for name, _ in self._encoding.layout.keys])
        known, asked = (_known(block, target) for block in (rows, self.held_out))
        known[np.flatnonzero(known)[_MOST_TAUGHT:]] = False
        asked[np.flatnonzero(asked)[_MOST_ASKED:]] = False
        if own.all() or min(known.sum(), asked.sum()) < _FEWEST_KNOWN:
            return 0.0
        taught, truth = matrix[known][:, own], self._real_other[asked][:, own]
        inputs, new = matrix[known][:, ~own], self._real_other[asked][:, ~own]
        inner = likeness(inputs, inputs, _SKILL_SCALE) + _RIDGE * np.eye(len(inputs))
        middle = taught.mean(axis=0)
        weights = np.linalg.solve(inner, taught - middle)
        missed = truth - middle - likeness(new, inputs, _SKILL_SCALE) @ weights
        # An indicator counts by its own variance, not by the one that all columns are given.
        importance = self._spread[own] ** 2
        apart = ((truth - truth.mean(axis=0)) ** 2 @ importance).sum()
        return float(1.0 - (missed**2 @ importance).sum() / apart) if apart > 0.0 else 0.0

    def _copies(self, made: Block) -> int:
        """Rows that equal a training row, beyond those that replicates explain."""
        equal, repeats = (
            sum(key in self._seen for key in rows.row_keys()) for rows in (made, self.held_out)
        )
        rest = len(self.held_out) - repeats
        if not repeats:
            return equal
        share = float(betaincinv(repeats + 1, rest, _LIMIT)) if rest else 1.0
        return max(0, equal - int(share * len(made)))

    def _random(self, what: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence((self.seed, 3, what)))


def _nearer(to_train: FloatArray, to_held_out: FloatArray) -> FloatArray:
    """1 where a training row is nearer, 1/2 where it is as near, shape (m,)."""
    tie = np.isclose(to_train, to_held_out, rtol=1e-9, atol=1e-12)
    return np.where(tie, 0.5, to_train < to_held_out)


def _known(block: Block, target: str) -> NDArray[np.bool_]:
    if target in block.table.numeric:
        return ~np.isnan(block.number(target))
    return np.ones(len(block), dtype=np.bool_)
