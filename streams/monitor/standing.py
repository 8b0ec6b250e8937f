"""Whether the synthetic data of a stream can be trusted now, in words for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

Tone = Literal["good", "warning", "bad", "idle"]


class Standing(NamedTuple):
    """How a stream stands.

    Attributes:
        tone: good: use the batch; warning: use it, but look; bad: do not; idle: nothing to use yet.
        text: A few words, without a full stop.
        detail: One sentence on how sure that is and what comes next, without a full stop; may be
            empty.
    """

    tone: Tone
    text: str
    detail: str = ""


def standing_of(view: Mapping[str, Any]) -> Standing:
    """How a stream stands.

    Args:
        view: What the board says of it.

    Example:
        >>> standing_of({"records": 320, "phase": "warming", "reference": 500}).text
        'Learning what is normal: 320 of 500 records'
    """
    if not view["records"]:
        return Standing("idle", "Waiting for the first record")
    phase = view["phase"]
    if phase == "warming":
        text = f"Learning what is normal: {view['records']:,} of {view['reference']:,} records"
        return Standing("idle", text)
    if phase == "changed":
        return Standing("bad", *_changed(view))
    if view.get("batch") is None:
        making = view.get("pending") is not None
        text = "The first batch is being made" if making else "There is no synthetic batch yet"
        return Standing("idle", text)
    return _of_batch(view)


def _changed(view: Mapping[str, Any]) -> tuple[str, str]:
    since = (view.get("change") or {}).get("change_point")
    when = "" if since is None else f" at about record {since:,}"
    text = f"Do not use: the instrument or the chemistry changed{when}"
    if view.get("held"):
        return text, "A new batch waits for a person to approve it"
    if view.get("pending") is not None:
        return text, "A new batch is being made"
    after, needed = view.get("records_since"), view.get("min_rows")
    if after is None or needed is None or after >= needed:
        return text, ""
    return text, f"A new batch can be made from {needed:,} records since then; {after:,} are there"


def _of_batch(view: Mapping[str, Any]) -> Standing:
    """While nothing has changed, the latest measure of the batch decides."""
    report = view.get("report") or {}
    making = _next_batch(view)
    if report.get("batch_id") != view["batch"]["batch_id"]:
        return Standing("good", "Can be trusted", _joined("A new batch, not measured yet", making))
    if report["under_limit"]:
        kept = f"Its {report['retained_part']} fidelity kept {report['retained']:.2f} of what it"
        kept += f" was at birth; {view['keep']:g} is promised"
        return Standing("bad", "Do not use: the batch has gone stale", _joined(kept, making))
    detail = _joined(_future(report, view.get("pace")), making)
    left = _left(report)
    if left is not None and left <= view["lead"]:
        return Standing("warning", f"Can be trusted for about {left:,} more records", detail)
    worries = [kind.replace("-", " ") for kind in view.get("worries", ())]
    if worries:
        text = f"Can be trusted, but look at the alert: {', '.join(worries)}"
        return Standing("warning", text, detail)
    return Standing("good", "Can be trusted", detail)


def _next_batch(view: Mapping[str, Any]) -> str:
    """What becomes of the next batch, where there is something to say."""
    if view.get("pending") is not None:
        return "A new batch is being made"
    if (view.get("guard") or {}).get("halted"):
        return "Regeneration is halted until there is more real data"
    left = (view.get("rests_until") or 0) - view["records"]
    return f"A challenger waits for about {left:,} more records" if left > 0 else ""


def _future(report: Mapping[str, Any], pace: float | None) -> str:
    """How fast the batch decays, and when it will be stale."""
    half, left = report["half_life_records"], _left(report)
    if half is None and left is None:
        return f"No decay seen in {report['age_records']:,} records"
    expires = ""
    if left is not None:
        within = f"{duration(left / pace)} at today's rate" if pace else f"{_rounded(left)} records"
        expires = f"expires in about {within}"
    if half is None:
        return expires.capitalize()
    return "; ".join(filter(None, [f"Half-life about {_rounded(half)} records", expires]))


def _left(report: Mapping[str, Any]) -> int | None:
    expiry: float | None = report["expiry_records"]
    return None if expiry is None else max(0, round(expiry - report["age_records"]))


def _joined(*parts: str) -> str:
    return ". ".join(part for part in parts if part)


def _rounded(count: float) -> str:
    """Two digits are all that a forecast is worth.

    Example:
        >>> _rounded(4137.2)
        '4,100'
    """
    whole = round(count)
    return f"{round(whole, 2 - len(str(whole))):,}"


def duration(seconds: float) -> str:
    """A length of time in one unit, as people say it.

    Example:
        >>> duration(6.2 * 86400), duration(7200), duration(59.7)
        ('6 days', '2 hours', '60 seconds')
    """
    size, unit = next((each for each in _UNITS if seconds >= 1.5 * each[0]), _UNITS[-1])
    count = round(seconds / size)
    return f"{count:,} {unit}{'' if count == 1 else 's'}"


_UNITS: Final = ((86_400.0, "day"), (3600.0, "hour"), (60.0, "minute"), (1.0, "second"))
