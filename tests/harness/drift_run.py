"""What one detector did on one stream, and what many such runs come to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.harness.drift_streams import STREAM, ChangedStream
from tests.harness.intervals import Estimate, finite, median, rate, share


@dataclass(frozen=True)
class DriftRun:
    """One detector on one stream.

    Args:
        kind: Of the change.
        early: Alarms before the change; on an unchanged stream all of them.
        quiet: Records before the change.
        delay: Records from the change to the first alarm after it; infinite if none came.
        point_error: Estimated change point minus the true one, records; None if not said.
        named: Whether the first column named is the one that changed; None if none is named.
    """

    kind: str
    early: int
    quiet: int
    delay: float
    point_error: int | None = None
    named: bool | None = None


def run_of(kind: str, stream: ChangedStream, alarms: Sequence[int]) -> DriftRun:
    """Of the 0-based records at which a detector fired, in their order."""
    change = STREAM if stream.change is None else stream.change
    after = [record for record in alarms if record >= change]
    delay = float(after[0] - change) if after else math.inf
    return DriftRun(kind, len(alarms) - len(after), change, delay)


@dataclass(frozen=True)
class DriftSummary:
    """Many runs of one detector on one kind of change."""

    runs: int
    found: int
    delay: Estimate
    early: Estimate
    point_error: Estimate
    named: Estimate

    def data(self) -> dict[str, Any]:
        """As JSON carries it: a figure is its value, low and high; None is infinite or unknown."""
        figures = {"delay": self.delay, "early": self.early}
        figures |= {"point_error": self.point_error, "named": self.named}
        told = {name: finite(figure) for name, figure in figures.items()}
        return {"runs": self.runs, "found": self.found, **told}


def summary(runs: Sequence[DriftRun]) -> DriftSummary:
    """Found in how many, the median delay, alarms before the change in 100,000 records."""
    told = [run.named for run in runs if run.named is not None]
    return DriftSummary(
        runs=len(runs),
        found=sum(math.isfinite(run.delay) for run in runs),
        delay=median([run.delay for run in runs]),
        early=rate([run.early for run in runs], [run.quiet for run in runs]),
        point_error=median([abs(r.point_error) for r in runs if r.point_error is not None]),
        named=share(sum(told), len(told)),
    )
