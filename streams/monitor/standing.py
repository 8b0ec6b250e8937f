"""Whether the synthetic data of a stream can be trusted now, in one line for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Tone = Literal["good", "warning", "bad", "idle"]


class Standing(NamedTuple):
    """How a stream stands.

    Attributes:
        tone: good: use the batch; warning: use it, but look; bad: do not; idle: nothing to use yet.
        text: One sentence without a full stop.
    """

    tone: Tone
    text: str


def standing_of(view: Mapping[str, Any]) -> Standing:
    """How a stream stands.

    Args:
        view: What the board says of it.

    Example:
        >>> standing_of({"records": 320, "phase": "warming", "reference": 500}).text
        'Learning the reference: 320 of 500 records'
    """
    if not view["records"]:
        return Standing("idle", "Waiting for the first record")
    phase, making = view["phase"], view.get("pending") is not None
    if phase == "warming":
        text = f"Learning the reference: {view['records']:,} of {view['reference']:,} records"
        return Standing("idle", text)
    if phase == "changed":
        since = (view.get("change") or {}).get("change_point")
        when = "" if since is None else f" at about record {since:,}"
        return Standing("bad", f"The instrument or the chemistry changed{when}")
    if view.get("batch") is None:
        text = "The first batch is being made" if making else "There is no synthetic batch yet"
        return Standing("idle", text)
    return _of_batch(view, making)


def _of_batch(view: Mapping[str, Any], making: bool) -> Standing:
    """While nothing has changed, the latest measure of the batch decides."""
    batch, reports = view["batch"]["batch_id"], view.get("reports") or [{}]
    report = reports[-1]
    being_made = "; a challenger is being made" if making else ""
    if report.get("batch_id") != batch:
        return Standing("good", f"A new batch is in circulation, not measured yet{being_made}")
    if report["under_limit"]:
        kept = (
            f"{report['retained_part']} fidelity kept {report['retained']:.2f} of its birth value"
        )
        return Standing("bad", f"Replace the synthetic data: {kept}{being_made}")
    if report["expiry_records"] is not None:
        left = max(0, round(report["expiry_records"] - report["age_records"]))
        if left <= view["reference"]:
            text = f"The synthetic data can be trusted for about {left:,} more records"
            return Standing("warning", text + being_made)
    return Standing("good", f"The synthetic data can be trusted{being_made}")
