"""What a contest of generators is decided by: told apart, too near, copied, of use to models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

MOST_AREA: Final = 0.6
"""What real rows have is 1/2, as they are told from real rows drawn at random."""
MOST_NEAR: Final = 0.6


@dataclass(frozen=True)
class ContestScores:
    """How well synthetic rows did beside rows held out.

    Args:
        area: Under the ROC curve of a classifier that tells them from held-out rows; .5 best.
        near: Share that is nearer to a training than to a held-out row; .5 best.
        copies: Rows that equal a training row, beyond those that replicates explain.
        lost: Skill at the target that models lack which are trained on them, beside those trained
            on real rows; 0 without a target.

    Example:
        >>> ContestScores(area=.63, near=.58, copies=0, lost=.05).loss
        0.08
        >>> ContestScores(area=.58, near=.60, copies=0, lost=.01).met
        True
    """

    area: float
    near: float
    copies: float
    lost: float

    @property
    def text(self) -> str:
        """All four, for people."""
        return f"{self.area:.2f}, {self.near:.2f}, {self.copies:g}, {self.lost:.2f}"

    @property
    def missed(self) -> float:
        """How far area and share are above .6, and 1 more where there are copies."""
        over = max(0.0, self.area - MOST_AREA) + max(0.0, self.near - MOST_NEAR)
        return over + (1.0 if self.copies else 0.0)

    @property
    def met(self) -> bool:
        """Whether area, share and copies are all as they should be."""
        return self.missed <= 0.0

    @property
    def loss(self) -> float:
        """What counts: what is missed, and the skill that is lost."""
        return round(self.missed + max(0.0, self.lost), 6)

    @classmethod
    def mean(cls, scores: Sequence[Self]) -> Self:
        """Of several."""
        names = ("area", "near", "copies", "lost")
        return cls(*(float(np.mean([getattr(one, name) for one in scores])) for name in names))
