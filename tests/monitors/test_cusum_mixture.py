from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.monitors.components import Components
from halflife.monitors.cusum_mixture import SEGMENT, Crossing, CusumMixture
from halflife.monitors.readings import STEP, Readings, to_steps


def readings_of(nats: np.ndarray) -> Readings:
    steps = to_steps(nats)
    return Readings(steps, np.arange(steps.size).reshape(steps.shape), np.ones_like(steps, bool))


def by_hand(mixture: CusumMixture, readings: Readings) -> list[tuple[int, int, int]]:
    """(record, change point, leader) of each alarm, one record and one CUSUM at a time."""
    size, n = readings.increments.shape
    errors = mixture.components.errors
    gains = np.exp(mixture.components.gains)
    cusums, since, charges = [0] * size, [0] * size, [0] * size
    found = []

    def charge(t: int) -> list[int]:
        half = (SEGMENT + 1) / 2
        ages = [half + (t - since[k] if cusums[k] > 0 else 0) for k in range(size)]
        nats = [errors[k] * min(errors[k] * ages[k], mixture.caution) for k in range(size)]
        return [math.ceil(value / STEP) for value in nats]

    for t in range(n):
        if t % SEGMENT == 0:
            charges = charge(t)
        for k in range(size):
            cusums[k] = max(cusums[k], 0) + int(readings.increments[k, t]) - charges[k]
            if cusums[k] <= 0:
                since[k] = t + 1
        terms = [
            gains[k] * (math.expm1(s * STEP) - s * STEP)
            for k, s in enumerate(max(s, 0) for s in cusums)
        ]
        if math.log1p(sum(terms) / size) >= mixture.threshold:
            leader = int(np.argmax(terms))
            found.append((t, since[leader], leader))
            cusums, since = [0] * size, [t + 1] * size
            charges = charge(t + 1)
    return found


@settings(deadline=None, max_examples=50, derandomize=True)
@given(st.integers(0, 10_000), st.integers(1, 4), st.lists(st.integers(0, 300), max_size=5))
def test_it_is_the_recursion_in_whatever_cuts(seed: int, size: int, cuts: list[int]) -> None:
    rng = np.random.default_rng(seed)
    components = Components(
        owners=np.arange(size), errors=rng.uniform(0, 0.05, size), gains=rng.uniform(0, 2, size)
    )
    readings = readings_of(rng.normal(0.05, 0.6, (size, 300)))
    mixture = CusumMixture(components, threshold=4.0)
    expected = by_hand(mixture, readings)
    found: list[Crossing] = []
    edges = [0, *sorted(cuts), 300]
    for first, last in itertools.pairwise(edges):
        part = slice(first, last)
        found += mixture.update(
            Readings(
                readings.increments[:, part], readings.amounts[:, part], readings.present[:, part]
            )
        )
    assert [(c.record, c.change_point, c.leader) for c in found] == expected
    for crossing in found:
        amounts = readings.amounts[crossing.leader, crossing.change_point : crossing.record + 1]
        assert crossing.mean == pytest.approx(amounts.mean())


def test_run_length_of_one_cusum_is_that_of_theory() -> None:
    """For Gaussian log-ratios of a shift d, Siegmund (1985): (exp(b) - b - 1) 2 / d^2,
    b = h + 2 * .583 d with h in units of the log-ratio / d; the mixture counts without the .583."""
    shift = 0.5
    components = Components(
        owners=np.zeros(1, dtype=np.int64),
        errors=np.zeros(1),
        gains=np.array([math.log(2 / shift**2)]),
    )
    mixture = CusumMixture(components, threshold=math.log(500))
    z = np.random.default_rng(1).normal(size=(1, 400_000))
    alarms = len(mixture.update(readings_of(shift * z - shift**2 / 2)))
    run_length = z.size / alarms
    height = float(np.log(500 * shift**2 / 2))  # exp(h) - h - 1 is about 500 / G
    barrier = math.log(math.exp(height) + height + 1) + 2 * 0.583 * shift
    assert run_length == pytest.approx((math.exp(barrier) - barrier - 1) * 2 / shift**2, rel=0.15)
    assert run_length > 500


def test_it_goes_on_from_its_state() -> None:
    rng = np.random.default_rng(3)
    components = Components(owners=np.arange(3), errors=np.full(3, 0.01), gains=np.ones(3))
    mixture, other = (CusumMixture(components, threshold=9.0) for _ in range(2))
    mixture.update(readings_of(rng.normal(size=(3, 100))))
    other.restore(mixture.state())
    more = readings_of(rng.normal(0.1, 1.0, (3, 200)))
    assert mixture.update(more) == other.update(more)
    assert mixture.state() == other.state()
    assert mixture.seen == 300
