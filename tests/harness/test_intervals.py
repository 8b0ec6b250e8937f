from __future__ import annotations

import math

import numpy as np
import pytest

from tests.harness.intervals import median, poisson_mean, rate, run_length, share, time_to_first


def test_poisson_bounds_are_those_of_the_tables() -> None:
    assert poisson_mean(0) == (0.0, pytest.approx(3.689, abs=1e-3))
    assert poisson_mean(10) == (pytest.approx(4.795, abs=1e-3), pytest.approx(18.390, abs=1e-3))


def test_run_lengths_cover_also_where_references_differ() -> None:
    rng = np.random.default_rng(0)
    for spread in (0.0, 0.5):
        covered = 0
        for _ in range(300):
            own = 0.001 * rng.lognormal(-(spread**2) / 2, spread, 40)
            length = run_length(rng.poisson(own * 5000).tolist(), [5000] * 40)
            covered += length.low <= 1000 <= length.high
        assert covered >= 0.92 * 300


def test_no_alarm_says_how_long_it_is_at_least() -> None:
    length = run_length([0, 0], [1000, 1000])
    assert math.isinf(length.value)
    assert math.isinf(length.high)
    assert length.low == pytest.approx(2000 / 3.689, rel=1e-3)
    assert rate([0, 0], [1000, 1000]).value == 0.0
    assert length.text() == "∞ (542 to ∞)"


def test_a_median_has_the_interval_of_order_statistics() -> None:
    values = list(range(1, 41))
    # Of 40 tosses, P(at most 13 heads) = .0192 and P(at most 14) = .0403: the 14th and the 27th.
    assert median(values) == (20.5, 14.0, 27.0)
    assert median([1.0, math.inf, math.inf]).value == math.inf
    assert math.isinf(median([1.0, 2.0]).high)
    assert math.isnan(median([]).value)


def test_a_share_is_exact() -> None:
    assert share(20, 20).low == pytest.approx(0.025 ** (1 / 20))


def test_runs_that_end_before_an_alarm_count_with_their_length() -> None:
    rng = np.random.default_rng(1)
    times = rng.geometric(0.01, 400)
    first, fired = np.minimum(times, 50), times <= 50
    estimate = time_to_first(first.tolist(), fired.tolist())
    assert estimate.low < 100 < estimate.high
