from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.monitors.components import Components
from halflife.monitors.cusum_mixture import CusumMixture
from halflife.monitors.cusum_paths import CusumPaths
from halflife.monitors.cusum_race import CusumRace
from halflife.monitors.readings import Readings, to_steps


@settings(deadline=None, max_examples=50, derandomize=True)
@given(st.integers(0, 10_000), st.integers(1, 64), st.integers(1, 5))
def test_paths_are_the_recursion(seed: int, records: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    paths = CusumPaths(records, size)
    for _ in range(2):  # the second run finds what the first has left behind
        increments = rng.integers(-50, 45, (records, size)).astype(np.int32)
        charges, start = rng.integers(0, 9, size), rng.integers(-20, 90, size).astype(np.int32)
        half = size // 2
        paths.run([increments[:, :half], increments[:, half:]], charges.astype(np.int32), start)
        by_hand, now = [], start
        for row in increments:
            now = np.maximum(now, 0) + row - charges
            by_hand.append(now)
        whole = np.array(by_hand)
        counts = np.arange(1, records + 1)[:, None]
        assert (paths.whole(slice(None)) == whole).all()
        assert (paths.last() == whole[-1]).all()
        assert (paths.highest() == whole.max(axis=0)).all()
        assert (paths.zeros() == np.where(whole <= 0, counts, 0).max(axis=0)).all()


def pair() -> list[CusumMixture]:
    return [
        CusumMixture(
            Components(
                np.arange(size),
                errors=np.full(size, 0.02),
                gains=np.full(size, 0.5),
                weights=np.ones(size),
            ),
            threshold=threshold,
        )
        for size, threshold in ((3, 3.0), (5, 4.0))
    ]


def readings_of(nats: np.ndarray) -> Readings:
    steps = to_steps(nats)
    return Readings(steps, np.arange(steps.size).reshape(steps.shape), np.ones_like(steps, bool))


@pytest.mark.parametrize("mean", [-2.0, 0.05])
def test_side_by_side_they_say_what_each_says_alone(mean: float) -> None:
    rng = np.random.default_rng(1)
    together, alone = pair(), pair()
    found: list[int] = []
    for n in (64, 1, 100, 300):
        readings = [readings_of(rng.normal(shift, 0.6, (k, n))) for k, shift in ((3, 0), (5, mean))]
        race = CusumRace(together, readings).run()
        single = [mixture.update(each) for mixture, each in zip(alone, readings, strict=True)]
        assert race == single
        found += [len(crossings) for crossings in race]
        assert [m.state() for m in together] == [m.state() for m in alone]
    assert sum(found) > 0


def test_those_that_saw_other_records_are_refused() -> None:
    mixtures = pair()
    readings = [readings_of(np.zeros((k, 4))) for k in (3, 5)]
    mixtures[0].update(readings[0])
    with pytest.raises(ValueError, match="same records"):
        CusumRace(mixtures, readings)
