"""How the error of a model falls or rises with synthetic rows, and how many to take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .blend_point import BlendPoint


@dataclass(frozen=True, slots=True)
class BlendCurve:
    """The answer to how much synthetic beside real helps.

    Args:
        target: The column that is predicted.
        points: One for each share, that of 0 first.
        promising: The least share that does as well as the best, by the one-standard-error rule.
        rows: Real rows that the errors are of.
        folds: How many splits the bands rest on; 0 where they rest on separate test rows.

    Example:
        >>> curve = BlendCurve("y", (BlendPoint(0.0, 0.5, 0.0, (0.0, 0.0)),
        ...     BlendPoint(1.0, 0.4, 0.1, (0.04, 0.16))), promising=1, rows=60, folds=10)
        >>> curve.share
        1.0
        >>> print(curve.text)
        Take 1 synthetic row for each real one: predicting y, the error falls from 0.500 to 0.400 \
of a constant guess's (gain 0.100, 95 % band 0.040 to 0.160; 60 real rows, 10 splits).
    """

    target: str
    points: tuple[BlendPoint, ...]
    promising: int
    rows: int
    folds: int

    @property
    def share(self) -> float:
        """Synthetic rows to take for each real one; 0 where no gain is beyond chance."""
        point = self.points[self.promising]
        return point.share if point.helps else 0.0

    @property
    def text(self) -> str:
        """The answer in a sentence."""
        alone, point = self.points[0], self.points[self.promising]
        on = f"{self.rows} real rows" + (
            f", {self.folds} splits" if self.folds else " for the test"
        )
        band = f"95 % band {point.band[0]:.3f} to {point.band[1]:.3f}"
        if point.helps:
            return (
                f"Take {_rows(point.share)} for each real one: predicting {self.target}, the error "
                f"falls from {alone.error:.3f} to {point.error:.3f} of a constant guess's "
                f"(gain {point.gain:.3f}, {band}; {on})."
            )
        head = f"Take no synthetic rows to predict {self.target}: the real ones alone reach "
        head += f"{alone.error:.3f} of a constant guess's error, and "
        if self.promising:
            return (
                f"{head}{_rows(point.share)} for each real one would gain {point.gain:.3f}, which "
                f"is not beyond chance ({band}; {on})."
            )
        other = max(self.points[1:], key=lambda one: one.gain)
        band = f"95 % band {other.band[0]:.3f} to {other.band[1]:.3f}"
        return (
            f"{head}no share does clearly better ({_rows(other.share)} for each real one: gain "
            f"{other.gain:.3f}, {band}; {on})."
        )

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "target": self.target,
            "share": self.share,
            "promising": self.points[self.promising].share,
            "points": [point.to_dict() for point in self.points],
            "rows": self.rows,
            "splits": self.folds,
            "text": self.text,
        }


def _rows(share: float) -> str:
    return f"{share:g} synthetic row{'' if share == 1 else 's'}"
