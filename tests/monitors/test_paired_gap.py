import numpy as np
import pytest

from halflife.monitors import NothingMeasurable
from halflife.monitors.paired_gap import paired_gap


def errors(n, rho, seed, gap=0.2):
    """Errors with a known gap; what differs between the two is an AR(1) series."""
    random = np.random.default_rng(seed)
    steps = np.sqrt(1 - rho**2) * random.standard_normal(n + 200)
    series = np.zeros(n + 200)
    for i in range(1, n + 200):
        series[i] = rho * series[i - 1] + steps[i]
    real = 1.0 + 0.2 * random.random(n)
    return (1.0 + gap) * real + 0.2 * series[200:], real


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.8])
def test_the_interval_holds_the_gap_though_neighbours_are_alike(rho):
    runs = 400
    held = 0
    for seed in range(runs):
        low, high = paired_gap(*errors(400, rho, seed)).interval
        held += low <= 0.2 <= high
    assert 0.86 <= held / runs <= 0.97  # 90 % are meant


def test_the_error_of_independent_rows_is_that_of_a_ratio():
    by_batch, by_real = errors(4_000, 0.0, 0)
    gap = paired_gap(by_batch, by_real)
    ratio = by_batch.mean() / by_real.mean()
    assert gap.gap == pytest.approx(ratio - 1.0)
    plain = (by_batch - ratio * by_real).std() / by_real.mean() / np.sqrt(4_000)
    assert gap.error == pytest.approx(plain, rel=0.1)


def test_equal_errors_have_a_gap_of_exactly_zero():
    same = np.ones(50)
    assert paired_gap(same, same).interval == (0.0, 0.0)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(NothingMeasurable, match="at least 2"):
        paired_gap(np.ones(1), np.ones(1))
    with pytest.raises(NothingMeasurable, match="no error"):
        paired_gap(np.ones(5), np.zeros(5))
