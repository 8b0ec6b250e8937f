"""Closed forms of what is measured column by column."""

import numpy as np
import pytest
from scipy import stats

from halflife.monitors.measures import MEASURES, Comparison, MeasureResult
from halflife.monitors.measures.moments import l_moments
from halflife.schemas.table import Block, Column, FloatArray, Kind, Table

NUMBER = Table((Column(name="x", unit="bar"),))
LEVEL = Table((Column(name="phase", kind=Kind.CATEGORY),))
PLACES = (np.arange(2000) + 0.5) / 2000  # a sample without noise: the quantiles themselves


def numbers(x: FloatArray) -> Block:
    cells = np.asarray(x, dtype=np.float64)[:, None]
    return Block(NUMBER, cells, np.empty((len(cells), 0), dtype=object))


def levels(text: str) -> Block:
    return Block.from_rows(LEVEL, [{"phase": None if c == "-" else c} for c in text])


def found(name: str, real: Block, synthetic: Block, draws: int = 20) -> MeasureResult:
    return MEASURES[name]().measure(Comparison.of(real, synthetic, seed=0, draws=draws))


def value(name: str, real: Block, synthetic: Block) -> float:
    result = found(name, real, synthetic)
    assert result.value is not None
    return result.value


NORMAL = numbers(stats.norm.ppf(PLACES))
SHIFTED = numbers(stats.norm.ppf(PLACES) + 1.0)
UNIFORM, TWICE = numbers(PLACES), numbers(2.0 * PLACES)


def test_kolmogorov_smirnov_of_two_normal_distributions() -> None:
    # sup |Phi(x) - Phi(x - 1)| = 2 Phi(1/2) - 1, in the middle between the means
    expected = 2.0 * stats.norm.cdf(0.5) - 1.0
    assert value("kolmogorov_smirnov", NORMAL, SHIFTED) == pytest.approx(expected, abs=1e-3)
    assert value("kolmogorov_smirnov", UNIFORM, TWICE) == pytest.approx(0.5, abs=1e-3)


def test_kolmogorov_smirnov_is_scipys_with_ties() -> None:
    generator = np.random.default_rng(0)
    a, b = (
        generator.integers(0, 40, 300).astype(float),
        generator.integers(3, 40, 170).astype(float),
    )
    expected = stats.ks_2samp(a, b).statistic
    assert value("kolmogorov_smirnov", numbers(a), numbers(b)) == pytest.approx(expected, abs=1e-12)


def test_total_variation_of_two_normal_distributions() -> None:
    # The same as the KS distance where the densities cross once; classes can only lose some.
    expected = 2.0 * stats.norm.cdf(0.5) - 1.0
    got = value("total_variation", NORMAL, SHIFTED)
    assert expected - 0.01 < got <= expected + 1e-3


def test_hellinger_of_two_normal_distributions() -> None:
    # H^2 = 1 - exp(-delta^2 / 8)
    expected = np.sqrt(1.0 - np.exp(-1.0 / 8.0))
    assert value("hellinger", NORMAL, SHIFTED) == pytest.approx(expected, abs=0.01)


def test_kullback_leibler_of_two_normal_distributions() -> None:
    # delta^2 / 2 nats; half a row in each of 40 classes, and the classes, take some of it
    assert value("kullback_leibler", NORMAL, SHIFTED) == pytest.approx(0.5, abs=0.04)


def test_wasserstein_of_shift_and_scale() -> None:
    shift = found("wasserstein", NORMAL, SHIFTED).details["columns"]["x"]
    assert shift["in_unit"] == pytest.approx(1.0, abs=1e-9)
    assert shift["unit"] == "bar"
    # E|2u - u| = 1/2, in standard deviations of the mixture of U(0, 1) and U(0, 2)
    variance = (1 / 3 + 4 / 3) / 2 - 0.75**2
    assert value("wasserstein", UNIFORM, TWICE) == pytest.approx(0.5 / variance**0.5, abs=1e-3)


def test_tables_of_categories() -> None:
    p, q = np.array([0.5, 0.4, 0.1]), np.array([0.8, 0.0, 0.2])
    real, synthetic = levels("a" * 50 + "b" * 40 + "c" * 10), levels("a" * 40 + "c" * 10)
    m = (p + q) / 2.0
    divergence = (stats.entropy(p, m, base=2) + stats.entropy(q, m, base=2)) / 2.0
    half = (np.array([50, 40, 10]) + 0.5) / 101.5, (np.array([40, 0, 10]) + 0.5) / 51.5
    expected = {
        "total_variation": 0.4,
        "jensen_shannon": np.sqrt(divergence),
        "hellinger": np.sqrt(1.0 - np.sqrt(p * q).sum()),
        "kullback_leibler": stats.entropy(*half),
        "category_coverage": 2 / 3,
        "category_adherence": 1.0,
    }
    got = {name: value(name, real, synthetic) for name in expected}
    assert got == pytest.approx(expected, abs=1e-12)


