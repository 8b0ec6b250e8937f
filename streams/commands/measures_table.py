"""The measures of a batch as a table for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from halflife.monitors.wording import with_unit

from .output import grid

if TYPE_CHECKING:
    from rich.table import Table

_RARE: Final = 0.01
"""P-values below which a batch is said to differ: one in a hundred good ones would."""


def measures_table(measures: Sequence[Mapping[str, Any]]) -> Table:
    """Value and yardstick of every measure that has one, group by group.

    Args:
        measures: As ``report --json`` has them.
    """
    numbers = ("value", "another real sample", "best", "p")
    table = grid("", "measure", *numbers, "", right=numbers)
    group = ""
    for found in measures:
        if found["value"] is None:
            continue
        table.add_row(
            "" if found["group"] == group else found["group"],
            found["title"],
            figure(found["value"], found["unit"]),
            figure(found["yardstick"], found["unit"]),
            figure(found["best"], "1"),
            figure(found["p_value"], "1"),
            _verdict(found["p_value"]),
        )
        group = found["group"]
    return table


def not_measured(measures: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each reason why measures have no value, with their titles.

    Example:
        >>> not_measured([{"title": "Copies", "value": None, "reason": "no training rows"}])
        ['not measured: Copies (no training rows)']
    """
    titles: dict[str, list[str]] = {}
    for found in measures:
        if found["value"] is None:
            titles.setdefault(found["reason"], []).append(found["title"])
    return [f"not measured: {', '.join(named)} ({reason})" for reason, named in titles.items()]


def figure(value: float | None, unit: str) -> str:
    """A number in few digits, with its unit unless it is a ratio; a dash for none.

    Example:
        >>> figure(0.01234, "sd"), figure(1.0, "1"), figure(2e-7, "1"), figure(None, "1")
        ('0.0123 sd', '1', '2e-07', '–')
    """
    if value is None:
        return "–"
    return with_unit(f"{value:.3g}", unit)


def _verdict(p_value: float | None) -> str:
    if p_value is None:
        return ""
    return "differs" if p_value <= _RARE else "like real"
