"""What an alarm about columns points at."""

from __future__ import annotations

from dataclasses import dataclass

from .shift import Shift


@dataclass(frozen=True, slots=True)
class Suspect:
    """The column that an alarm is about, and how it has changed.

    Args:
        column: Index of the column.
        shift: The change that explains the records best.
        partner: Index of the column that tells most about it, where it has changed only beside the
            others; None where it has changed by itself.
        size: Mean shift since the change point, in the unit of the column.
    """

    column: int
    shift: Shift
    partner: int | None
    size: float

    @property
    def is_shift(self) -> bool:
        """Whether its level has moved, so that the size has a meaning."""
        return self.shift.direction in ("up", "down")
