"""Closed forms of what is measured two columns at a time."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import normalized_mutual_info_score

from halflife.monitors.measures import MEASURES, Comparison
from halflife.schemas.table import Block, Column, Kind, Table

XY = Table((Column(name="x"), Column(name="y")))
CATEGORIES = Table((Column(name="a", kind=Kind.CATEGORY), Column(name="b", kind=Kind.CATEGORY)))


def plane(x, y) -> Block:
    return Block(XY, np.column_stack([x, y]), np.empty((len(x), 0), dtype=object))


def grid(generator, n, same) -> Block:
    a = generator.choice(list("uvw"), n)
    b = np.where(generator.random(n) < same, a, generator.choice(list("uvw"), n))
    texts = np.empty((n, 2), dtype=object)
    texts[:, 0], texts[:, 1] = a.tolist(), b.tolist()
    return Block(CATEGORIES, np.empty((n, 0)), texts)


def pair(name, real, synthetic):
    result = MEASURES[name]().measure(Comparison.of(real, synthetic, seed=0, draws=30))
    assert result.value is not None
    return result, result.details["pairs"][0]


def test_correlations_are_scipys_with_missing_cells() -> None:
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(2, 200))
    y = 1e6 + 1e3 * (y + x)  # far from 0: rounding must not eat the correlation
    x[::7], y[::5] = np.nan, np.nan
    there = ~np.isnan(x) & ~np.isnan(y)
    _, told = pair("correlation_distance", plane(x, y), plane(*generator.normal(size=(2, 200))))
    assert told["real"] == pytest.approx(stats.pearsonr(x[there], y[there]).statistic, abs=1e-9)


def test_rank_correlations_are_scipys_with_ties() -> None:
    generator = np.random.default_rng(0)
    x = generator.integers(0, 9, 300).astype(float)
    y = np.exp(x + generator.integers(0, 6, 300))
    result, told = pair("rank_correlation_distance", plane(x, y), plane(x, -x))
    rho = stats.spearmanr(x, y).statistic
    assert told["real"] == pytest.approx(rho, abs=1e-12)
    assert told["synthetic"] == pytest.approx(-1.0)
    assert result.value == pytest.approx(rho + 1.0)


def test_mutual_information_is_scikit_learns() -> None:
    generator = np.random.default_rng(0)
    real, synthetic = grid(generator, 500, 0.7), grid(generator, 400, 0.2)
    _, told = pair("mutual_information", real, synthetic)
    for side, rows in (("real", real), ("synthetic", synthetic)):
        expected = normalized_mutual_info_score(rows.text("a"), rows.text("b"))
        assert told[side] == pytest.approx(expected, abs=1e-12)


def test_mutual_information_sees_what_no_correlation_does() -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=600)
    bent, loose = plane(x, x**2), plane(x, generator.permutation(x**2))
    assert pair("rank_correlation_distance", bent, loose)[0].value < 0.15
    result, _ = pair("mutual_information", bent, loose)
    assert result.value > 0.3
    assert result.p_value == pytest.approx(1 / 31)


def test_pairs_of_categories_have_their_total_variation() -> None:
    generator = np.random.default_rng(0)
    real, synthetic = grid(generator, 500, 0.7), grid(generator, 400, 0.2)
    shares = [
        np.array([[((s.text("a") == i) & (s.text("b") == j)).mean() for i in "uvw"] for j in "uvw"])
        for s in (real, synthetic)
    ]
    result, _ = pair("pair_total_variation", real, synthetic)
    assert result.value == pytest.approx(np.abs(shares[0] - shares[1]).sum() / 2.0)


def test_a_correlation_that_the_batch_has_lost_counts_whole() -> None:
    x = np.arange(50.0)
    result, told = pair("correlation_distance", plane(x, 2 * x), plane(x, 0 * x))
    assert result.value == pytest.approx(1.0)
    assert np.isnan(told["synthetic"])
    assert result.to_dict()["details"]["pairs"][0]["synthetic"] is None


def test_real_constants_leave_nothing_to_compare() -> None:
    x = np.arange(50.0)
    comparison = Comparison.of(plane(x, 0 * x + 0.1), plane(x, x), seed=0)
    result = MEASURES["correlation_distance"]().measure(comparison)
    assert (result.value, result.reason) == (None, "fewer than two columns vary")


def test_units_that_are_worlds_apart_leave_the_correlations_alone() -> None:
    x, y = np.random.default_rng(0).normal(size=(2, 100))
    result, _ = pair("correlation_distance", plane(x, x + y), plane(1e9 * x + 1e12, 1e9 * (x + y)))
    assert result.value == pytest.approx(0.0, abs=1e-4)


def test_of_very_many_pairs_some_are_drawn() -> None:
    table = Table(tuple(Column(name=f"x{i}") for i in range(24)))
    cells = np.random.default_rng(0).normal(size=(60, 24))
    rows = Block(table, cells, np.empty((60, 0), dtype=object))
    result = MEASURES["mutual_information"]().measure(Comparison.of(rows, rows, seed=0, draws=5))
    assert len(result.details["pairs"]) == 200
    assert result.details["drawn"] == "200 of 276 pairs, drawn with the seed"
