"""How near to the training rows a generator should come, by rows held out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.special import betaincinv

from halflife.schemas.table import Block, FloatArray

from .contest_scores import MOST_ROWS, NEAR, share_nearer
from .encoding import Encoding

OVER: Final = 0.1
"""Area above that of real rows against real ones that is allowed."""

_SCALE: Final = 2.0
_RIDGE: Final = 0.1
_TRAIN_ROWS: Final = 100
_ROUNDS: Final = 5
_TIE: Final = 0.01
_LIMIT: Final = 0.95


@dataclass(frozen=True)
class PrivacyChoice:
    r"""The privacy at which rows are hard to tell, not too near, and no copies, all at once.

    Of rows made at each privacy by a generator that was fitted on ``train``: the area A under the
    ROC curve of a classifier that tells them from held-out rows (ridge regression in an exponential
    kernel, 100 rows of each side train, the others are asked, five times), the share D that is
    nearer to a training than to a held-out row, and the copies of training rows beyond those that
    replicates explain, as held-out rows that repeat a training row show them, at the upper 95 %
    limit of their share. Wanted is :math:`A \le .6`, which is .1 above what real rows have, as
    both halves of them were drawn at random, :math:`D \le .6` and no copies. The more privacy, the
    greater A and the smaller D: what goes the other way is noise and is averaged out. The excess is
    the greater of :math:`A - .6` and :math:`D - .6`, and 1 more where there are copies; where it is
    not above 0, all three are met. The first privacy, which is the default, is taken where it meets
    them or has the least excess but for .01, else that of the least.

    Args:
        privacy: That is taken.
        excess: Its excess.
        said: What was measured, as part of a sentence.

    Reference: Lopez-Paz and Oquab, ICLR 2017; Platzer and Reutterer, Frontiers in Big Data 4 (2021)
    679939; Clopper and Pearson, Biometrika 26 (1934) 404; Barlow, Bartholomew, Bremner, Brunk,
    Statistical Inference under Order Restrictions (1972), section 1.2 (what rises).

    Example:
        >>> from halflife.schemas.table import Column, Table
        >>> table = Table((Column(name="x"),))
        >>> x = np.random.default_rng(0).normal(size=(800, 1))
        >>> rows = Block(table, x, np.empty((800, 0), dtype=object))
        >>> train, held_out = rows[:300], rows[300:600]
        >>> made = {0.4: train, 0.6: rows[600:]}
        >>> PrivacyChoice.of(made.__getitem__, [0.4, 0.6], train, held_out, seed=0).privacy
        0.6
    """

    privacy: float
    excess: float
    said: str

    @classmethod
    def of(
        cls,
        made_at: Callable[[float], Block],
        knob: Sequence[float],
        train: Block,
        held_out: Block,
        *,
        seed: int,
    ) -> Self:
        """Measure and choose.

        Args:
            made_at: Rows at a privacy.
            knob: Values of privacy, the default first.
            train: Rows that the generator was fitted on.
            held_out: Rows that it has not seen; about as many.
            seed: Of the rows that train classifiers.
        """
        size = min(len(train), len(held_out), MOST_ROWS)
        made = [made_at(privacy)[:MOST_ROWS] for privacy in knob]
        every = Block.concatenate([train[:size], held_out[:size], *made])
        draw = np.random.default_rng(np.random.SeedSequence((seed, 4)))
        matrix = Encoding.of(every).encode(every, draw)
        matrix = matrix / np.maximum(matrix.std(axis=0), 1e-9)
        cuts = np.cumsum([size, size, *(len(rows) for rows in made)])[:-1]
        near, away, *sides = np.split(matrix, cuts)
        areas = _rising(knob, [_area(away, side, seed) for side in sides])
        shares = -_rising(knob, [-share_nearer(near, away, side) for side in sides])
        excesses, said = [], []
        for privacy, rows, area, share in zip(knob, made, areas, shares, strict=True):
            copies = _copies(train, held_out, rows)
            excesses.append(max(area - 0.5 - OVER, share - NEAR) + (1.0 if copies else 0.0))
            said.append(f"{privacy:g} {area:.2f}, {share:.2f}, {copies}")
        best = int(np.argmin(excesses))
        best = 0 if excesses[0] <= max(0.0, excesses[best] + _TIE) else best
        met = "the three are met" if excesses[best] <= 0.0 else "the nearest to all three"
        return cls(
            float(knob[best]),
            float(excesses[best]),
            f"privacy {knob[best]:g}: {met} (area, share nearer to training rows, copies: "
            f"{'; '.join(said)})",
        )


def _rising(knob: Sequence[float], found: Sequence[float]) -> FloatArray:
    """The nearest figures that do not fall as privacy rises: what falls is noise."""
    order = np.argsort(knob)
    risen = np.empty(len(found))
    risen[order] = isotonic_regression(np.array(found)[order]).x
    return risen


def _area(real: FloatArray, other: FloatArray, seed: int) -> float:
    """Area under the ROC curve of regressions that were trained on few of the rows."""
    from scipy.spatial.distance import cdist
    from sklearn.metrics import roc_auc_score

    draw = np.random.default_rng(np.random.SeedSequence((seed, 5)))
    some = min(_TRAIN_ROWS, len(real) // 2, len(other) // 2)
    width = real.shape[1]
    label = np.repeat([-1.0, 1.0], some)
    areas = []
    for _ in range(_ROUNDS):
        orders = [draw.permutation(len(side)) for side in (real, other)]
        train = np.concatenate([real[orders[0][:some]], other[orders[1][:some]]])
        asked = np.concatenate([real[orders[0][some:]], other[orders[1][some:]]])

        def likeness(rows: FloatArray, train: FloatArray = train) -> FloatArray:
            city = cdist(rows, train, "cityblock") * (_SCALE / width)
            direct = cdist(rows, train, "euclidean") * (_SCALE / np.sqrt(width))
            return np.asarray((np.exp(-city) + np.exp(-direct)) / 2.0)

        inner = likeness(train) + _RIDGE * np.eye(2 * some)
        told = likeness(asked) @ np.linalg.solve(inner, label)
        is_other = np.repeat([0, 1], [len(real) - some, len(other) - some])
        areas.append(roc_auc_score(is_other, np.round(told, 9)))
    return float(np.mean(areas))


def _copies(train: Block, held_out: Block, made: Block) -> int:
    """Rows that equal a training row, beyond those that replicates explain."""
    seen = set(train.row_keys())
    equal, repeats = (sum(key in seen for key in rows.row_keys()) for rows in (made, held_out))
    if not repeats:
        return equal
    rest = len(held_out) - repeats
    share = float(betaincinv(repeats + 1, rest, _LIMIT)) if rest else 1.0
    return max(0, equal - int(share * len(made)))
