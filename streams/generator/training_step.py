"""How far the child is, in the words of the progress topic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Phase = Literal["reading", "training", "sampling", "judging", "publishing"]


@dataclass(frozen=True, slots=True)
class TrainingStep:
    """A sign of life.

    Args:
        phase: What is being done.
        what: With which generator, or how many rows: for the log.
        step: Steps done in this phase.
        steps: Steps that this phase has; 0 if unknown.
        loss: On held-out rows, if there is one.
        rows_per_second: Training speed, rows/s, where that means something.
        seconds_left: Estimate for this phase, in s.

    Example:
        >>> TrainingStep("training", "diffusion", 400, 2000, .213, 12400., 7.).text
        'training diffusion, step 400 of 2000, loss 0.213, 12,400 rows/s, 7 s left'
    """

    phase: Phase
    what: str = ""
    step: int = 0
    steps: int = 0
    loss: float | None = None
    rows_per_second: float | None = None
    seconds_left: float | None = None

    @property
    def text(self) -> str:
        """The same in a line."""
        parts = [f"{self.phase} {self.what}".rstrip()]
        if self.steps:
            parts.append(f"step {self.step} of {self.steps}")
        if self.loss is not None:
            parts.append(f"loss {self.loss:.3g}")
        if self.rows_per_second is not None:
            parts.append(f"{self.rows_per_second:,.0f} rows/s")
        if self.seconds_left is not None:
            parts.append(f"{self.seconds_left:.0f} s left")
        return ", ".join(parts)
