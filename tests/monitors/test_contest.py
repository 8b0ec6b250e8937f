import numpy as np
import pytest

from halflife.monitors.contest import Contest
from halflife.monitors.samples import Samples
from halflife.monitors.task import Task

from .fidelity_cases import LINE, MIXED, block, line, mixed


def contest(samples, tasks, **options):
    return Contest(samples, tasks, **({"train_rows": 1000, "rank": 60} | options))


def line_contest(n, m):
    samples = Samples.of(line(n, 0), line(m, 1), seed=0)
    return contest(samples, Task.all_of(LINE))


def test_each_real_row_is_predicted_as_if_it_had_not_trained_the_model():
    one = line_contest(40, 30)
    rows = np.arange(40)
    x, y = one._features[rows], one._answers[rows]
    held_out = one._own(rows)
    for row in (0, 7, 39):
        others = rows != row
        gram = x[others].T @ x[others] + one._ridge * np.eye(x.shape[1])
        again = x[row] @ np.linalg.solve(gram, x[others].T @ y[others])
        assert held_out[row] == pytest.approx(again, abs=1e-8)


def test_a_row_is_scattered_about_a_model_that_it_did_not_train():
    one = line_contest(40, 30)
    batch = 40 + np.arange(30)
    scatter = one.scatter(batch)
    x, y = one._features, one._answers
    for row in (0, 43, 69):
        others = batch[batch != row]
        gram = x[others].T @ x[others] + one._ridge * np.eye(x.shape[1])
        guess = x[row] @ np.linalg.solve(gram, x[others].T @ y[others])
        assert scatter[row] == pytest.approx(y[row] - guess, abs=1e-8)


def test_the_information_is_that_of_the_explained_share_and_its_rows_average_to_it():
    gains = line_contest(150, 150).gains(np.arange(150), 150 + np.arange(150))
    assert gains.information.shape == (2, 1, 150)
    assert gains.information.mean(axis=2) == pytest.approx(-np.log(1.0 - gains.explained))
    # slope 1, noise .3: R2 of y is 1 / 1.09 = .92, of ranks a little less
    assert gains.explained == pytest.approx(np.full((2, 1), 0.9), abs=0.05)


def test_the_spread_of_the_rows_is_that_of_the_information():
    batch = line(300, 9)
    found = []
    for seed in range(80):
        samples = Samples.of(line(100, seed), batch, seed=0)
        gains = contest(samples, Task.all_of(LINE), rank=20).gains(
            np.arange(100), 100 + np.arange(300)
        )
        found.append((gains.information[0].mean(), gains.information[0].std() / 10.0))
    means, errors = np.array(found).T
    assert errors.mean() == pytest.approx(means.std(), rel=0.3)


def test_a_category_is_explained_as_goodman_and_kruskal_say():
    samples = Samples.of(mixed(200, 0), mixed(200, 1), seed=0)
    task = next(task for task in Task.all_of(MIXED) if task.target == "phase")
    gains = contest(samples, [task]).gains(np.arange(200), 200 + np.arange(200))
    # phase is "cubic" where y is over 3, and y is t and solvent with little noise
    assert np.all((gains.explained > 0.6) & (gains.explained < 1.0))


def test_a_row_without_its_target_says_what_the_mean_says():
    real = line(60, 0)
    real.numbers[:20, 1] = np.nan
    samples = Samples.of(real, line(60, 1), seed=0)
    one = contest(samples, Task.all_of(LINE))
    information = one.gains(np.arange(60), 60 + np.arange(60)).information[:, 0]
    missing = ~one.known[:60]
    assert missing.sum() == 20
    assert information[:, missing] == pytest.approx(
        np.repeat(information.mean(axis=1)[:, None], 20, axis=1)
    )


def test_a_target_that_does_not_vary_is_no_task():
    numbers = line(60, 0).numbers
    numbers[:, 1] = 3.0
    samples = Samples.of(block(LINE, numbers), line(60, 1), seed=0)
    gains = contest(samples, Task.all_of(LINE)).gains(np.arange(60), 60 + np.arange(60))
    assert gains.explained.size == 0


def test_at_most_so_many_rows_train():
    samples = Samples.of(line(80, 0), line(80, 1), seed=0)
    one = contest(samples, Task.all_of(LINE), train_rows=30)
    real, synthetic = np.arange(80), 80 + np.arange(80)
    few, all_of_them = one.gains(real, synthetic[:30]), one.gains(real, synthetic)
    assert np.array_equal(few.information, all_of_them.information)
