"""A record that is said to be a synthetic row."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Accusation:
    """A record that came as real and is, by all that is known, a row of a synthetic batch.

    Args:
        record: 0-based place of the record among those that were given.
        batch: Name of the batch.
        row: 0-based row of that batch.
        distance: Largest difference in a column, in standard deviations of the real rows.
        chance: How many real records in one come so near to a synthetic row by themselves, at
            most; what was accepted is at most the rate of the monitor.

    Example:
        >>> Accusation(record=3, batch="a1", row=17, distance=0.0, chance=1e-9).row
        17
    """

    record: int
    batch: str
    row: int
    distance: float
    chance: float
