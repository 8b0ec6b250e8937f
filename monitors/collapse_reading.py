"""What a guard says of one generation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class CollapseReading:
    """One generation beside the first of its epoch.

    Args:
        generation: Counted from 1 in each epoch.
        ratio: Its loss over that of the first: 1 is no loss, 1.03 is 3 % more.
        error: Standard error of the ratio over the validation rows.
        beyond: Whether it has lost more than is tolerated, beyond noise.
        collapsed: Whether the one before it had as well.

    Example:
        >>> CollapseReading(3, 1.05, 0.01, beyond=True, collapsed=False).text
        'generation 3 describes real rows worse than the first by 5.0 % (standard error 1.0 %)'
    """

    generation: int
    ratio: float
    error: float
    beyond: bool
    collapsed: bool

    @property
    def text(self) -> str:
        """In one sentence without a full stop."""
        if self.generation == 1:
            return "generation 1 sets the standard for those after it"
        lost = self.ratio - 1.0
        how = "worse" if lost > 0.0 else "better"
        return (
            f"generation {self.generation} describes real rows {how} than the first by "
            f"{abs(lost) * 100:.1f} % (standard error {self.error * 100:.1f} %)"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """What ``to_dict`` gave."""
        return cls(**plain)
