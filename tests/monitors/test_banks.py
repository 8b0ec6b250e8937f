"""The log e-values: their exponentials have mean 1 or less over records like the reference."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import chi2, norm

from halflife.monitors.bernoulli_bank import BernoulliBank
from halflife.monitors.cusum_mixture import CusumMixture
from halflife.monitors.inflation import inflation
from halflife.monitors.rank_scores import RankScores
from halflife.monitors.readings import STEP
from halflife.monitors.shift import SHIFTS, Shift
from halflife.monitors.shift_bank import ShiftBank


@pytest.mark.parametrize(
    "law",
    [
        lambda rng, n: rng.normal(size=n),
        lambda rng, n: rng.standard_t(2, size=n),
        lambda rng, n: rng.integers(0, 4, size=n).astype(float),
        lambda rng, n: np.maximum(rng.normal(size=n), 0.5),
        lambda rng, n: (rng.random(n) < 0.02).astype(float),
    ],
    ids=["normal", "heavy tails", "grid", "detection limit", "rare"],
)
def test_shifts_are_fair_bets_on_new_records_of_the_same_law(law: object) -> None:
    ratios = []
    for seed in range(40):
        rng = np.random.default_rng([seed, 5])
        bank = ShiftBank.fit(law(rng, 1000)[:, None])  # type: ignore[operator]  # a test's lambda
        nats = bank.read(law(rng, 4000)[:, None]).increments * STEP  # type: ignore[operator]  # as above
        ratios.append(np.exp(nats * bank.dependence[:, :1]).mean(axis=1))
    errors = np.std(ratios, axis=0) / np.sqrt(len(ratios))
    assert (np.mean(ratios, axis=0) <= 1 + 3.5 * errors).all()


def test_a_constant_column_says_next_to_nothing() -> None:
    bank = ShiftBank.fit(np.full((300, 1), 7.0))
    assert bank.read(np.full((5, 1), 7.0)).increments.max() * STEP < 0.01
    assert bank.read(np.full((5, 1), 8.0)).increments.max() * STEP > 1


def test_error_and_gain_of_a_shift_are_those_of_theory() -> None:
    rng = np.random.default_rng(0)
    bank = ShiftBank.fit(rng.normal(size=(2000, 1)))
    for k, shift in enumerate(SHIFTS):
        if shift.variance == 1.0 and abs(shift.mean) <= 1:
            error = np.sqrt(np.expm1(shift.mean**2) / 2000)
            assert bank.components.errors[k] == pytest.approx(error, rel=0.25)
            gain = -np.log(shift.mean**2 / 2 * shift.overshoot**2)
            assert bank.components.gains[k] == pytest.approx(gain, abs=0.15)


def test_columns_that_cannot_tell_weigh_nothing() -> None:
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=300), np.full(300, 7.0), np.full(300, np.nan)])
    weights = ShiftBank.fit(x).components.weights.reshape(3, len(SHIFTS))
    assert (weights[0, :-1] > 0).all()
    assert (weights[1] > 0).all()  # a constant may begin to vary
    assert (weights[2] == 0).all()
    # Of 300 values none can tell what lies far beyond them.
    assert weights[0, -1] == 0
    assert ShiftBank.fit(rng.normal(size=(2000, 1))).components.weights[-1] > 0


@pytest.mark.parametrize("shift", [s for s in SHIFTS if s.share == 1.0 and s.mean >= 0])
def test_overshoots_are_those_of_spitzers_identity(shift: Shift) -> None:
    """zeta = exp(-sum_t (P_0(S_t > 0) + P_1(S_t <= 0)) / t) / I; Siegmund (1985), section 8.4."""
    near, far = np.arange(1.0, 200.0), np.geomspace(199, 2e6, 4000)
    if shift.variance == 1.0:
        information = shift.mean**2 / 2

        def chances(t: np.ndarray) -> np.ndarray:
            return np.asarray(2 * norm.sf(shift.mean * np.sqrt(t) / 2))
    else:
        slope, level = 0.5 * (1 - 1 / shift.variance), -0.5 * np.log(shift.variance)
        information = slope * shift.variance + level

        def chances(t: np.ndarray) -> np.ndarray:
            before, after = -level * t / slope, -level * t / (slope * shift.variance)
            if slope > 0:
                return np.asarray(chi2.sf(before, t) + chi2.cdf(after, t))
            return np.asarray(chi2.cdf(before, t) + chi2.sf(after, t))

    total = (chances(near) / near).sum() + np.trapezoid(chances(far) / far, far)
    assert shift.overshoot == pytest.approx(np.exp(-total) / information, rel=0.02)


def test_size_is_in_the_unit_of_the_column() -> None:
    rng = np.random.default_rng(1)
    x = 300 + 20 * rng.normal(size=(1000, 1))
    bank = ShiftBank.fit(x)
    readings = bank.read(x + 50)
    assert bank.size(0, float(readings.amounts.mean())) == pytest.approx(50, abs=0.01)


class TestRanks:
    def test_normal_scores_of_many_distinct_values(self) -> None:
        x = np.random.default_rng(2).normal(size=(5000, 1))
        ranks = RankScores.fit(x)
        scores = ranks.scores[0][ranks.codes(x)[0]]
        order = np.argsort(x[:, 0])
        theory = norm.ppf((np.arange(5000) + 0.5) / 5000)
        assert np.abs(scores[order] - theory)[100:-100].max() < 0.1
        assert np.ptp(scores) > 6

    def test_ties_have_mid_ranks(self) -> None:
        ranks = RankScores.fit(np.repeat([0.0, 1.0], [300, 700])[:, None])
        codes = ranks.codes(np.array([[0.0], [0.5], [1.0]]))[0]
        assert norm.cdf(ranks.scores[0][codes]) == pytest.approx([0.15, 0.3, 0.65], abs=0.002)

    def test_state(self) -> None:
        x = np.random.default_rng(3).normal(size=(300, 2))
        ranks = RankScores.fit(x)
        again = RankScores.of_state(ranks.state())
        assert (again.scores == ranks.scores).all()
        assert (again.codes(x) == ranks.codes(x)).all()


class TestEvents:
    def test_odds_and_doubt_are_those_of_the_reference(self) -> None:
        bank = BernoulliBank(np.array([4.0]), np.array([200.0]), np.ones(1), ratios=(2.0,))
        p = 4.5 / 201
        q = 2 * p / (1 + p)
        event = np.array([[True, False]])
        nats = bank.read(event, np.ones_like(event)).increments[0] * STEP
        assert nats == pytest.approx([np.log(q / p), np.log((1 - q) / (1 - p))], abs=1e-4)
        assert np.exp(nats) @ [p, 1 - p] == pytest.approx(1, abs=1e-4)
        doubt = np.sqrt(5 * 197 / 200) / 200
        lift = q / p - (1 - q) / (1 - p)
        assert bank.components.errors == pytest.approx(np.log1p(doubt * lift))

    @pytest.mark.parametrize("rate", [0.02, 0.3])
    @pytest.mark.parametrize("ratio", [3.0, 1 / 3])
    def test_run_length_of_one_event_is_that_of_its_gain(self, rate: float, ratio: float) -> None:
        n = 10**9  # a reference that leaves no doubt
        bank = BernoulliBank(np.array([rate * n]), np.array([n]), np.ones(1), ratios=(ratio,))
        mixture = CusumMixture(bank.components, threshold=np.log(1000))
        events = np.random.default_rng(6).random((1, 400_000)) < rate
        alarms = len(mixture.update(bank.read(events, np.ones_like(events))))
        assert 900 < events.size / alarms < 2200  # at least what was asked for, and not far above

    def test_missing_cells_say_nothing(self) -> None:
        bank = BernoulliBank(np.array([4.0]), np.array([200.0]), np.ones(1), ratios=(2.0, 0.5))
        readings = bank.read(np.array([[False, False]]), np.array([[False, True]]))
        assert readings.increments[:, 0].tolist() == [0, 0]
        assert (readings.increments[:, 1] != 0).all()


def test_long_run_variance_of_an_autoregression() -> None:
    rng = np.random.default_rng(4)
    x = np.zeros(20_000)
    for t in range(1, len(x)):
        x[t] = 0.6 * x[t - 1] + rng.normal()
    known = rng.random(len(x)) < 0.9
    assert inflation(x, known) == pytest.approx(1.6 / 0.4, rel=0.15)
    assert inflation(rng.permutation(x), known) == 1.0
    assert inflation(np.ones(5), np.ones(5, dtype=bool)) == 1.0


def test_squares_that_depend_on_those_before_are_paid_for_by_spread_and_by_large_means() -> None:
    # Squares of AR(1) noise have the correlations r^2k: their long-run variance is (1 + r^2) /
    # (1 - r^2) times their own. Signs drawn at random leave no dependence but that of squares.
    rng = np.random.default_rng(3)
    noise = lfilter([1.0], [1.0, -0.8], rng.normal(size=20_000))
    x = np.abs(noise) * rng.choice([-1.0, 1.0], 20_000)
    bank = ShiftBank.fit(x[:, None])
    levels, squares = bank.inflations[:, 0]
    assert levels == 1.0
    assert squares == pytest.approx(1.64 / 0.36, rel=0.25)
    for shift, paid in zip(SHIFTS, bank.dependence[:, 0], strict=True):
        if shift.variance != 1.0:
            assert paid == squares
        else:
            assert paid == pytest.approx(
                1.0 + 2.0 * np.sqrt((squares - 1.0) / 10.0) * abs(shift.mean)
            )


def test_independent_columns_pay_for_no_dependence_of_squares() -> None:
    x = np.random.default_rng(4).standard_t(3, size=(2000, 60))
    free = (ShiftBank.fit(x).inflations == 1.0).mean(axis=1)
    assert (free >= 0.85).all()  # two standard errors, of one neighbour and three sizes of batches
