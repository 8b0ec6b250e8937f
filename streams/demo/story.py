"""The story that the demo should tell, judged on what stands in Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from halflife.schemas.messages import SyntheticBatch

from .campaigns import CHANGE, LAMP_FROM, RECORDS
from .chapter import Chapter

TICK: Final = 100
"""Records from one fidelity tick to the next."""


def unmet(opv: Chapter, hplc: Chapter) -> list[str]:
    """What should have happened and has not; empty when the story went as it should."""
    return [*_solar_cells(opv), *_chromatograph(hplc), *_to_the_end(opv), *_to_the_end(hplc)]


def _to_the_end(chapter: Chapter) -> Iterator[str]:
    """Whether the last tick that the records allow has been measured."""
    last = max((report.record for report in chapter.reports), default=0)
    if last + TICK < RECORDS[chapter.stream]:
        yield f"{chapter.stream}: fidelity measured up to the last records (until {last:,} now)"


def skills(opv: Chapter) -> tuple[float, float] | None:
    """Skill on new records of models trained on the old batch and on the new one.

    The old batch as it was last measured before it was replaced, the new one as it was measured
    last; skill is the share of the variance of ranks that is explained.
    """
    new = _drift_batch(opv)
    if new is None or new.supersedes is None:
        return None
    before = [r.tstr for r in opv.reports_of(new.supersedes) if r.record >= CHANGE and r.tstr]
    after = [r.tstr for r in opv.reports_of(new.batch_id) if r.tstr]
    return (before[-1], after[-1]) if before and after else None


def _drift_batch(opv: Chapter) -> SyntheticBatch | None:
    answered = {o.request_id for o in opv.outcomes if o.cause == "drift"}
    return next((b for b in opv.batches if b.request_id in answered), None)


def _solar_cells(opv: Chapter) -> Iterator[str]:
    if not opv.batches or opv.requests[0].record >= CHANGE:
        yield "opv: a first batch made from the reference"
        return
    if any(alarm.record < CHANGE for alarm in opv.drifts):
        yield f"opv: no drift alarm in the records before {CHANGE:,}"
    right = [
        alarm
        for alarm in opv.drifts
        if alarm.record >= CHANGE
        and alarm.evidence["kind"] == "given-set-points"
        and alarm.evidence["columns"] == ["degradation"]
    ]
    if not right:
        yield "opv: an alarm for drift of degradation given the set-points"
        return
    near = min(abs(int(alarm.evidence["change_point"]) - CHANGE) for alarm in right)
    if near > 100:
        yield f"opv: a change point within 100 records of {CHANGE:,} (off by {near})"
    fallen = [r for r in opv.reports if r.record > CHANGE and r.retained_part == "predictive"]
    if not any(r.retained < 0.9 for r in fallen):
        yield "opv: predictive fidelity fallen under .9 of its value at birth"
    if _drift_batch(opv) is None:
        yield "opv: a new batch made after the change"
        return
    skill = skills(opv)
    if skill is None:
        yield "opv: the skill of the old and of the new batch on records after the change"
    elif skill[1] <= skill[0]:
        yield f"opv: more skill with the new batch ({skill[1]:.2f}) than the old ({skill[0]:.2f})"


def _chromatograph(hplc: Chapter) -> Iterator[str]:
    if not hplc.batches:
        yield "hplc: a first batch"
    if not any(r.half_life_records is not None for r in hplc.reports):
        yield "hplc: a half-life of the batch while the lamp ages"
    if not any(r.expiry_records is not None for r in hplc.reports):
        yield "hplc: a forecast of its expiry"
    if any(alarm.record < LAMP_FROM for alarm in hplc.drifts):
        yield f"hplc: no drift alarm before the lamp ages (record {LAMP_FROM})"
    if not any("peak_area" in alarm.evidence["columns"] for alarm in hplc.drifts):
        yield "hplc: an alarm for drift of peak_area given the set-points"
