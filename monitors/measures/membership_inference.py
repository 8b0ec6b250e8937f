"""Whether an attacker can tell which rows trained the generator."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from .comparison import Comparison
from .measure import Measure, Need
from .measure_result import MeasureResult


class MembershipInference(Measure):
    r"""Area under the ROC curve of an attack that guesses who was in the training.

    The attacker has the batch and a row, and takes it for a training row the nearer its closest
    synthetic row is (Gower's distance). .5: the attack knows nothing; 1: it is always right. The
    attack is made on as many training as held-out rows, at most 1,000 of each; p-value by Mann and
    Whitney, one-sided.

    Reference: Chen, Yu, Zhang, Fritz, CCS 2020, arXiv:1909.03935 (the black-box attack); Hanley and
    McNeil, Radiology 143 (1982) 29.

    Example:
        >>> from halflife.schemas.table import Block, Column, Table
        >>> table = Table((Column(name="x"),))
        >>> rows = Block.from_rows(table, [{"x": i} for i in range(80)])
        >>> copied = Comparison.of(rows[40:], rows[:40], rows[:40], seed=0)
        >>> print(MembershipInference().measure(copied).value)
        1.0
    """

    name: ClassVar[str] = "membership_inference"
    title: ClassVar[str] = "Membership inference"
    group: ClassVar[str] = "privacy"
    best: ClassVar[float] = 0.5
    direction: ClassVar[Literal["lower", "higher", "near"]] = "near"
    needs: ClassVar[tuple[Need, ...]] = ("train",)

    def _find(self, comparison: Comparison) -> MeasureResult:
        from scipy.stats import mannwhitneyu

        near = comparison.neighbours
        # Equal up to rounding: the same distance summed in another order is no nearer.
        members = -np.round(near.train_to_synthetic, 9)
        others = -np.round(near.held_out_to_synthetic, 9)
        test = mannwhitneyu(members, others, alternative="greater", method="asymptotic")
        area = float(test.statistic) / (len(members) * len(others))
        p_value = float(test.pvalue) if np.isfinite(test.pvalue) else 1.0  # all distances equal
        return self._result(
            area,
            yardstick=0.5,
            p_value=p_value,
            sentence=(
                f"An attacker who has the batch tells training rows from other real rows with area "
                f"{area:.2f} (0.5: by guessing, 1: always)."
            ),
            details={"rows": near.sizes},
        )
