"""What a source said, as the records of a stream."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from halflife.schemas.near import did_you_mean
from halflife.schemas.record import ExperimentRecord
from halflife.schemas.sources.source_plan import SourcePlan
from halflife.schemas.stream_plan import StreamPlan

from .flat import flat
from .gap import Gap
from .listening import Heard
from .record_maker import RecordMaker
from .refusal import Refusal


@dataclass
class Understanding:
    """Records, refusals, and how well the columns of a stream fit what the source says.

    Args:
        records: Each with its address.
        refusals: What would go to the dead letters.
        gaps: What nobody would know.
        paths: Where the source has each column.
        units: Of the source, by column, where it says them.
        left_out: Paths that no column takes, and how often they came.
        remarks: What does not fit, each as a sentence.
    """

    records: list[tuple[ExperimentRecord, str]] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    paths: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def understand(
    heard: Heard, plan: SourcePlan, stream: StreamPlan, *, clock: Callable[[], float] = time.time
) -> Understanding:
    """What the connect worker would make of it.

    Args:
        heard: What the source said.
        plan: Of the source.
        stream: That its records belong to.
        clock: Seconds since 1970 in UTC.

    Raises:
        LabFileError: For columns or a time zone of the source that there are not.
    """
    found = Understanding()
    maker = RecordMaker(plan, stream, clock=clock)
    for item in heard.items:
        made = item if isinstance(item, Refusal | Gap) else maker.take(item)
        if isinstance(made, Refusal):
            found.refusals.append(made)
        elif isinstance(made, Gap):
            found.gaps.append(made)
        else:
            found.records.append((made, getattr(item, "address", "")))
    names = stream.table.names
    found.paths = {n: plan.columns[n].path if n in plan.columns else n for n in names}
    said = Counter(path for arrival in heard.arrivals for path, _ in flat(arrival.values))
    told: dict[str, Any] = {}
    for arrival in heard.arrivals:
        told |= dict(arrival.units)
    found.units = {name: told[path] for name, path in found.paths.items() if path in told}
    used = {*found.paths.values(), plan.time_from, plan.id_from}
    used |= {plan.instrument_from, plan.recipe_from}
    found.left_out = {path: times for path, times in said.items() if path not in used}
    if heard.arrivals:
        found.remarks = [
            f"column {name}: the source has nothing at {path!r}{did_you_mean(path, found.left_out)}"
            for name, path in found.paths.items()
            if not said[path]
        ]
    return found
