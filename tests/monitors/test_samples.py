import numpy as np

from halflife.monitors.samples import Samples

from .fidelity_cases import mixed


def test_rows_are_sorted_whatever_order_they_came_in():
    rows = mixed(80, 0)
    shuffled = rows[np.random.default_rng(1).permutation(80)]
    assert Samples.of(rows, rows, seed=0).real.digest() == (
        Samples.of(shuffled, rows, seed=0).real.digest()
    )


def test_resamples_keep_the_sizes_of_both_sides():
    samples = Samples.of(mixed(40, 0), mixed(70, 1), seed=0)
    for weights in (samples.permutations(10), samples.bootstraps(10), samples.as_they_are()):
        assert np.all(weights[0].sum(axis=1) == 40)
        assert np.all(weights[1].sum(axis=1) == 70)
    assert not samples.bootstraps(10)[0][:, 40:].any()


def test_two_batches_meet_the_same_draws_of_the_real_rows():
    real = mixed(40, 0)
    one, other = (Samples.of(real, mixed(70, seed), seed=3) for seed in (1, 2))
    assert np.array_equal(one.bootstraps(5)[0], other.bootstraps(5)[0])
