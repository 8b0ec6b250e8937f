"""A generator as it can be taken: its kind, its privacy, its sieve."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """What is chosen of a generator.

    Args:
        kind: Its name in the registry.
        privacy: Its knob; None for one that has none, or as it is set by default.
        power: Of the `RowSieve` that its rows go through; None if they go through none.

    Example:
        >>> Setting("trees", 0.25, 4.0).text
        'trees at privacy 0.25 sieved by 4'
    """

    kind: str
    privacy: float | None = None
    power: float | None = None

    @property
    def text(self) -> str:
        """For people."""
        knob = "" if self.privacy is None else f" at privacy {self.privacy:g}"
        sieve = "" if self.power is None else f" sieved by {self.power:g}"
        return f"{self.kind}{knob}{sieve}"
