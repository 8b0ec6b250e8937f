"""What a contest of generators is decided by: rows told apart, rows too near, models taught."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray

from .encoding import Encoding

MOST_ROWS: Final = 1_000
NEAR: Final = 0.6
_FEWEST_KNOWN: Final = 20


@dataclass(frozen=True)
class ContestScores:
    """How well a generator did on rows held out.

    Args:
        area: Under the ROC curve of a classifier that tells synthetic from held-out rows; .5 best.
        near: Share of synthetic rows nearer to a training than to a held-out row; .5 best.
        lost: Skill at the target that models trained on synthetic rows lack beside those trained
            on real ones; 0 without a target.

    Example:
        >>> ContestScores(area=.58, near=.62, lost=.03).loss
        0.13
    """

    area: float
    near: float
    lost: float

    @property
    def loss(self) -> float:
        """What counts: the area above .5, the share above .6, and the skill that is lost."""
        near = max(0.0, self.near - NEAR)
        return round(self.area - 0.5 + near + max(0.0, self.lost), 6)

    @classmethod
    def of(cls, train: Block, held_out: Block, synthetic: Block, *, seed: int) -> ContestScores:
        """Of a batch of a generator that was fitted on ``train``; at most 1,000 rows of each."""
        train, held_out, synthetic = (b[:MOST_ROWS] for b in (train, held_out, synthetic))
        size = min(len(train), len(held_out))
        train, held_out = train[:size], held_out[:size]
        every = Block.concatenate([train, held_out, synthetic])
        random = np.random.default_rng(np.random.SeedSequence((seed, 3)))
        matrix = Encoding.of(every).encode(every, random)
        sides = np.split(matrix, [size, 2 * size])
        return cls(
            area=_told_apart(sides[1], sides[2], seed),
            near=share_nearer(*sides),
            lost=_lost(every, matrix, size, seed),
        )


def share_nearer(train: FloatArray, held_out: FloatArray, synthetic: FloatArray) -> float:
    """Share of synthetic rows that are nearer to a training than to a held-out row; a tie is 1/2.

    Args:
        train: Encoded rows, shape (n, f).
        held_out: As many.
        synthetic: Shape (m, f).

    Example:
        >>> share_nearer(np.array([[0.0]]), np.array([[1.0]]), np.array([[0.2], [0.5]]))
        0.75
    """
    from scipy.spatial.distance import cdist

    to_train, to_held_out = (
        cdist(synthetic, side, "cityblock").min(axis=1) for side in (train, held_out)
    )
    tie = np.isclose(to_train, to_held_out, rtol=1e-9, atol=1e-12)
    return float(np.where(tie, 0.5, to_train < to_held_out).mean())


def _told_apart(real: FloatArray, synthetic: FloatArray, seed: int) -> float:
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.metrics import roc_auc_score

    label = np.repeat([0, 1], [len(real), len(synthetic)])
    forest = ExtraTreesClassifier(
        100, bootstrap=True, oob_score=True, min_samples_leaf=3, random_state=_number(seed)
    ).fit(np.concatenate([real, synthetic]), label)
    chance = np.nan_to_num(forest.oob_decision_function_[:, 1], nan=0.5)
    return max(0.5, float(roc_auc_score(label, chance)))


def _lost(every: Block, matrix: FloatArray, size: int, seed: int) -> float:
    """Skill at the target: explained share of the variance, or share of right classes."""
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    target = every.table.target
    if target is None:
        return 0.0
    number = target in every.table.numeric
    truth = every.number(target) if number else every.text(target).astype(str)
    known = ~np.isnan(truth) if number else np.ones(len(truth), dtype=np.bool_)
    inputs = matrix[:, ~_columns_of(every, target)]
    kind = ExtraTreesRegressor if number else ExtraTreesClassifier
    place = np.arange(len(truth))
    sides = [known & (place < size), known & (place >= 2 * size)]
    test = known & (place >= size) & (place < 2 * size)
    if not inputs.shape[1] or min(int(rows.sum()) for rows in (*sides, test)) < _FEWEST_KNOWN:
        return 0.0
    if number and np.ptp(truth[test]) == 0.0:
        return 0.0
    by_real, by_batch = (
        float(
            kind(50, min_samples_leaf=2, random_state=_number(seed))
            .fit(inputs[rows], truth[rows])
            .score(inputs[test], truth[test])
        )
        for rows in sides
    )
    return by_real - by_batch


def _columns_of(every: Block, name: str) -> NDArray[np.bool_]:
    """Which columns of the encoded matrix tell of one column of the table."""
    owners = (owner for owner, _ in Encoding.of(every).layout.keys)
    return np.array([owner == name for owner in owners], dtype=np.bool_)


def _number(seed: int) -> int:
    return int(np.random.SeedSequence((seed, 3)).generate_state(1)[0])
