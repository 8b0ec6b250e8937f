"""What a measure found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class MeasureResult:
    """What one measure says about a synthetic batch beside real rows.

    Args:
        measure: Its name in the registry.
        title: What people call it.
        group: "columns", "pairs", "joint", "coverage", "predictive", "privacy" or "laws".
        value: The measure; None where it has no meaning for these rows.
        best: The value of a perfect batch.
        direction: Whether "lower", "higher" or nearer to ``best`` ("near") is better.
        yardstick: What another real sample of that size gives, where that is known.
        p_value: How often equally good rows would look as bad by chance, where a test is made.
        unit: Of ``value``; "1" for a ratio.
        sentence: The finding in words, or the reason why there is none.
        details: Per column ("columns"), per pair ("pairs"), per group ("groups"), and what else
            helps to read the value; plain data.
        reason: Why there is no value.

    Example:
        >>> result = MeasureResult("mmd", "MMD", "joint", value=float("nan"), best=0.0)
        >>> print(result.to_dict()["value"])
        None
    """

    measure: str
    title: str
    group: str
    value: float | None
    best: float
    direction: str = "lower"
    yardstick: float | None = None
    p_value: float | None = None
    unit: str = "1"
    sentence: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON: no NaN and no infinite number."""
        return {
            "measure": self.measure,
            "title": self.title,
            "group": self.group,
            "value": _plain(self.value),
            "yardstick": _plain(self.yardstick),
            "p_value": _plain(self.p_value),
            "best": self.best,
            "direction": self.direction,
            "unit": self.unit,
            "sentence": self.sentence,
            "details": _plain(self.details),
            "reason": self.reason,
        }


def _plain(value: Any) -> Any:
    """Numbers of numpy as Python's, tuples as lists, None for what is not finite."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
