"""Closed forms of what is measured on all columns together."""

import numpy as np
import pytest
from scipy import stats

from halflife.monitors.measures import MEASURES, Comparison
from halflife.monitors.measures.maximum_mean_discrepancy import gaussian_kernel, squared_discrepancy
from halflife.monitors.measures.multivariate_hellinger import gaussian_hellinger
from halflife.schemas.table import Block, Column, Kind, Table


def cloud(cells) -> Block:
    table = Table(tuple(Column(name=f"x{i}") for i in range(cells.shape[1])))
    return Block(table, cells, np.empty((len(cells), 0), dtype=object))


def measured(name, real, synthetic, **options):
    return MEASURES[name]().measure(Comparison.of(real, synthetic, seed=0, **options))


def test_hellinger_of_normal_distributions_of_other_spread() -> None:
    # H^2 = 1 - sqrt(2 s t / (s^2 + t^2)) exp(-(m - n)^2 / (4 (s^2 + t^2)))
    s, t, shift = 1.0, 3.0, 0.7
    overlap = np.sqrt(2 * s * t / (s**2 + t**2)) * np.exp(-(shift**2) / (4 * (s**2 + t**2)))
    got = gaussian_hellinger(
        np.zeros(1), np.full((1, 1), s**2), np.full(1, shift), t**2 * np.eye(1)
    )
    assert got == pytest.approx(np.sqrt(1.0 - overlap))


def test_hellinger_of_independent_columns_multiplies_their_overlaps() -> None:
    one = gaussian_hellinger(np.zeros(1), np.eye(1), np.ones(1), 2.0 * np.eye(1))
    three = gaussian_hellinger(np.zeros(3), np.eye(3), np.ones(3), 2.0 * np.eye(3))
    assert 1.0 - three**2 == pytest.approx((1.0 - one**2) ** 3)


def test_multivariate_hellinger_sees_correlations_that_no_column_shows() -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(500, 2))
    tied = np.column_stack([x[:, 0], 0.9 * x[:, 0] + np.sqrt(1 - 0.81) * x[:, 1]])
    result = measured("multivariate_hellinger", cloud(tied), cloud(generator.normal(size=(500, 2))))
    # Normal scores of normal columns: covariances [[1, .9], [.9, 1]] and 1.
    own = np.array([[1.0, 0.9], [0.9, 1.0]])
    expected = gaussian_hellinger(np.zeros(2), own, np.zeros(2), np.eye(2))
    assert result.value == pytest.approx(expected, abs=0.05)
    assert result.p_value == pytest.approx(1 / 101)


def test_discrepancy_with_known_kernels() -> None:
    is_real = np.array([[True] * 4 + [False] * 6])
    # Rows alike to themselves alone: 1/n + 1/m. Rows all alike: nothing. x y: the means' distance.
    assert squared_discrepancy(np.eye(10), is_real) == pytest.approx(1 / 4 + 1 / 6)
    assert squared_discrepancy(np.ones((10, 10)), is_real) == pytest.approx(0.0, abs=1e-12)
    x = np.arange(10.0)
    means = x[:4].mean() - x[4:].mean()
    assert squared_discrepancy(np.outer(x, x), is_real) == pytest.approx(means**2)


def test_the_kernel_has_the_median_distance_as_its_width() -> None:
    kernel = gaussian_kernel(np.array([[0.0], [1.0], [3.0]]))  # distances 1, 2, 3
    assert kernel[0, 2] == pytest.approx(np.exp(-9.0 / (2.0 * 4.0)))
    assert gaussian_kernel(np.zeros((3, 2))) == pytest.approx(1.0)


def test_discrepancy_tells_samples_apart_and_says_how_many_rows_it_took() -> None:
    generator = np.random.default_rng(0)
    real = cloud(generator.normal(size=(700, 3)))
    fresh, wide = cloud(generator.normal(size=(300, 3))), cloud(generator.normal(size=(300, 3)) * 2)
    same, other = (measured("maximum_mean_discrepancy", real, s) for s in (fresh, wide))
    assert same.p_value > 0.05
    assert other.p_value == pytest.approx(1 / 301)
    assert same.details["rows"] == {"real": 500, "synthetic": 300}


def test_propensity_error_of_identical_and_of_disjoint_samples() -> None:
    rows = np.random.default_rng(0).normal(size=(300, 2))
    same = measured("propensity_error", cloud(rows), cloud(rows))
    assert same.value == pytest.approx(0.0, abs=1e-9)
    assert same.p_value == pytest.approx(1.0)
    apart = measured("propensity_error", cloud(rows), cloud(rows + 100.0))
    assert apart.value == pytest.approx(0.25, abs=1e-3)
    uneven = measured("propensity_error", cloud(rows), cloud(rows[:100] + 100.0))
    assert uneven.value == pytest.approx(0.25 * 0.75, abs=1e-3)  # c (1 - c)


def test_propensity_error_of_one_category_is_that_of_its_table() -> None:
    table = Table((Column(name="phase", kind=Kind.CATEGORY),))
    real = Block.from_rows(table, [{"phase": c} for c in "a" * 60 + "b" * 40])
    synthetic = Block.from_rows(table, [{"phase": c} for c in "a" * 30 + "b" * 70])
    result = measured("propensity_error", real, synthetic)
    a, b = 30 / 90 - 0.5, 70 / 110 - 0.5  # the fitted probabilities are the shares in the table
    assert result.value == pytest.approx((90 * a**2 + 110 * b**2) / 200, abs=1e-6)
    # N pMSE / (c (1 - c)) is Pearson's chi-square of the table, of one degree of freedom.
    chi2 = stats.chi2_contingency([[60, 40], [30, 70]], correction=False)
    assert result.p_value == pytest.approx(chi2.pvalue, rel=1e-3)


def test_the_propensity_yardstick_is_what_real_samples_give() -> None:
    generator = np.random.default_rng(3)
    found = [
        measured(
            "propensity_error",
            cloud(generator.normal(size=(120, 2))),
            cloud(generator.normal(size=(200, 2))),
            draws=1,
        )
        for _ in range(60)
    ]
    mean = np.mean([result.value for result in found])
    # k = 5 terms: the ratio has mean 1 and sd sqrt(2 / 5), so that of 60 is .08.
    assert mean / found[0].yardstick == pytest.approx(1.0, abs=4 * np.sqrt(2 / 5 / 60))
    assert found[0].details["terms"] == 5
