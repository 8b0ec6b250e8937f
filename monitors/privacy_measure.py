"""How near a batch comes to the rows that it was trained on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PrivacyMeasure:
    """How near synthetic rows come to training rows.

    Args:
        dcr_share: Share of synthetic rows that are nearer to a training row than to a held-out
            one; .5 is best, 1 a copy machine.
        copies: Synthetic rows equal to a training row, beyond what real replicates give.
        replicates: Share of held-out rows equal to a training row.
        equal_rows: Synthetic rows equal to a training row, all told.
    """

    dcr_share: float
    copies: int
    replicates: float
    equal_rows: int
