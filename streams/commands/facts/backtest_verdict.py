"""A backtest in words: what was found, since when, and what chance would have found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .time_column import spoken

_PLANNER: Final = "planner"


def backtest_verdict(found: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict on what ``backtest`` found.

    Returns:
        ``tone`` (good, warning or bad), ``text``, and ``notes``: what limits the verdict.

    Example:
        >>> nothing = {"records": 900, "reference": {"first": 0, "last": 499}, "alarms": [],
        ...     "fidelity": [], "half_life": None, "false_alarms": 1e4, "keep": 0.9}
        >>> print(backtest_verdict(nothing)["text"])
        No drift in the 400 records after the reference.
    """
    watched = max(0, found["records"] - 1 - found["reference"]["last"])
    faults = [alarm for alarm in found["alarms"] if alarm["kind"] != _PLANNER]
    moves = len(found["alarms"]) - len(faults)
    if not watched:
        text = f"Nothing to say: all {found['records']:,} records are the reference."
        return {"tone": "warning", "text": text, "notes": []}
    text = _drift(faults, watched)
    if moves:
        text += f" The planner moved {_times(moves)}: that is no fault."
    named = len(found.get("contamination") or [])
    if named:
        many = "1 record is a row" if named == 1 else f"{named:,} records are rows"
        text += f" {many} of the batch that came back as real."
    fidelity, under = _fidelity(found)
    tone = "bad" if under or named else "warning" if faults else "good"
    return {
        "tone": tone,
        "text": f"{text} {fidelity}".strip(),
        "notes": _noise(found, faults, watched),
    }


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _drift(faults: list[Any], watched: int) -> str:
    if not faults:
        return f"No drift in the {watched:,} records after the reference."
    first = faults[0]
    times = [first.get("change_time"), first.get("time")]
    since, seen = (f", {spoken(time)}" if time else "" for time in times)
    what = first["text"].split(", since about record", 1)[0]
    if len(faults) == 1:
        said = (
            f"Changed once in {watched:,} records, at about record {first['change_point']:,}{since}"
        )
    else:
        said = (
            f"Changed {_times(len(faults))} in {watched:,} records, first at about record "
            f"{first['change_point']:,}{since}"
        )
    return f"{said} (seen at record {first['record']:,}{seen}): {what}."


def _fidelity(found: Mapping[str, Any]) -> tuple[str, bool]:
    """What the batch has kept, and whether it ended under its limit."""
    ticks = found["fidelity"]
    if not ticks:
        return "", False
    last = ticks[-1]
    low, high = last["retained_interval"]
    crossed = next((tick for tick in ticks if tick["under_limit"]), None)
    text = f"The batch has kept {last['retained']:.2f} of its fidelity ({low:.2f} to {high:.2f})"
    if crossed is None:
        return f"{text}: not under its limit of {found['keep']:g}, noise considered.", False
    text += f"; it fell under its limit of {found['keep']:g} at record {crossed['record']:,}."
    return text, bool(last["under_limit"])


def _noise(found: Mapping[str, Any], faults: list[Any], watched: int) -> list[str]:
    notes = []
    expected = watched / found["false_alarms"]
    promise = f"one in {found['false_alarms']:,.0f} records"
    if faults:
        chance = f"{expected:.2g}" if expected >= 0.01 else "under 0.01"
        notes.append(
            f"False alarms are promised at most {promise}: chance would give at most {chance} of "
            "them here."
        )
    else:
        notes.append(
            f"With at most one false alarm in {found['false_alarms']:,.0f} records, small changes "
            "need many records to be seen: what is quiet here may still move slowly."
        )
    half_life = found["half_life"] or {}
    if half_life.get("text"):
        notes.append(f"Forecast: {str(half_life['text']).rstrip('.')}.")
    return notes
