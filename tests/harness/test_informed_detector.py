from __future__ import annotations

import math

import numpy as np
import pytest

from halflife.monitors.drift import Drift
from tests.harness.drift_streams import CHANGES, UNCHANGED, changed_stream, table_of
from tests.harness.informed_detector import InformedDetector


def test_its_overshoot_is_that_of_a_random_walk() -> None:
    """Siegmund (1985), chapter 8: of a shift m in one column about exp(.583 m)."""
    detector = InformedDetector("mean +.5 sigma", 1, 3_000)
    assert detector.overshoot(200, chains=2_000) == pytest.approx(math.exp(0.583 / 2), rel=0.03)
    assert detector.threshold == pytest.approx(3_000 * math.exp(-0.583 / 2), rel=0.1)


@pytest.mark.parametrize("kind", CHANGES)
def test_it_finds_every_kind_of_change(kind: str) -> None:
    detector = InformedDetector(kind, 4, 300)
    delays = [detector.delay(changed_stream(kind, 4, seed)) for seed in range(3)]
    assert all(0 <= delay < 1_000 for delay in delays)


def test_nothing_comes_after_the_end_of_an_unchanged_stream() -> None:
    detector = InformedDetector("mean +.5 sigma", 4, 1_000)
    assert detector.delay(changed_stream(UNCHANGED, 4, 0)) == math.inf


def test_who_is_told_all_is_sooner_than_who_must_learn() -> None:
    detector = InformedDetector("mean +.5 sigma", 8, 1_000)
    told, learnt = [], []
    for seed in range(20):
        stream = changed_stream("mean +.5 sigma", 8, seed)
        drift = Drift(table_of(8), false_alarms=1_000)
        drift.fit(stream.reference)
        assert stream.change is not None
        after = [a.record - stream.change for a in drift.update(stream.stream)]
        learnt.append(min(delay for delay in after if delay >= 0))
        told.append(detector.delay(stream))
    assert np.mean(told) < np.mean(learnt)
