"""All measures of a report as rows of a table, group by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .axes import chance, plain, short

_RARE: Final = 0.01  # one in a hundred good batches would be as far from real rows


def measure_table(measures: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[dict[str, str]]]]:
    """Groups in the order of their first measure, each with its rows as texts.

    Args:
        measures: As the result has them; what is absent or None is a dash.

    Example:
        >>> measure_table([{"measure": "KS", "group": "columns", "value": 0.125}])[0][1][0]["value"]
        '0.125'
    """
    groups: dict[str, list[dict[str, str]]] = {}
    for each in measures:
        row = {key: _cell(each.get(key)) for key in ("value", "yardstick", "best")}
        p_value = each.get("p_value")
        row["p_value"] = chance(p_value)
        row["tone"] = "differs" if p_value is not None and p_value <= _RARE else ""
        unit = str(each.get("unit") or "1")
        for key in ("value", "yardstick"):
            row[key] += "" if unit == "1" or row[key] == "–" else f" {short(unit, 12)}"
        row["measure"] = short(str(each.get("title") or each["measure"]), 80)
        row["sentence"] = str(each.get("sentence") or each.get("reason") or "")
        groups.setdefault(str(each.get("group") or "others"), []).append(row)
    return list(groups.items())


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, list | tuple):
        return " to ".join(_cell(each) for each in value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return short(str(value), 40)
    return plain(float(f"{value:.3g}"))
