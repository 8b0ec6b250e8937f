"""What a drift detector says when it fires."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DriftAlarm:
    """One alarm: where it fired, since when, in which columns, how strongly, and in words.

    Args:
        record: 0-based index, counted since the fit, of the record at which it fired.
        change_point: Estimated 0-based index since the fit of the first record after the change;
            at most ``record``, and it may be 0.
        kind: ``"column"``, ``"joint"``, ``"category"``, ``"tail"``, ``"given-set-points"``,
            ``"missing"``, or ``"planner"``, which is information and no fault.
        columns: The column that changed first, then those it is told beside.
        statistic: Log of the mixture of e-values when it fired, in nats.
        threshold: What the statistic reached, in nats; see `DetectorGroup`.
        direction: ``"up"``, ``"down"``, ``"spread"``, ``"tail"`` or ``"other"``.
        size: Shift of the mean since the change point, in the unit of the column (a share for
            categories and missing cells); None where that has no meaning.
        text: One sentence.
        recipe: That the record ran under, where a `RecipeDrift` tells them apart.

    Example:
        >>> alarm = DriftAlarm(record=40, change_point=30, kind="column", columns=("pressure",),
        ...                    statistic=9.5, threshold=9.2, direction="up", size=1.5,
        ...                    text="pressure is higher, by about 1.5 bar")
        >>> alarm.is_fault, alarm.record - alarm.change_point
        (True, 10)
    """

    record: int
    change_point: int
    kind: str
    columns: tuple[str, ...]
    statistic: float
    threshold: float
    direction: str
    size: float | None
    text: str
    recipe: str | None = None

    @property
    def is_fault(self) -> bool:
        """Whether it speaks of the instrument; a planner that moves is no fault."""
        return self.kind != "planner"
