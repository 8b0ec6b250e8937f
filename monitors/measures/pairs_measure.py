"""Measures that look at every two columns."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Final

import numpy as np

from halflife.monitors.errors import NothingMeasurable
from halflife.schemas.table import FloatArray

from .comparison import Comparison
from .measure import Measure, Need, chance
from .measure_result import MeasureResult

Pair = tuple[str, str]

_MOST_TOLD: Final = 200
"""Pairs in the details, the worst first."""


class PairsMeasure(Measure):
    """A difference between the real and the synthetic dependence of two columns.

    The value is the mean over the pairs, the yardstick the mean of the same over permutations that
    exchange real and synthetic rows.

    Attributes:
        says: How a sentence about the value begins.
    """

    group: ClassVar[str] = "pairs"
    needs: ClassVar[tuple[Need, ...]] = ("two columns",)
    says: ClassVar[str]

    @abstractmethod
    def _dependence(
        self, comparison: Comparison
    ) -> tuple[dict[Pair, FloatArray], dict[Pair, dict[str, Any]], dict[str, Any]]:
        """Distances of each pair, what else is told about each, and about all of them.

        The distances are those of the rows as they are, then of each permutation: (1 + draws,).
        """

    def _find(self, comparison: Comparison) -> MeasureResult:
        distances, more, told = self._dependence(comparison)
        if not distances:
            raise NothingMeasurable("fewer than two columns vary")
        pairs = [
            {
                "columns": list(pair),
                "value": apart[0],
                "yardstick": apart[1:].mean(),
                "p_value": chance(apart[0], apart[1:]),
                **more.get(pair, {}),
            }
            for pair, apart in distances.items()
        ]
        means = np.mean(list(distances.values()), axis=0)
        worst = max(pairs, key=lambda pair: pair["value"])
        return self._result(
            means[0],
            yardstick=means[1:].mean(),
            p_value=chance(means[0], means[1:]),
            sentence=(
                f"{self.says} is {means[0]:.3g}, the mean of {len(pairs)} pairs; another real "
                f"sample of that size gives about {means[1:].mean():.3g}. Largest: "
                f"{' and '.join(worst['columns'])}, {worst['value']:.3g}."
            ),
            details={
                "pairs": sorted(pairs, key=lambda pair: -pair["value"])[:_MOST_TOLD],
                "count": len(pairs),
                "rows": comparison.sizes,
                "permutations": len(means) - 1,
                **told,
            },
        )
