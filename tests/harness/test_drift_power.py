from __future__ import annotations

import math

from tests.bench.drift_power import ours
from tests.harness.drift_streams import CHANGES, UNCHANGED


def test_every_kind_of_change_is_found() -> None:
    runs = {run.kind: run for run in ours((8, 0))}
    assert set(runs) == {*CHANGES, UNCHANGED}
    assert all(math.isfinite(runs[kind].delay) for kind in CHANGES)
    assert runs["mean +1 sigma"].delay < 60
    assert runs["mean +1 sigma"].named
    assert sum(run.early for run in runs.values()) <= 5
