"""A backtest as one page for the browser, that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from halflife.streams.commands.facts.time_column import spoken

from .axes import percent, plain, short
from .drift_strips import drift_strips
from .fidelity_age import PART_SIZE, part_age, retained_age
from .record_axis import RecordAxis
from .watched_columns import watched_columns
from .writer import drawn, write_page

_ALARMS: Final = 40
_CONTAMINATED: Final = 8
_MARKED: Final = 1000


def backtest_page(found: Mapping[str, Any]) -> str:
    """The page of a backtest, as HTML with its style and pictures inside.

    Args:
        found: What ``halflife backtest --json`` writes: everything is drawn from it.
    """
    named = [
        each["record"]
        for each in found.get("contamination") or []
        if isinstance(each, Mapping) and each.get("record", -1) in range(found["records"])
    ]
    axis = RecordAxis(
        *(found["records"], found["reference"]["last"], found["alarms"], found["time"]),
        synthetic=named[:_MARKED],
    )
    return write_page(
        "backtest.html",
        title=found["title"],
        records=found["records"],
        reference=found["reference"]["last"] + 1,
        verdict=found["verdict"],
        alarms=[_alarm(alarm) for alarm in found["alarms"][:_ALARMS]],
        more_alarms=max(0, len(found["alarms"]) - _ALARMS),
        **_watched(found, axis),
        **_fidelity(found, axis),
        drift=_drift(found, axis),
        notes=found["notes"],
        contamination=_contamination(found.get("contamination") or []),
    )


def _alarm(alarm: Mapping[str, Any]) -> dict[str, str]:
    said = alarm["text"].split(", since about record", 1)[0]
    if alarm.get("recipe") is not None:
        said += f" (recipe {short(str(alarm['recipe']), 40)})"
    numbers = [alarm.get(key) for key in ("statistic", "threshold")]
    known = [value for value in numbers if value is not None]
    return {
        "record": _place(alarm["record"], alarm.get("time")),
        "change": _place(alarm["change_point"], alarm.get("change_time")),
        "kind": str(alarm["kind"]),
        "columns": ", ".join(short(name, 40) for name in alarm["columns"][:8]),
        "text": said,
        "evidence": f"{known[0]:.1f} / {known[1]:.1f}" if len(known) == len(numbers) else "–",
    }


def _place(record: float, time: str | None) -> str:
    return f"{record:,}" + (f" · {short(spoken(time), 25)}" if time else "")


def _watched(found: Mapping[str, Any], axis: RecordAxis) -> dict[str, Any]:
    timeline = found["timeline"]
    if not timeline["columns"]:
        return {"watched": None, "watched_said": ""}
    panels = len(timeline["columns"])
    height = 70 + (170 if panels == 1 else 120) * panels + axis.height
    picture = watched_columns(timeline, axis)
    said = ""
    if timeline["more"] > 0:
        more = "1 more column" if timeline["more"] == 1 else f"{timeline['more']} more columns"
        said = f"{more} of the stream not drawn. "
    given = any(alarm["kind"] == "given-set-points" for alarm in found["alarms"])
    if given:
        said += (
            "A change given the set-points need not show in the column alone: the same set-points "
            "are answered otherwise."
        )
    return {
        "watched": drawn(picture.both((1060, height), (340, height))),
        "watched_said": said.strip(),
    }


def _fidelity(found: Mapping[str, Any], axis: RecordAxis) -> dict[str, Any]:
    ticks = found["fidelity"]
    if not ticks:
        return {"retained": None, "parts": [], "utility": []}
    keep, born = found["keep"], found["batch"]
    retained = retained_age(ticks, keep, axis)
    parts = []
    for part in dict.fromkeys(name for tick in ticks for name in tick["parts"]):
        having = [tick for tick in ticks if part in tick["parts"]]
        parts.append(
            {
                "name": f"{part}: {having[-1]['parts'][part]:.2f} at the end",
                "picture": drawn(part_age(part, having, keep, born).svg(*PART_SIZE)),
            }
        )
    return {
        "retained": drawn(retained.both((1060, 280), (340, 240))),
        "parts": parts,
        "utility": _utility(ticks[-1]),
    }


def _utility(last: Mapping[str, Any]) -> list[str]:
    gap = last.get("utility_gap")
    if gap is None:
        return []
    within = ""
    interval = last.get("utility_gap_interval")
    if interval is not None and None not in interval:
        within = f" ({percent(interval[0])} to {percent(interval[1])})"
    more = "more" if gap >= 0 else "less"
    return [
        f"At the end a model trained on the batch leaves {percent(abs(gap))} {more} "
        f"unexplained{within} than one trained on real rows."
    ]


def _drift(found: Mapping[str, Any], axis: RecordAxis) -> Any:
    kinds = found["drift"]["kinds"]
    if not kinds:
        return None
    height = 60 + 76 * len(kinds) + axis.height
    return drawn(drift_strips(found["drift"], axis).both((1060, height), (340, height)))


def _contamination(named: list[Any]) -> list[str]:
    """A line for each record that is a row of the batch, some of them where there are many."""
    lines = [_said(each) for each in named[:_CONTAMINATED]]
    if len(named) > len(lines):
        lines.append(f"{len(named) - len(lines):,} more are in the JSON.")
    return lines


def _said(each: Any) -> str:
    """What names a record that came back, however it is told."""
    if not isinstance(each, Mapping):
        return str(each)
    if {"record", "row", "distance"} <= each.keys():
        near = "exactly"
        if each["distance"]:
            near = f"{plain(each['distance'])} standard deviations away"
        place = f"Record {each['record']:,} is row {each['row']:,} of the batch"
        return f"{place}, {near}."
    if each.get("text"):
        return str(each["text"])
    return ", ".join(f"{key} {plain(v) if isinstance(v, float) else v}" for key, v in each.items())
