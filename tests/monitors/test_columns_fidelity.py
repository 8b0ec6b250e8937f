import numpy as np
import pytest
from scipy.stats import ks_2samp

from halflife.monitors.columns_fidelity import ColumnsFidelity, column_distances
from halflife.monitors.samples import Samples
from halflife.schemas.table import Column, Kind, Table

from .fidelity_cases import block, line, mixed

ONE = Table((Column(name="x"),))
CATEGORY = Table((Column(name="c", kind=Kind.CATEGORY),))


@pytest.mark.parametrize("levels", [3, 40, 10**6])
def test_the_distance_of_numbers_is_that_of_kolmogorov_and_smirnov_ties_included(levels):
    generator = np.random.default_rng(levels)
    a = generator.integers(0, levels, (60, 1)).astype(float)
    b = generator.integers(0, levels, (90, 1)).astype(float) ** 1.05
    samples = Samples.of(block(ONE, a), block(ONE, b), seed=0)
    expected = ks_2samp(a[:, 0], b[:, 0]).statistic
    assert column_distances(samples, samples.as_they_are())[0, 0] == pytest.approx(expected)


def test_the_distance_of_categories_is_the_total_variation_and_missing_is_one_of_them():
    a = block(CATEGORY, np.empty((4, 0)), [["a"], ["a"], ["b"], [None]])
    b = block(CATEGORY, np.empty((4, 0)), [["a"], ["c"], ["b"], ["b"]])
    samples = Samples.of(a, b, seed=0)
    # |1/2 - 1/4| + |1/4 - 1/2| + |0 - 1/4| + |1/4 - 0|, halved
    assert column_distances(samples, samples.as_they_are())[0, 0] == pytest.approx(0.5)


def test_missing_numbers_are_a_value_of_their_own():
    a, b = np.arange(50.0)[:, None], np.arange(50.0)[:, None]
    b[:20] = np.nan
    samples = Samples.of(block(ONE, a), block(ONE, b), seed=0)
    # The other 30 are the upper ones: at 19 all of 20/50 of a lie below, none of b.
    assert column_distances(samples, samples.as_they_are())[0, 0] == pytest.approx(0.4)


def test_equal_samples_score_one_on_average_and_the_band_covers():
    scores = [
        ColumnsFidelity(bootstraps=2).score(
            Samples.of(mixed(50, i), mixed(120, -i - 1 + 2**20), seed=i)
        )
        for i in range(300)
    ]
    raw = np.array([score.raw for score in scores])
    covered = np.mean([score.value >= score.band[0] for score in scores])
    assert abs(raw.mean() - 1.0) < 3 * raw.std() / np.sqrt(300)
    assert 0.91 <= covered <= 0.985  # 95 %, with three standard errors of 300 splits


def test_only_the_column_that_is_wrong_is_blamed():
    real, other = line(300, 0).numbers, line(300, 1).numbers
    other[:, 1] += 100.0
    table = line(1, 0).table
    details = ColumnsFidelity().score(Samples.of(block(table, real), block(table, other), seed=0))
    assert details.details["x"] > 0.9
    assert details.details["y"] < 1e-9


def test_the_error_is_that_of_new_samples():
    def shifted(seed):
        return block(LINE, line(200, seed).numbers + 0.5)

    from .fidelity_cases import LINE

    scores = [
        ColumnsFidelity(permutations=50).score(Samples.of(line(200, i), shifted(999 + i), seed=i))
        for i in range(100)
    ]
    spread = np.std([score.raw for score in scores])
    assert np.mean([score.error for score in scores]) == pytest.approx(spread, rel=0.35)
