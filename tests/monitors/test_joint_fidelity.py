import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from halflife.monitors.joint_fidelity import JointFidelity, _areas, _weighted
from halflife.monitors.samples import Samples

from .fidelity_cases import LINE, block, line


def test_the_area_is_that_of_the_roc_curve_ties_and_weights_included():
    generator = np.random.default_rng(0)
    truth = np.repeat([0, 1], 45)
    guess = generator.integers(0, 8, 90) + truth.astype(float)
    labels = 2.0 * truth[:, None] - 1.0
    assert _areas(guess[:, None], labels) == pytest.approx([roc_auc_score(truth, guess)])
    weights = generator.integers(0, 3, 90)
    area = _weighted(guess, (weights * (1 - truth))[None], (weights * truth)[None])[0]
    assert area == pytest.approx(roc_auc_score(truth, guess, sample_weight=weights))


def test_another_real_sample_stays_in_its_band():
    part = JointFidelity(bootstraps=2)
    scores = [part.score(Samples.of(line(80, i), line(200, 10**6 + i), seed=i)) for i in range(300)]
    covered = np.mean([score.value >= score.band[0] for score in scores])
    assert 0.91 <= covered <= 0.985  # 95 %, with three standard errors of 300 splits
    assert np.mean([score.raw for score in scores]) == pytest.approx(1.0, abs=0.02)
    assert np.mean([score.details["c2st_auc"] for score in scores]) == pytest.approx(0.5, abs=0.01)


def test_a_batch_with_the_right_columns_and_no_dependence_is_told():
    real = line(200, 0, noise=0.1)
    numbers = line(400, 1, noise=0.1).numbers
    np.random.default_rng(2).shuffle(numbers[:, 1])
    score = JointFidelity().score(Samples.of(real, block(LINE, numbers), seed=0))
    assert score.value < 0.5
    assert score.raw == pytest.approx(2 * (1 - score.details["c2st_auc"]), abs=0.05)


def test_how_many_synthetic_rows_there_are_does_not_matter():
    real = line(200, 0, noise=0.1)
    scores = [
        JointFidelity().score(Samples.of(real, line(m, 1, noise=0.5), seed=0)).value
        for m in (200, 4000)
    ]
    assert scores[0] == pytest.approx(scores[1], abs=0.15)
