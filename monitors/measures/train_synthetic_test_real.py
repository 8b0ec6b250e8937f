"""What models trained on the batch are worth on real rows."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from halflife.schemas.table import FloatArray

from .models import Models
from .predictive_measure import PredictiveMeasure


class TrainSyntheticTestReal(PredictiveMeasure):
    r"""Skill on real rows of models trained on the batch (TSTR).

    Extremely randomised trees, skill as in `Task.gains`; the yardstick is TRTR with as many
    training rows. This is what a lab gets that trains its models on synthetic rows.

    Reference: Esteban, Hyland, Rätsch (2017), arXiv:1706.02633.

    Example:
        >>> from halflife.schemas.table import Block, Column, Role, Table
        >>> from halflife.monitors.measures import Comparison
        >>> table = Table((Column(name="t", role=Role.SET_POINT), Column(name="y")))
        >>> rows = Block.from_rows(table, [{"t": i % 50, "y": 2 * (i % 50)} for i in range(200)])
        >>> found = TrainSyntheticTestReal().measure(Comparison.of(rows, rows, seed=0))
        >>> print(round(found.value, 1))
        1.0
    """

    name: ClassVar[str] = "train_synthetic_test_real"
    title: ClassVar[str] = "TSTR: train synthetic, test real"
    says: ClassVar[str] = "Models trained on the batch"

    def _skills(self, models: Models) -> FloatArray:
        return np.asarray(models.synthetic_on_real.mean(axis=1))
