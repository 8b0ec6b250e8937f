"""What the real rows themselves allow."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from halflife.schemas.table import FloatArray

from .models import Models
from .predictive_measure import PredictiveMeasure


class TrainRealTestReal(PredictiveMeasure):
    r"""Skill on real rows of models trained on other real rows (TRTR).

    By cross-validation, with as many training rows as the others have: the most that TSTR can be
    expected to reach.

    Reference: Esteban, Hyland, Rätsch (2017), arXiv:1706.02633.

    Example:
        >>> from halflife.schemas.table import Block, Column, Role, Table
        >>> from halflife.monitors.measures import Comparison
        >>> table = Table((Column(name="t", role=Role.SET_POINT), Column(name="y")))
        >>> rows = Block.from_rows(table, [{"t": i % 50, "y": 2 * (i % 50)} for i in range(200)])
        >>> found = TrainRealTestReal().measure(Comparison.of(rows, rows, seed=0))
        >>> print(round(found.value, 1))
        1.0
    """

    name: ClassVar[str] = "train_real_test_real"
    title: ClassVar[str] = "TRTR: train real, test real"
    says: ClassVar[str] = "Models trained on real rows"

    def _sentence(self, value: float, yardstick: float, targets: list[str]) -> str:  # noqa: ARG002 - the two are one here
        return (
            f"Models trained on real rows have skill {value:.2f} at {', '.join(targets)} in other "
            "real rows (1: the truth, 0: a constant): no batch can be expected to do better."
        )

    def _skills(self, models: Models) -> FloatArray:
        return np.asarray(models.real_on_real.mean(axis=1))
