"""Whether a generator has learnt a distribution or copied its rows."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

import numpy as np

from halflife.schemas.table import Block, FloatArray, Table

from .errors import TooFewRows
from .privacy_measure import PrivacyMeasure

_AT_ONCE: Final = 500


class Privacy:
    r"""Distance to the closest record, and copies.

    The distance of two rows is Gower's: the mean over the columns of :math:`|x - y|` over the range
    of the real rows, or 0 and 1 for equal and other categories; a missing number equals another
    missing one, and is at least 1/2 from all others. A synthetic row counts 1 where its nearest
    training row is nearer than its nearest held-out row, 1/2 where they are as near. As many
    training as held-out rows are looked at, or the greater number would win by chance.

    Replicates are real: a held-out row may equal a training row because an experiment was done
    twice. With a share :math:`p` of such rows, :math:`p m` of m synthetic rows may do so too, and
    as much more as the noise of p allows: up to its upper 95 % limit (Clopper and Pearson). Where
    no held-out row does, no copy is a replicate.

    Args:
        table: What the rows are.
        seed: Of the training rows chosen.

    Reference: Gower, Biometrics 27 (1971) 857; Platzer and Reutterer, Frontiers in Big Data 4
    (2021) 679939 (the share); Clopper and Pearson, Biometrika 26 (1934) 404.

    Example:
        >>> from halflife.schemas.table import Column
        >>> table = Table((Column(name="x"),))
        >>> rows = Block(table, np.arange(90.0)[:, None], np.empty((90, 0), dtype=object))
        >>> Privacy(table).measure(rows[:40], rows[40:], rows[:40])
        PrivacyMeasure(dcr_share=1.0, copies=40, replicates=0.0, equal_rows=40)
    """

    def __init__(self, table: Table, *, seed: int = 0) -> None:
        self.table = table
        self.seed = seed

    def measure(self, train: Block, holdout: Block, synthetic: Block) -> PrivacyMeasure:
        """How near the synthetic rows come to the training rows.

        Raises:
            TooFewRows: For no row in any of the three.
        """
        if not min(len(train), len(holdout), len(synthetic)):
            raise TooFewRows("distances need at least one training, held-out and synthetic row")
        seen = set(_keys(train))
        equal = sum(key in seen for key in _keys(synthetic))
        replicates = sum(key in seen for key in _keys(holdout))
        allowed = _upper_limit(replicates, len(holdout)) * len(synthetic) if replicates else 0.0
        return PrivacyMeasure(
            dcr_share=self._dcr_share(train, holdout, synthetic),
            copies=max(0, equal - int(allowed)),
            replicates=replicates / len(holdout),
            equal_rows=equal,
        )

    def _dcr_share(self, train: Block, holdout: Block, synthetic: Block) -> float:
        """Share of the synthetic rows that are nearer to training than to held-out rows."""
        size = min(len(train), len(holdout))
        generator = np.random.default_rng(self.seed)
        sides = [rows[generator.permutation(len(rows))[:size]] for rows in (train, holdout)]
        scaled = _scaled([*sides, synthetic])
        to_train, to_holdout = (_nearest(scaled[2], side) for side in scaled[:2])
        # Equal up to rounding: the same distance summed in another order is no nearer.
        tie = np.isclose(to_train, to_holdout, rtol=1e-9, atol=1e-12)
        return float(np.where(tie, 0.5, to_train < to_holdout).mean())


def _keys(block: Block) -> list[Hashable]:
    """Each row as something that can be looked up; missing cells are equal."""
    numbers = np.where(np.isnan(block.numbers), np.inf, block.numbers + 0.0)  # -0.0 is 0.0
    return list(zip(map(tuple, numbers.tolist()), map(tuple, block.texts), strict=True))


def _scaled(blocks: list[Block]) -> list[FloatArray]:
    """Rows whose city-block distance is Gower's; the first two blocks give the ranges."""
    pooled = Block.concatenate(blocks)
    real = len(blocks[0]) + len(blocks[1])
    parts: list[FloatArray] = []
    for name in pooled.table.numeric:
        cells = pooled.number(name)
        known = cells[:real][np.isfinite(cells[:real])]
        low, span = (known.min(), np.ptp(known)) if len(known) else (0.0, 0.0)
        scaled = np.clip((cells - low) / (span or 1.0), -1.0, 2.0)
        missing = np.isnan(cells)
        # The middle, and 1/2 aside: from 1/2 to 1 away from whatever is there.
        parts += [np.where(missing, 0.5, scaled)[:, None], missing[:, None] * 0.5]
    for name in pooled.table.categories:
        _, codes = np.unique(
            np.array(["" if t is None else "=" + t for t in pooled.text(name)]), return_inverse=True
        )
        parts.append(np.eye(codes.max() + 1)[codes] / 2.0)
    matrix = np.hstack(parts) / len(pooled.table.names)
    return np.split(matrix, np.cumsum([len(block) for block in blocks])[:-1])


def _nearest(rows: FloatArray, others: FloatArray) -> FloatArray:
    """Distance of each row to the nearest of the others, shape (n,)."""
    from scipy.spatial.distance import cdist

    parts = [
        cdist(rows[start : start + _AT_ONCE], others, "cityblock").min(axis=1)
        for start in range(0, len(rows), _AT_ONCE)
    ]
    return np.concatenate(parts)


def _upper_limit(successes: int, trials: int) -> float:
    """Upper end of the one-sided 95 % interval of a share."""
    from scipy.stats import beta

    if successes >= trials:
        return 1.0
    return float(beta.ppf(0.95, successes + 1, trials - successes))
