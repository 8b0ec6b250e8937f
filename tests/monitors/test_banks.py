"""The log e-values: their exponentials have mean 1 or less over records like the reference."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta, binom, norm

from halflife.monitors.bernoulli_bank import BernoulliBank
from halflife.monitors.inflation import inflation
from halflife.monitors.rank_scores import RankScores
from halflife.monitors.readings import STEP
from halflife.monitors.shift_bank import SHIFTS, ShiftBank


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
        ratios.append(np.exp(nats * bank.inflations[0]).mean(axis=1))
    errors = np.std(ratios, axis=0) / np.sqrt(len(ratios))
    assert (np.mean(ratios, axis=0) <= 1 + 3.5 * errors).all()


def test_a_constant_column_says_next_to_nothing() -> None:
    bank = ShiftBank.fit(np.full((300, 1), 7.0))
    assert bank.read(np.full((5, 1), 7.0)).increments.max() * STEP < 0.01
    assert bank.read(np.full((5, 1), 8.0)).increments.max() * STEP > 1


def test_the_error_of_a_shift_is_the_standard_error_of_its_ratio() -> None:
    rng = np.random.default_rng(0)
    bank = ShiftBank.fit(rng.normal(size=(2000, 1)))
    for k, shift in enumerate(SHIFTS):
        if shift.variance == 1.0 and abs(shift.mean) <= 1:
            theory = np.sqrt(np.expm1(shift.mean**2) / 2000)
            assert bank.errors[k, 0] == pytest.approx(theory, rel=0.25)
            assert bank.gains[k, 0] == pytest.approx(-np.log(min(shift.mean**2 / 2, 1)), abs=0.15)


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
    @pytest.mark.parametrize("ratio", [3.0, 20.0, 1 / 3])
    @pytest.mark.parametrize("rate", [0.002, 0.05, 0.5, 0.98])
    def test_they_are_fair_bets_but_for_one_reference_in_fifty(
        self, ratio: float, rate: float
    ) -> None:
        n = 400
        counts = np.arange(n + 1.0)
        bank = BernoulliBank(counts, np.full(n + 1, float(n)), np.ones(n + 1), ratios=(ratio,))
        events = np.array([[True, False]]).repeat(n + 1, axis=0)
        nats = bank.read(events, np.ones_like(events)).increments * STEP
        fair = np.exp(nats) @ [rate, 1 - rate] <= 1 + 1e-9
        assert binom.pmf(counts, n, rate)[~fair].sum() <= 0.02

    def test_the_bound_is_that_of_clopper_and_pearson(self) -> None:
        bank = BernoulliBank(np.array([4.0]), np.array([200.0]), np.ones(1), ratios=(2.0,))
        p = beta.isf(0.02, 5, 196)
        q = 2 * p / (1 + p)
        event = np.array([[True]])
        assert bank.read(event, event).increments[0, 0] * STEP == pytest.approx(
            np.log(q / p), abs=1e-4
        )

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
