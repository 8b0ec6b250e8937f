"""A mixture of CUSUMs at its threshold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Crossing:
    """The mixture reached its threshold.

    Args:
        record: Index of the record, counted from the first that the mixture saw.
        change_point: First record after the leading CUSUM was last at zero.
        leader: Index of the CUSUM that leads.
        statistic: Log of the mixture, in nats.
        mean: Of the leader's amount since the change point, NaN where no cell was there.
        standing: Of all K CUSUMs, in nats; at least 0.
    """

    record: int
    change_point: int
    leader: int
    statistic: float
    mean: float
    standing: tuple[float, ...]
