"""Whether synthetic rows answer as real models expect."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from halflife.schemas.table import FloatArray

from .models import Models
from .predictive_measure import PredictiveMeasure


class TrainRealTestSynthetic(PredictiveMeasure):
    r"""Skill on synthetic rows of models trained on real ones (TRTS).

    Below the yardstick where synthetic answers contradict real ones; above it where the batch has
    less noise than real rows have, which is no merit either.

    Reference: Esteban, Hyland, Rätsch (2017), arXiv:1706.02633.

    Example:
        >>> from halflife.schemas.table import Block, Column, Role, Table
        >>> from halflife.monitors.measures import Comparison
        >>> table = Table((Column(name="t", role=Role.SET_POINT), Column(name="y")))
        >>> rows = Block.from_rows(table, [{"t": i % 50, "y": 2 * (i % 50)} for i in range(200)])
        >>> found = TrainRealTestSynthetic().measure(Comparison.of(rows, rows, seed=0))
        >>> print(round(found.value, 1))
        1.0
    """

    name: ClassVar[str] = "train_real_test_synthetic"
    title: ClassVar[str] = "TRTS: train real, test synthetic"
    says: ClassVar[str] = "Models trained on real rows, tested on synthetic ones,"

    def _skills(self, models: Models) -> FloatArray:
        return np.asarray(models.real_on_synthetic)
