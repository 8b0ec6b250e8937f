"""What a user pays for training on the batch instead of on real rows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UtilityGap:
    """Errors of two models at the same new rows.

    Args:
        gap: ``(error_synthetic - error_real) / error_real``: .2 is an error a fifth larger.
        error: Standard error of the gap.
        interval: Where the gap lies with 90 % confidence.
        error_synthetic: Mean error of models trained on the batch; 1 is that of a constant guess.
        error_real: The same of models trained on real rows.
        rows: New rows that were predicted.
    """

    gap: float
    error: float
    interval: tuple[float, float]
    error_synthetic: float
    error_real: float
    rows: int
