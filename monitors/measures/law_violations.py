"""Whether synthetic rows keep the declared laws."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from halflife.schemas.table import Block

from .comparison import Comparison
from .measure import Measure, Need
from .measure_result import MeasureResult
from .shares import more_often


class LawViolations(Measure):
    r"""Share of synthetic rows that break at least one declared law.

    The yardstick is the share of real rows that do, for real rows are measured with noise; the
    p-value is Fisher's, one-sided. A row with a missing cell cannot break a law over it.

    Reference: Fisher, J. R. Statist. Soc. 85 (1922) 87.

    Example:
        >>> from halflife.schemas.table import Column, SumLaw, Table
        >>> table = Table((Column(name="a"), Column(name="b")), (SumLaw(("a", "b"), 1.0),))
        >>> rows = Block.from_rows(table, [{"a": .3, "b": .7}, {"a": .5, "b": .6}])
        >>> print(LawViolations().measure(Comparison.of(rows[:1], rows, seed=0)).value)
        0.5
    """

    name: ClassVar[str] = "law_violations"
    title: ClassVar[str] = "Declared laws broken"
    group: ClassVar[str] = "laws"
    needs: ClassVar[tuple[Need, ...]] = ("laws",)

    def _find(self, comparison: Comparison) -> MeasureResult:
        real, synthetic = comparison.every_real, comparison.every_synthetic
        broken = [_broken(side) for side in (synthetic, real)]
        laws = comparison.table.laws
        share, own = broken[0] / len(synthetic), broken[1] / len(real)
        return self._result(
            share,
            yardstick=own,
            p_value=more_often(broken[0], len(synthetic), broken[1], len(real)),
            sentence=(
                f"{share:.1%} of the synthetic rows break a declared law; of the real rows "
                f"{own:.1%}."
            ),
            details={
                "groups": [
                    {
                        "group": law.text,
                        "synthetic": synthetic.violations(law) / len(synthetic),
                        "real": real.violations(law) / len(real),
                    }
                    for law in laws
                ],
                "rows": {"real": len(real), "synthetic": len(synthetic)},
            },
        )


def _broken(block: Block) -> int:
    """How many rows break a law."""
    values = block.values()
    return int(np.any([law.violated(values) for law in block.table.laws], axis=0).sum())
