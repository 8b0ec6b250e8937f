"""What one part of the fidelity says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import numpy as np

from halflife.schemas.table import FloatArray

from .samples import Samples


@dataclass(frozen=True, slots=True)
class PartScore:
    """A part of the fidelity with its noise.

    Args:
        raw: The score before it is cut to [0, 1]; None where the part has no meaning.
        lower_band: The score that 95 % of fresh real samples reach.
        replicates: The score at bootstrapped rows, shape (r,). Two scores at the same real rows
            and seed drew the same real rows, so the spread of ``a.replicates - b.replicates`` is
            the noise of a paired comparison.
        details: Figures of the part, by name.

    Example:
        >>> score = PartScore(1.02, 0.9, np.array([0.97, 1.07]))
        >>> score.value, round(score.error, 3), score.band
        (1.0, 0.071, (0.9, 1.0))
    """

    raw: float | None
    lower_band: float
    replicates: FloatArray
    details: Mapping[str, float] = field(default_factory=dict)

    @property
    def value(self) -> float:
        """The score in [0, 1]."""
        return float(np.clip(0.0 if self.raw is None else self.raw, 0.0, 1.0))

    @property
    def error(self) -> float:
        """Standard error of the score before it is cut."""
        return float(self.replicates.std(ddof=1))

    @property
    def band(self) -> tuple[float, float]:
        """Where 95 % of fresh real samples score.

        About half of them score 1 once cut, so the interval that holds 95 % ends there.
        """
        return float(np.clip(self.lower_band, 0.0, 1.0)), 1.0


class FidelityPart(Protocol):
    """One way to look at real beside synthetic rows."""

    name: ClassVar[str]

    def score(self, samples: Samples) -> PartScore:
        """1 is as good as another real sample of that size, 0 knows nothing."""
