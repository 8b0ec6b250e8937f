"""Whether a generator has learnt a distribution or copied its rows."""

from __future__ import annotations

import numpy as np

from halflife.schemas.table import Block, Table

from .errors import TooFewRows
from .gower_rows import GowerRows
from .privacy_measure import PrivacyMeasure


class Privacy:
    r"""Distance to the closest record, and copies.

    The distance of two rows is Gower's (`GowerRows`), by the ranges of the real rows. A synthetic
    row counts 1 where its nearest training row is nearer than its nearest held-out row, 1/2 where
    they are as near. As many training as held-out rows are looked at, or the greater number would
    win by chance.

    Replicates are real: a held-out row may equal a training row because an experiment was done
    twice. With a share :math:`p` of such rows, :math:`p m` of m synthetic rows may do so too, and
    as much more as the noise of p allows: up to its upper 95 % limit (Clopper and Pearson). Where
    no held-out row does, no copy is a replicate.

    Args:
        table: What the rows are.
        seed: Of the training rows chosen.
        most_rows: Of each kind, at most so many are compared by distance, drawn with the seed;
            copies are looked for in all.

    Reference: Platzer and Reutterer, Frontiers in Big Data 4 (2021) 679939 (the share); Clopper and
    Pearson, Biometrika 26 (1934) 404.

    Example:
        >>> from halflife.schemas.table import Column
        >>> table = Table((Column(name="x"),))
        >>> rows = Block(table, np.arange(90.0)[:, None], np.empty((90, 0), dtype=object))
        >>> Privacy(table).measure(rows[:40], rows[40:], rows[:40])
        PrivacyMeasure(dcr_share=1.0, copies=40, replicates=0.0, equal_rows=40)
    """

    def __init__(self, table: Table, *, seed: int = 0, most_rows: int = 5_000) -> None:
        self.table = table
        self.seed = seed
        self.most_rows = most_rows

    def measure(self, train: Block, holdout: Block, synthetic: Block) -> PrivacyMeasure:
        """How near the synthetic rows come to the training rows.

        Raises:
            TooFewRows: For no row in any of the three.
        """
        if not min(len(train), len(holdout), len(synthetic)):
            raise TooFewRows("distances need at least one training, held-out and synthetic row")
        seen = set(train.row_keys())
        equal = sum(key in seen for key in synthetic.row_keys())
        replicates = sum(key in seen for key in holdout.row_keys())
        allowed = _upper_limit(replicates, len(holdout)) * len(synthetic) if replicates else 0.0
        return PrivacyMeasure(
            dcr_share=self._dcr_share(train, holdout, synthetic),
            copies=max(0, equal - int(allowed)),
            replicates=replicates / len(holdout),
            equal_rows=equal,
        )

    def _dcr_share(self, train: Block, holdout: Block, synthetic: Block) -> float:
        """Share of the synthetic rows that are nearer to training than to held-out rows."""
        size = min(len(train), len(holdout), self.most_rows)
        generator = np.random.default_rng(self.seed)
        sides = [rows[generator.permutation(len(rows))[:size]] for rows in (train, holdout)]
        if len(synthetic) > self.most_rows:
            synthetic = synthetic[generator.permutation(len(synthetic))[: self.most_rows]]
        *real, rows = GowerRows.of([*sides, synthetic])
        to_train, to_holdout = (rows.nearest(side) for side in real)
        # Equal up to rounding: the same distance summed in another order is no nearer.
        tie = np.isclose(to_train, to_holdout, rtol=1e-9, atol=1e-12)
        return float(np.where(tie, 0.5, to_train < to_holdout).mean())


def _upper_limit(successes: int, trials: int) -> float:
    """Upper end of the one-sided 95 % interval of a share."""
    from scipy.stats import beta

    if successes >= trials:
        return 1.0
    return float(beta.ppf(0.95, successes + 1, trials - successes))
