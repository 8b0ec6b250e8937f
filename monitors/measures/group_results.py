"""Whether the batch serves some groups of experiments worse than others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from halflife.monitors.errors import NothingMeasurable

from .comparison import Comparison
from .measure import Measure, Need
from .measure_result import MeasureResult
from .models import Models

_FEWEST_ROWS: Final = 20
_MOST_LEVELS: Final = 12


class GroupResults(Measure):
    r"""Largest loss of skill in a group of real rows, TRTR less TSTR.

    Groups are the categories of each column and the lower, middle and upper third of each
    numeric target and set-point, with at least twenty rows. What a row adds to the skill of models
    (`Task.gains`) is averaged within each group: where rows lie far out it may be over 1, and their
    mean is the skill. The yardstick is the largest loss of models of the rows that made the batch,
    where those are known: of many groups one is always worst.

    Reference: Bhanot et al., Entropy 23 (2021) 1165 (utility of synthetic data by subgroup).

    Example:
        >>> from halflife.schemas.table import Block, Column, Role, Table
        >>> table = Table((Column(name="t", role=Role.SET_POINT), Column(name="y")))
        >>> rows = Block.from_rows(table, [{"t": i % 50, "y": 2 * (i % 50)} for i in range(200)])
        >>> print(abs(GroupResults().measure(Comparison.of(rows, rows, seed=0)).value) < 0.1)
        True
    """

    name: ClassVar[str] = "group_results"
    title: ClassVar[str] = "Results by group"
    group: ClassVar[str] = "predictive"
    lowest: ClassVar[float | None] = None
    highest: ClassVar[float | None] = None
    needs: ClassVar[tuple[Need, ...]] = ("task",)

    def _find(self, comparison: Comparison) -> MeasureResult:
        models = comparison.models
        if not models.targets:
            raise NothingMeasurable("no target has two values or more in ten real rows")
        named = dict(_groups(models, comparison))
        if not named:
            raise NothingMeasurable(f"no group has {_FEWEST_ROWS} real rows")
        tstr, trtr = models.synthetic_on_real.mean(axis=0), models.real_on_real.mean(axis=0)
        members = np.array(list(named.values()), dtype=np.float64)
        members /= members.sum(axis=1, keepdims=True)
        loss = members @ (trtr - tstr)
        yardstick = None
        if models.train_on_real is not None:
            yardstick = float((members @ (trtr - models.train_on_real.mean(axis=0))).max())
        worst = int(loss.argmax())
        column, group = list(named)[worst]
        also = ""
        if yardstick is not None:
            also = f" Models of the training rows lose {yardstick:.2f} in their worst group."
        return self._result(
            loss[worst],
            yardstick=yardstick,
            sentence=(
                f"Beside models of real rows, those of the batch lose most where {column} is "
                f"{group}: {loss[worst]:.2f} of skill, where they lose "
                f"{float((trtr - tstr).mean()):.2f} on average.{also}"
            ),
            details={
                "groups": [
                    {
                        "column": name,
                        "group": level,
                        "rows": int(mask.sum()),
                        "value": float(share @ (trtr - tstr)),
                        "tstr": float(share @ tstr),
                        "trtr": float(share @ trtr),
                    }
                    for ((name, level), mask), share in zip(named.items(), members, strict=True)
                ]
            },
        )


def _groups(
    models: Models, comparison: Comparison
) -> Iterator[tuple[tuple[str, str], NDArray[np.bool_]]]:
    """Names of the groups, and the real rows in each."""
    table, real = comparison.table, models.real
    masks: dict[tuple[str, str], Any] = {}
    for name in table.categories:
        cells = real.text(name)
        levels = sorted({cell for cell in cells if cell is not None})
        counts = {level: int((cells == level).sum()) for level in levels}
        for level in sorted(levels, key=lambda level: -counts[level])[:_MOST_LEVELS]:
            masks[name, level] = cells == level
    for name in dict.fromkeys((*models.targets, *table.set_points)):
        if name not in table.numeric:
            continue
        number = real.number(name)
        if np.isfinite(number).sum() < 3 * _FEWEST_ROWS:
            continue
        low, high = np.nanquantile(number, [1 / 3, 2 / 3])
        masks[name, f"at most {low:.4g}"] = number <= low
        masks[name, f"between {low:.4g} and {high:.4g}"] = (number > low) & (number <= high)
        masks[name, f"above {high:.4g}"] = number > high
    return ((key, mask) for key, mask in masks.items() if mask.sum() >= _FEWEST_ROWS)
