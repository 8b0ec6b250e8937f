"""What an alarm of a detector means."""

from __future__ import annotations

from dataclasses import dataclass

from halflife.schemas.table import Column

from .suspect import Suspect
from .wording import change, with_unit


@dataclass(frozen=True, slots=True)
class Finding:
    """What an alarm says beside where it fired; see `DriftAlarm`.

    Args:
        columns: The one that changed, then those it is told beside.
        direction: ``"up"``, ``"down"``, ``"spread"``, ``"tail"`` or ``"other"``.
        size: In the unit of the column, where that has a meaning.
        text: One sentence.
        kind: Where it is not that of the detector.
    """

    columns: tuple[str, ...]
    direction: str
    size: float | None
    text: str
    kind: str | None = None


def shifted(suspect: Suspect, column: Column, extremes: tuple[float, float]) -> Finding:
    """That a column is higher, lower, scatters otherwise, or has stray values.

    Args:
        suspect: What has changed, by itself.
        column: Its column.
        extremes: The least and the largest value that the column had.
    """
    direction = suspect.shift.direction
    if direction == "tail":
        low, high = (f"{value:.4g}" for value in extremes)
        text = f"has stray values, often below {low} or above {with_unit(high, column.unit)}"
    else:
        wider = suspect.shift.variance > 1
        text = change(direction, wider=wider, size=suspect.size, column=column)
    return Finding(
        columns=(column.name,),
        direction=direction,
        size=suspect.size if suspect.is_shift else None,
        text=f"{column.name} {text}",
        kind="tail" if direction == "tail" else None,
    )
