from __future__ import annotations

import math

import numpy as np
import pytest

from tests.bench.drift_given_set_points import watch, watch_solar
from tests.harness.real_streams import DataNotHereError
from tests.harness.set_point_streams import (
    CHANGED_INSTRUMENT,
    MOVES,
    REFERENCE,
    STREAM,
    UNCHANGED_INSTRUMENT,
    set_point_stream,
)


@pytest.mark.parametrize("name", UNCHANGED_INSTRUMENT | CHANGED_INSTRUMENT)
def test_campaigns_say_what_happens_in_them(name: str) -> None:
    made = set_point_stream(name, 3)
    assert (len(made.reference), len(made.stream)) == (REFERENCE, STREAM)
    assert (made.change is None) == (name in UNCHANGED_INSTRUMENT) == (made.size == 0)
    x = made.stream.matrix([f"s{j}" for j in range(3)])
    assert 0 <= x.min() <= x.max() <= 1
    assert made.stream.digest() == set_point_stream(name, 3).stream.digest()


def test_where_the_planner_goes() -> None:
    narrow, leaving = set_point_stream("planner narrows", 0), set_point_stream("planner leaves", 0)
    assert narrow.reference.number("s0").min() < 0.1
    assert narrow.stream.number("s0")[MOVES:].min() >= 0.6
    assert narrow.stream.number("s0")[:MOVES].min() < 0.1
    assert leaving.reference.number("s0").max() < 0.6
    assert leaving.stream.number("s0")[MOVES + 1000 :].min() >= 0.4


def test_a_gain_that_falls_takes_five_per_cent() -> None:
    made = set_point_stream("gain -5 %", 1)
    assert made.change is not None
    # The planner's window goes round once in 2,000 records: whole rounds compare like with like.
    before = made.stream.number("y0")[: made.change][-1000:].mean()
    after = made.stream.number("y0")[made.change :][1000:2000].mean()
    assert after / before == pytest.approx(0.95, abs=0.02)
    assert made.size == pytest.approx(-0.05 * np.mean([before, after]), rel=0.1)
    assert set_point_stream("gain -5 %, one of six", 1).stream.numbers.shape[1] == 9


def test_a_gain_that_falls_is_found_by_name() -> None:
    run = watch(("gain -5 %, solvents", 0))
    assert run.delay < 100
    assert run.named
    assert run.size == pytest.approx(1.0, abs=0.5)


def test_another_polymer_is_found_given_the_set_points() -> None:
    try:
        early, delay = watch_solar(("given the set-points", 0))
    except DataNotHereError as error:
        pytest.skip(str(error))
    assert early == 0
    assert math.isfinite(delay)
