"""Measures of what models trained on the batch, or tested on it, are worth."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Literal

import numpy as np

from halflife.monitors.errors import NothingMeasurable
from halflife.schemas.table import FloatArray

from .comparison import Comparison
from .measure import Measure, Need
from .measure_result import MeasureResult
from .models import Models


class PredictiveMeasure(Measure):
    """The skill of models, the mean over the tasks of the table; 1 is the truth, 0 a constant.

    The yardstick is the skill of models trained and tested on real rows.
    """

    group: ClassVar[str] = "predictive"
    best: ClassVar[float] = 1.0
    direction: ClassVar[Literal["lower", "higher", "near"]] = "higher"
    lowest: ClassVar[float | None] = None
    needs: ClassVar[tuple[Need, ...]] = ("task",)
    says: ClassVar[str]

    @abstractmethod
    def _skills(self, models: Models) -> FloatArray:
        """The skill at each task, shape (tasks,); NaN where there is none."""

    def _find(self, comparison: Comparison) -> MeasureResult:
        models = comparison.models
        skills = self._skills(models) if models.targets else np.empty(0)
        known = ~np.isnan(skills)
        if not known.any():
            raise NothingMeasurable(
                "no target has two values or more, in ten rows that have it on both sides"
            )
        reached = models.real_on_real.mean(axis=1)
        value, yardstick = float(skills[known].mean()), float(reached[known].mean())
        targets = [name for name, there in zip(models.targets, known, strict=True) if there]
        return self._result(
            value,
            yardstick=yardstick,
            sentence=self._sentence(value, yardstick, targets),
            details={
                "targets": {
                    name: {"value": skill, "yardstick": other}
                    for name, skill, other in zip(
                        targets, skills[known].tolist(), reached[known].tolist(), strict=True
                    )
                },
                **_of_train_rows(models),
                "rows": {"train": models.train_rows, "real": len(models.real)},
            },
        )

    def _sentence(self, value: float, yardstick: float, targets: list[str]) -> str:
        return (
            f"{self.says} have skill {value:.2f} at {', '.join(targets)}; trained and tested on "
            f"real rows it is {yardstick:.2f} (1: the truth, 0: a constant)."
        )


def _of_train_rows(models: Models) -> dict[str, float]:
    """The skill of models of the rows that made the batch, where they are known."""
    if models.train_on_real is None:
        return {}
    return {"models_of_train_rows": float(models.train_on_real.mean())}
