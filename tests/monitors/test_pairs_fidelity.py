import numpy as np
import pytest
from scipy.stats import spearmanr
from scipy.stats.contingency import association

from halflife.monitors.pairs_fidelity import PairsFidelity, _Dependence
from halflife.monitors.ranked_column import RankedColumn
from halflife.monitors.samples import Samples
from halflife.schemas.table import Column, Kind, Table

from .fidelity_cases import LINE, block, line, mixed

TWO = Table((Column(name="a", kind=Kind.CATEGORY), Column(name="b", kind=Kind.CATEGORY)))


def dependence(rows, weights=None):
    ranked = {name: RankedColumn.of(rows, name) for name in rows.table.names}
    counts = np.ones((1, len(rows)), dtype=np.int16) if weights is None else weights
    return _Dependence(rows.table, ranked).of(counts)[0]


def test_two_numbers_are_correlated_by_rank_with_ties():
    generator = np.random.default_rng(0)
    x = generator.integers(0, 6, 80)
    numbers = np.column_stack([x, x + generator.integers(0, 9, 80)]).astype(float)
    expected = spearmanr(numbers[:, 0], numbers[:, 1]).statistic
    assert dependence(block(LINE, numbers)) == pytest.approx([expected])


def test_two_categories_have_cramers_v():
    generator = np.random.default_rng(1)
    a = generator.integers(0, 3, 200)
    b = (a + (generator.random(200) < 0.4)) % 4
    table = np.array([[np.sum((a == i) & (b == j)) for j in range(4)] for i in range(3)])
    rows = block(TWO, np.empty((200, 0)), [[f"a{i}", f"b{j}"] for i, j in zip(a, b, strict=True)])
    assert dependence(rows) == pytest.approx([association(table, method="cramer")])


def test_a_category_and_a_number_have_the_correlation_ratio_of_ranks():
    table = Table((Column(name="x"), Column(name="c", kind=Kind.CATEGORY)))
    rows = block(table, np.arange(6.0)[:, None], [["a"], ["a"], ["a"], ["b"], ["b"], ["b"]])
    # ranks 1..6, means 2 and 5: between 6 x 1.5^2 = 13.5, total 17.5
    assert dependence(rows) == pytest.approx([np.sqrt(13.5 / 17.5)])


def test_rows_counted_twice_weigh_as_rows_given_twice():
    rows = mixed(30, 2)
    weights = np.random.default_rng(3).integers(0, 3, (1, 30))
    repeated = rows[np.repeat(np.arange(30), weights[0])]
    assert dependence(rows, weights) == pytest.approx(dependence(repeated))


def test_independent_columns_know_nothing_of_pairs():
    real = line(400, 0, noise=0.2)
    numbers = real.numbers.copy()
    np.random.default_rng(1).shuffle(numbers[:, 1])
    score = PairsFidelity().score(Samples.of(real, block(LINE, numbers), seed=0))
    assert score.value < 0.15


def test_equal_samples_score_one_on_average_and_the_band_covers():
    scores = [
        PairsFidelity(bootstraps=2).score(Samples.of(mixed(60, i), mixed(60, 2**20 + i), seed=i))
        for i in range(200)
    ]
    raw = np.array([score.raw for score in scores])
    covered = np.mean([score.value >= score.band[0] for score in scores])
    assert abs(raw.mean() - 1.0) < 3 * raw.std() / np.sqrt(200)
    assert 0.90 <= covered <= 0.99


def test_a_single_column_has_no_pairs():
    table = Table((Column(name="x"),))
    rows = block(table, np.arange(40.0)[:, None])
    assert PairsFidelity().score(Samples.of(rows, rows, seed=0)).raw is None


@pytest.mark.parametrize("rows", [200, 2_000])
def test_its_error_is_the_spread_of_fresh_samples_whatever_the_sides(rows):
    """Real rows are fewer and tell less each than those of the batch: the noise is theirs."""
    scores = []
    for seed in range(120):
        real, batch = line(500, seed, noise=1.0), line(2_000, 2**20 + seed, noise=0.3)
        pairs = PairsFidelity(permutations=19, bootstraps=60, rows=rows)
        scores.append(pairs.score(Samples.of(real, batch, seed=seed)))
    spread = np.std([score.raw for score in scores])
    assert np.mean([score.error for score in scores]) == pytest.approx(spread, rel=0.15)
