"""ADWIN, run beside Halflife on one column: what a well-known detector sees of the same stream."""

from __future__ import annotations

from typing import Any

from river.drift import ADWIN


class Bystander:
    """river's ADWIN with its defaults over one measured column (Bifet and Gavalda, 2007).

    Args:
        column: Which.
    """

    def __init__(self, column: str) -> None:
        self.column = column
        self.records = 0
        self.alarms: list[int] = []
        make: Any = ADWIN  # river ships no types
        self._adwin = make()

    def see(self, value: float) -> None:
        """The next value of the column."""
        self._adwin.update(value)
        if self._adwin.drift_detected:
            self.alarms.append(self.records)
        self.records += 1

    @property
    def text(self) -> str:
        """What it has seen, in a sentence."""
        beside = f"ADWIN, run beside on {self.column} alone, has seen"
        if not self.alarms:
            return f"{beside} nothing in {self.records:,} records"
        places = ", ".join(f"{place:,}" for place in self.alarms)
        return f"{beside} a change at record {places}"