def test_without_a_value_in_common_all_distances_are_one() -> None:
    for name in ("total_variation", "jensen_shannon", "hellinger"):
        assert value(name, levels("aab"), levels("ccd")) == pytest.approx(1.0)
    assert value("kolmogorov_smirnov", numbers(PLACES), numbers(PLACES + 5.0)) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("quantile", "expected"),
    [
        # Hosking (1990), table 1
        (stats.norm.ppf, (0.0, 1.0 / np.sqrt(np.pi), 0.0, 0.1226)),
        (stats.uniform.ppf, (0.5, 1.0 / 6.0, 0.0, 0.0)),
        (stats.expon.ppf, (1.0, 0.5, 1.0 / 3.0, 1.0 / 6.0)),
    ],
)
def test_l_moments_are_those_of_hosking(quantile, expected) -> None:
    places = (np.arange(20_000) + 0.5) / 20_000
    got = l_moments(quantile(places), np.ones((1, len(places))))[0]
    assert got == pytest.approx(expected, abs=2e-3)


def test_l_moments_know_ties() -> None:
    values, counts = np.array([1.0, 2.0, 5.0]), np.array([[3.0, 2.0, 4.0]])
    each = np.repeat(values, counts[0].astype(int))
    loose = l_moments(np.sort(each + 1e-9 * np.arange(len(each))), np.ones((1, len(each))))
    assert l_moments(values, counts) == pytest.approx(loose, abs=1e-6)


def test_classical_moments_are_scipys() -> None:
    x = np.random.default_rng(0).gamma(2.0, size=300)
    told = found("moments", numbers(x), NORMAL).details["columns"]["x"]["real"]
    assert told["skewness"] == pytest.approx(stats.skew(x))
    assert told["kurtosis"] == pytest.approx(stats.kurtosis(x))
    assert told["sd"] == pytest.approx(x.std(ddof=1))


def test_tails_of_a_batch_that_scatters_twice_as_much() -> None:
    wide = numbers(2.0 * stats.norm.ppf(PLACES))
    outside = stats.norm.cdf(stats.norm.ppf(0.05) / 2.0)  # on either side, where .05 is due
    assert value("tail_shares", NORMAL, wide) == pytest.approx(outside - 0.05, abs=2e-3)
    told = found("tail_shares", NORMAL, wide).details["columns"]["x"]
    assert told["upper"]["limit"] == pytest.approx(stats.norm.ppf(0.95), abs=0.01)
    assert told["upper"]["synthetic"] == pytest.approx(outside, abs=2e-3)


def test_extremes_of_a_batch_that_scatters_twice_as_much() -> None:
    wide = numbers(2.0 * stats.norm.ppf(PLACES))
    told = found("extremes", NORMAL, wide).details["columns"]["x"]
    # The mean beyond the 99 % quantile is phi(z) / .01 (expected shortfall of a normal).
    shortfall = stats.norm.pdf(stats.norm.ppf(0.99)) / 0.01
    assert told["real"]["highest_mean"] == pytest.approx(shortfall, rel=0.01)
    assert told["synthetic"]["lowest_mean"] == pytest.approx(-2.0 * shortfall, rel=0.01)
    sd = np.sqrt((1.0 + 4.0) / 2.0)
    assert value("extremes", NORMAL, wide) == pytest.approx(shortfall / sd, rel=0.02)


def test_missing_cells_are_counted_and_left_out_elsewhere() -> None:
    real = numbers(np.where(PLACES < 0.25, np.nan, PLACES))
    assert value("missing_cells", real, UNIFORM) == pytest.approx(0.25)
    assert value("kolmogorov_smirnov", real, UNIFORM) == pytest.approx(0.25, abs=1e-3)
    assert value("missing_cells", levels("aa--"), levels("aab-")) == 0.25


def test_an_equal_sample_is_within_chance_and_another_is_not() -> None:
    generator = np.random.default_rng(1)
    real, fresh = numbers(generator.normal(size=400)), numbers(generator.normal(size=300))
    moved = numbers(generator.normal(0.5, size=300))
    for name in ("kolmogorov_smirnov", "wasserstein", "total_variation", "moments"):
        assert (found(name, real, fresh, draws=200).p_value or 0.0) > 0.01
        assert found(name, real, moved, draws=200).p_value == pytest.approx(1 / 201)


def test_the_worst_column_is_named_with_its_figures() -> None:
    table = Table((Column(name="same"), Column(name="moved")))
    generator = np.random.default_rng(2)
    none = np.empty((200, 0), dtype=object)
    real = Block(table, generator.normal(size=(200, 2)), none)
    synthetic = Block(table, generator.normal(size=(200, 2)) + np.array([0.0, 2.0]), none)
    result = found("kolmogorov_smirnov", real, synthetic)
    assert "Worst: moved" in result.sentence
    assert set(result.details["columns"]) == {"same", "moved"}


def test_a_column_without_cells_is_left_out_with_its_reason() -> None:
    table = Table((Column(name="x"), Column(name="empty")))
    rows = Block.from_rows(table, [{"x": float(i)} for i in range(20)])
    result = found("kolmogorov_smirnov", rows, rows)
    assert result.value == 0.0
    assert "0 real and 0 synthetic cells" in result.details["left_out"]["empty"]
