"""Whether synthetic rows are nearer to training rows than to other real ones."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

import numpy as np

from .comparison import Comparison
from .measure import Measure, Need, chance
from .measure_result import MeasureResult

_MOST_ROWS: Final = 500
_DRAWS: Final = 100


class ClosestRecordShare(Measure):
    r"""Share of synthetic rows that are nearer to a training row than to a held-out one.

    As in `Privacy`: .5 is best, 1 is a copy machine; ties count half. The p-value is that of a
    permutation test, which deals training and held-out rows anew to the two sides, for at most 500
    synthetic rows.

    Reference: Platzer and Reutterer, Frontiers in Big Data 4 (2021) 679939.

    Example:
        >>> from halflife.schemas.table import Block, Column, Table
        >>> table = Table((Column(name="x"),))
        >>> rows = Block.from_rows(table, [{"x": i} for i in range(90)])
        >>> found = ClosestRecordShare().measure(
        ...     Comparison.of(rows[40:], rows[:40], rows[:40], seed=0))
        >>> print(found.value, round(found.p_value, 3))
        1.0 0.01
    """

    name: ClassVar[str] = "closest_record_share"
    title: ClassVar[str] = "Nearer to training rows"
    group: ClassVar[str] = "privacy"
    best: ClassVar[float] = 0.5
    direction: ClassVar[Literal["lower", "higher", "near"]] = "near"
    needs: ClassVar[tuple[Need, ...]] = ("train",)

    def _find(self, comparison: Comparison) -> MeasureResult:
        value = comparison.privacy.dcr_share
        shares = _dealt(comparison)
        return self._result(
            value,
            yardstick=0.5,
            p_value=chance(shares[0], shares[1:]),
            sentence=(
                f"{value:.0%} of the synthetic rows are nearer to a training row than to another "
                "real row; a batch that has not learnt its rows by heart has 50 %."
            ),
            details={"rows": comparison.neighbours.sizes, "permutations": _DRAWS},
        )


def _dealt(comparison: Comparison) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The share as it is, then with training and held-out rows dealt anew, shape (1 + draws,)."""
    train, held_out, synthetic = comparison.neighbours.rows
    draw = comparison.samples.generator("dealt rows")
    some = draw.permutation(len(synthetic))[:_MOST_ROWS]
    real = [side.distances(synthetic[some]) for side in (train, held_out)]
    distances = np.round(np.vstack(real), 9)
    order = np.arange(len(distances))
    shares = []
    for k in range(1 + _DRAWS):
        own = distances[order[: len(train)]].min(axis=0)
        other = distances[order[len(train) :]].min(axis=0)
        shares.append(float(((own < other) + (own == other) / 2.0).mean()))
        order = draw.permutation(len(distances)) if k < _DRAWS else order
    return np.array(shares)
