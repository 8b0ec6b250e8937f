"""What a training leads to: a batch, its model, and the verdict of the gate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from halflife.schemas.table import Block


@dataclass(frozen=True, eq=False)
class Challenger:
    """A batch that may replace the champion.

    Args:
        batch: Its rows.
        generator: The method that made it.
        model_id: Digest of the fitted model's file.
        warm_from: The model whose weights training began with, if any.
        trained_on: How many real rows trained it; the others of the window judged it.
        promoted: Whether the gate lets it out.
        reason: Why, in one sentence.
        more_records: Where the gate cannot tell yet, about how many more records would.
        verdict: All that the gate said, as plain data.
        options: Arguments of the generator other than its table.
        versions: Of what made it, see `versions`.
        declared: The stream's part of the lab file, as plain data.
        gpu_joules: Energy that the GPU took, in J; None without one.
    """

    batch: Block
    generator: str
    model_id: str
    warm_from: str | None
    trained_on: int
    promoted: bool
    reason: str
    verdict: dict[str, Any]
    options: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    declared: dict[str, Any] | None = None
    gpu_joules: float | None = None
    more_records: int | None = None
