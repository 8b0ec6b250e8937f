"""What a column of a lab table is: its role, its kind, its unit and its physical range."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a column does in an experiment.

    The planner chooses a *set-point*; a *measured* column answers; a *derived* column follows
    from others by a law; *context* says where and who (instrument, operator, lot).
    """

    SET_POINT = "set-point"
    MEASURED = "measured"
    DERIVED = "derived"
    CONTEXT = "context"


class Kind(StrEnum):
    """What the cells of a column hold."""

    NUMBER = "number"
    INTEGER = "integer"
    CATEGORY = "category"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its name, role, kind, unit and the range that is physically possible.

    Args:
        name: As it is called in the records.
        role: What it does in the experiment.
        kind: What its cells hold.
        unit: Of its numbers, as the lab writes it; ``"1"`` for none.
        minimum: Smallest value that is physically possible, in ``unit``; None for no limit.
        maximum: Largest value that is physically possible, in ``unit``; None for no limit.

    Raises:
        ValueError: For an empty name, for a range that is empty, and for a range of a category.

    Example:
        >>> Column(name="temperature", role=Role.SET_POINT, unit="K", minimum=0).is_number
        True
    """

    name: str
    role: Role = Role.MEASURED
    kind: Kind = Kind.NUMBER
    unit: str = "1"
    minimum: float | None = None
    maximum: float | None = None

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a column needs a name, and this one is empty")
        limited = self.minimum is not None or self.maximum is not None
        if limited and self.kind is Kind.CATEGORY:
            raise ValueError(f"column {self.name!r} is a category: it has no min and no max")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(
                f"column {self.name!r}: min {self.minimum:g} is above max {self.maximum:g}"
            )

    @property
    def is_number(self) -> bool:
        """Whether its cells are numbers, integers among them."""
        return self.kind is not Kind.CATEGORY
