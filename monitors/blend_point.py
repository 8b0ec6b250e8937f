"""What one share of synthetic rows beside the real ones does to the error of a model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BlendPoint:
    """One amount of synthetic rows.

    Args:
        share: Synthetic rows for each real one.
        error: Mean error of the model beside that of a constant guess: 0 is the truth, 1 as bad.
        gain: By how much the error is below that without synthetic rows.
        band: Of the gain, 95 %.
    """

    share: float
    error: float
    gain: float
    band: tuple[float, float]

    @property
    def helps(self) -> bool:
        """Whether the whole band of the gain is above 0."""
        return self.band[0] > 0.0

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        return {
            "share": self.share,
            "error": self.error,
            "gain": self.gain,
            "band": list(self.band),
        }
