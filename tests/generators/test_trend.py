"""The smooth part of a measured column, and what it leaves."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest, norm

from halflife.generators.trend import Trend


def _features(random: np.random.Generator, rows: int, many: int) -> np.ndarray:
    return random.random((rows, many)).astype(np.float32)


@pytest.mark.parametrize("rows", [30, 100, 600])
def test_what_is_left_scatters_as_the_noise_does(rows: int) -> None:
    """Of Y = x + e with spreads of 3 and 1 a tenth of the variance is noise."""
    spreads = []
    for seed in range(8):
        random = np.random.default_rng(seed)
        x = random.normal(size=(rows, 2)).astype(np.float32)
        trend = Trend.of(x, 3.0 * x[:, 0] + random.normal(size=rows), seed=0)
        assert trend is not None
        spreads.append(trend[1].std())
    assert np.mean(spreads) == pytest.approx(np.sqrt(0.1), rel=0.15)


def test_a_new_row_is_met_where_the_formula_says() -> None:
    random = np.random.default_rng(0)
    x = _features(random, 60, 3)
    y = np.exp(2.0 * x[:, 0] - x[:, 1])
    found = Trend.of(x, y, seed=0)
    assert found is not None
    new = 0.1 + 0.8 * _features(random, 500, 3)
    told = found[0].values(new, np.zeros(500))
    truth = np.exp(2.0 * new[:, 0] - new[:, 1])
    assert 1.0 - np.mean((told - truth) ** 2) / truth.var() > 0.97


def test_values_have_the_law_of_the_training_values() -> None:
    random = np.random.default_rng(3)
    x = _features(random, 400, 2)
    y = np.exp(x[:, 0] + 0.3 * random.normal(size=400))
    found = Trend.of(x, y, seed=0)
    assert found is not None
    trend, left = found
    new = _features(random, 400, 2)
    made = trend.values(new, random.choice(left, 400))
    assert y.min() <= made.min()
    assert made.max() <= y.max()
    # Two-sided, one sample beside the law of the other: an alarm in 1,000 if nothing is wrong.
    law = np.sort(np.exp(random.random(100_000) + 0.3 * random.normal(size=100_000)))
    told = kstest(made, lambda v: np.searchsorted(law, v) / len(law))
    assert told.pvalue > 1e-3


def test_pure_noise_has_no_trend() -> None:
    for seed in range(40):
        random = np.random.default_rng(seed)
        features = _features(random, 40, (1, 3, 10, 30)[seed % 4])
        assert Trend.of(features, random.normal(size=40), seed=0) is None


def test_bunches_have_no_trend_but_a_long_tail_has() -> None:
    random = np.random.default_rng(0)
    x = _features(random, 120, 2)
    bunches = np.where(x[:, 0] > 0.5, 100.0, 0.0) + random.normal(size=120)
    assert Trend.of(x, bunches, seed=0) is None
    assert Trend.of(x, np.exp(6.0 * x[:, 0]), seed=0) is not None


def test_values_do_not_depend_on_how_many_are_asked_for() -> None:
    random = np.random.default_rng(0)
    x = _features(random, 250, 3)
    found = Trend.of(x, np.sin(4 * x[:, 0]) + x[:, 1], seed=0)
    assert found is not None
    trend, left = found
    whole = trend.values(x, left)
    parts = [trend.values(x[a : a + 7], left[a : a + 7]) for a in range(0, 250, 7)]
    assert whole.tobytes() == np.concatenate(parts).tobytes()
    again = Trend.restore(trend.arrays())
    assert again.values(x, left).tobytes() == whole.tobytes()


@pytest.mark.parametrize("end", ["least", "greatest"])
def test_values_that_pile_up_at_an_end_do_so_as_often(end: str) -> None:
    """Zeros of failed runs, a detector that is full: P(z + e / 2 < -1/2) of normal z and e."""
    random = np.random.default_rng(0)
    x = random.normal(size=(1_000, 2)).astype(np.float32)
    y = np.maximum(x[:, 0] + 0.5 * random.normal(size=1_000), -0.5)
    sign = 1.0 if end == "least" else -1.0
    found = Trend.of(x, sign * y, seed=0)
    assert found is not None
    trend, left = found
    new = random.normal(size=(4_000, 2)).astype(np.float32)
    made = sign * trend.values(new, random.choice(left, 4_000))
    share = norm.cdf(-0.5 / np.sqrt(1.25))
    # Four errors of the share among 1,000 that teach and 4,000 that are made.
    error = np.sqrt(share * (1 - share) * (1 / 1_000 + 1 / 4_000))
    assert (made == -0.5).mean() == pytest.approx(share, abs=4 * error)
    # Given x[0] = 1 it is P(e < -3), and hardly any.
    assert (made[new[:, 0] > 1.0] == -0.5).mean() < 0.01


def test_rows_that_were_written_down_twice_say_nothing_about_noise() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 2)).astype(np.float32)
    y = 3.0 * x[:, 0] + random.normal(size=60)
    once, twice = Trend.of(x, y, seed=0), Trend.of(np.tile(x, (2, 1)), np.tile(y, 2), seed=0)
    assert once is not None
    assert twice is not None
    assert twice[1].std() == pytest.approx(once[1].std(), rel=0.1)
    np.testing.assert_array_equal(twice[1][:60], twice[1][60:])
    assert Trend.of(np.tile(x[:15], (4, 1)), np.tile(y[:15], 4), seed=0) is None


def test_readings_of_few_digits_stay_on_them() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 2)).astype(np.float32)
    y = 3.0 * x[:, 0] + random.normal(size=300)
    for digits, coarse in ((1, True), (6, False)):
        found = Trend.of(x, np.round(y, digits) * 7.0, seed=0)  # not the decimal grid of a decoder
        assert found is not None
        trend, left = found
        made = trend.values(x, random.permutation(left))
        assert np.isin(made, np.round(y, digits) * 7.0).all() == coarse


def _runs(seed: int, rows: int, *, by_chance: bool) -> tuple[np.ndarray, np.ndarray]:
    """Runs that give 2 to 5, and 0 where they fail: in a third of the range, or now and then."""
    random = np.random.default_rng(seed)
    x = _features(random, rows, 2)
    fails = random.random(rows) < 1 / 3 if by_chance else x[:, 0] < 1 / 3
    y = 2.0 + 2.0 * x[:, 0] + x[:, 1] ** 2
    return x, np.where(fails, 0.0, y)


def test_runs_that_fail_where_the_features_say_so_have_a_trend() -> None:
    x, y = _runs(0, 200, by_chance=False)
    found = Trend.of(x, y, seed=0)
    assert found is not None
    trend, left = found
    new, truth = _runs(1, 2_000, by_chance=False)
    made = trend.values(new, np.random.default_rng(0).choice(left, 2_000))
    assert ((made == 0.0) | (made >= 2.0)).all(), "nothing lies between those that fail and others"
    # Wrong only beside the place where they begin to fail: .03 of the range is 6 training rows.
    assert np.mean((made == 0.0) != (truth == 0.0)) < 0.03


def test_runs_that_fail_by_chance_have_none() -> None:
    for seed in range(10):
        assert Trend.of(*_runs(seed, 120, by_chance=True), seed=0) is None
    x, y = _runs(0, 120, by_chance=True)
    assert Trend.of(x, np.where(y > 0, 7.0, 0.0), seed=0) is None, "two values are a category"
