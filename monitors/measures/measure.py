"""The shape that all measures share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal

from halflife.monitors.errors import NothingMeasurable
from halflife.schemas.table import FloatArray

from .comparison import Comparison
from .measure_result import MeasureResult

GROUPS: Final = ("columns", "pairs", "joint", "coverage", "predictive", "privacy", "laws")
"""What measures look at, in the order of a report."""

Need = Literal["train", "task", "numbers", "categories", "two columns", "laws"]

_REASONS: Final[dict[Need, str]] = {
    "train": "it needs the training rows: --train",
    "task": "there is nothing to predict: declare set-points, or a target",
    "numbers": "the table has no column of numbers",
    "categories": "the table has no category",
    "two columns": "it needs two columns or more",
    "laws": "no law is declared",
}


class Measure(ABC):
    """One way to judge a synthetic batch.

    A subclass says what it is in class attributes, and computes in `_find`. Where rows give it no
    meaning, `_find` raises `NothingMeasurable` with the reason, which becomes part of the result.

    Attributes:
        name: Its key in the registry.
        title: What people call it.
        group: One of `GROUPS`.
        needs: What must be there.
        best: The value of a perfect batch.
        direction: Whether lower, higher or nearer to ``best`` is better.
        lowest: Smallest value possible; None for no limit.
        highest: Largest value possible; None for no limit.
        unit: Of the value; "1" for a ratio.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    group: ClassVar[str]
    needs: ClassVar[tuple[Need, ...]] = ()
    best: ClassVar[float] = 0.0
    direction: ClassVar[Literal["lower", "higher", "near"]] = "lower"
    lowest: ClassVar[float | None] = 0.0
    highest: ClassVar[float | None] = 1.0
    unit: ClassVar[str] = "1"

    def measure(self, comparison: Comparison) -> MeasureResult:
        """The measure of a batch; without a value, but a reason, where it has no meaning."""
        for need in self.needs:
            if not _has(comparison, need):
                return self._nothing(_REASONS[need])
        try:
            return self._find(comparison)
        except NothingMeasurable as nothing:
            return self._nothing(str(nothing))

    @abstractmethod
    def _find(self, comparison: Comparison) -> MeasureResult:
        """The measure, where all that it needs is there.

        Raises:
            NothingMeasurable: With the reason why it has no meaning for these rows.
        """

    def _nothing(self, reason: str) -> MeasureResult:
        return self._result(None, sentence=f"Not measured: {reason}.", reason=reason)

    def _result(
        self,
        value: float | None,
        *,
        sentence: str,
        yardstick: float | None = None,
        p_value: float | None = None,
        details: Mapping[str, Any] | None = None,
        reason: str | None = None,
    ) -> MeasureResult:
        return MeasureResult(
            measure=self.name,
            title=self.title,
            group=self.group,
            value=None if value is None else float(value),
            best=self.best,
            direction=self.direction,
            yardstick=None if yardstick is None else float(yardstick),
            p_value=None if p_value is None else float(p_value),
            unit=self.unit,
            sentence=sentence,
            details=details or {},
            reason=reason,
        )


def chance(observed: float, permuted: FloatArray) -> float:
    r"""The p-value of a permutation test, :math:`(1 + \#\{d_i \ge d\}) / (1 + r)`; large is bad.

    Reference: Phipson and Smyth, Stat. Appl. Genet. Mol. Biol. 9 (2010) 39.

    Example:
        >>> import numpy as np
        >>> chance(2.0, np.array([1.0, 2.0, 3.0]))
        0.75
    """
    as_bad = int((permuted >= observed - 1e-12 * max(abs(observed), 1.0)).sum())
    return (1 + as_bad) / (1 + len(permuted))


def _has(comparison: Comparison, need: Need) -> bool:
    table = comparison.table
    return {
        "train": comparison.train is not None,
        "task": bool(comparison.tasks),
        "numbers": bool(table.numeric),
        "categories": bool(table.categories),
        "two columns": len(table.names) > 1,
        "laws": bool(table.laws),
    }[need]
