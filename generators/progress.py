"""How far a training has come."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a training has come, told about twice a second.

    Args:
        phase: What is being done, as a word: ``"training"``, ``"columns"``.
        step: Steps done.
        steps: Steps there will be at most; a training may stop early.
        loss: Of held-out rows where the method has one, without unit; smaller is better.
        rows_per_second: Training rows seen in a second; None where that means nothing.
        seconds_left: At the present speed, in s; None while unknown.

    Example:
        >>> Progress("training", 500, 2000, .31, 9000., 12.).text
        'training: 500 of 2000, held-out loss 0.31, 12 s left'
    """

    phase: str
    step: int
    steps: int
    loss: float | None = None
    rows_per_second: float | None = None
    seconds_left: float | None = None

    @property
    def text(self) -> str:
        """The same in a line."""
        parts = [f"{self.phase}: {self.step} of {self.steps}"]
        if self.loss is not None:
            parts.append(f"held-out loss {self.loss:.3g}")
        if self.seconds_left is not None:
            parts.append(f"{self.seconds_left:.0f} s left")
        return ", ".join(parts)
