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
from halflife.monitors.shift import SHIFTS, Shift


def readings_of(nats: np.ndarray) -> Readings:
    steps = to_steps(nats)
    return Readings(steps, np.arange(steps.size).reshape(steps.shape), np.ones_like(steps, bool))


def by_hand(mixture: CusumMixture, readings: Readings) -> list[tuple[int, int, int]]:
    """(record, change point, leader) of each alarm, one record and one CUSUM at a time."""
    size, n = readings.increments.shape
    errors = mixture.components.errors
    gains = np.exp(mixture.components.gains) * mixture.components.weights
    gains /= mixture.components.weights.sum()
    cusums, since, charges = [0] * size, [0] * size, [0] * size
    found = []

    def charge(t: int) -> list[int]:
        half = (SEGMENT + 1) / 2
        ages = [half + (t - since[k] if cusums[k] > 0 else 0) for k in range(size)]
        paid = [errors[k] * ages[k] for k in range(size)]
        nats = [
            errors[k] * min(paid[k], mixture.caution) if paid[k] > 1 else 0.0 for k in range(size)
        ]
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
        if math.log1p(sum(terms)) >= mixture.threshold:
            with np.errstate(divide="ignore"):
                priors = np.log(mixture.components.weights)
            leader = int(np.argmax(np.maximum(cusums, 0) * STEP + priors))
            found.append((t, since[leader], leader))
            cusums, since = [0] * size, [t + 1] * size
            charges = charge(t + 1)
    return found


@settings(deadline=None, max_examples=50, derandomize=True)
@given(st.integers(0, 10_000), st.integers(1, 4), st.lists(st.integers(0, 300), max_size=5))
def test_it_is_the_recursion_in_whatever_cuts(seed: int, size: int, cuts: list[int]) -> None:
    rng = np.random.default_rng(seed)
    components = Components(
        owners=np.arange(size),
        errors=rng.uniform(0, 0.05, size),
        gains=rng.uniform(0, 2, size),
        weights=rng.uniform(0, 2, size) * (np.arange(size) != 1),
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


@pytest.mark.parametrize("shift", [s for s in SHIFTS if s.share == 1 and s.mean >= 0], ids=str)
def test_run_length_of_one_cusum_is_that_of_its_gain(shift: Shift) -> None:
    """A false alarm comes once in exp(h) / (I zeta^2) records (Siegmund, 1985)."""
    z = np.random.default_rng(1).normal(size=(1, 600_000))
    after = (np.exp(shift.log_ratio(z)) * shift.log_ratio(z)).mean()
    components = Components(
        owners=np.zeros(1, dtype=np.int64),
        errors=np.zeros(1),
        gains=-np.log([after * shift.overshoot**2]),
        weights=np.ones(1),
    )
    mixture = CusumMixture(components, threshold=math.log(1000))
    run_length = z.size / len(mixture.update(readings_of(shift.log_ratio(z))))
    assert 900 < run_length < 1500


def test_it_goes_on_from_its_state() -> None:
    rng = np.random.default_rng(3)
    components = Components(
        owners=np.arange(3), errors=np.full(3, 0.01), gains=np.ones(3), weights=np.ones(3)
    )
    mixture, other = (CusumMixture(components, threshold=9.0) for _ in range(2))
    mixture.update(readings_of(rng.normal(size=(3, 100))))
    other.restore(mixture.state())
    more = readings_of(rng.normal(0.1, 1.0, (3, 200)))
    assert mixture.update(more) == other.update(more)
    assert mixture.state() == other.state()
    assert mixture.seen == 300
