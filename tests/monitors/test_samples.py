import numpy as np

from halflife.monitors.samples import Samples, chance_band

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


def test_a_row_that_is_drawn_often_counts_as_often():
    samples = Samples.of(mixed(40, 0), mixed(70, 1), seed=0)
    real, synthetic = samples.bootstraps(400)
    # counts of one row are binomial: mean 1, variance 1 - 1/n
    assert abs(real[:, :40].var() - (1 - 1 / 40)) < 0.05
    assert abs(synthetic[:, 40:].var() - (1 - 1 / 70)) < 0.05


def test_thinned_samples_keep_their_order_and_say_how_much_noisier_they_are():
    samples = Samples.of(mixed(100, 0), mixed(30, 1), seed=0)
    thin = samples.thinned(50)
    assert (len(thin.real), len(thin.synthetic)) == (50, 30)
    assert thin.real.digest() == Samples.of(thin.real, thin.real, seed=0).real.digest()
    assert thin.noise == np.sqrt(1 / 50 + 1 / 30)


def test_the_band_of_chance_is_passed_by_chance_in_one_of_twenty():
    generator = np.random.default_rng(0)
    draws = generator.standard_t(2, size=(4000, 40))
    below = np.mean([draw[0] < chance_band(draw[1:]) for draw in draws])
    assert abs(below - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 4000)
    assert chance_band(np.zeros(3)) == 0.0
