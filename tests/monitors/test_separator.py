"""A classifier of two batches, asked about rows that it has never seen."""

from __future__ import annotations

import numpy as np
import pytest

from halflife.monitors.contrast import Contrast
from halflife.monitors.separator import Separator, products


def likeness_of(features):
    return lambda some, others: features[some] @ features[others].T


def test_products_are_those_of_all_squares_and_products():
    rows = np.random.default_rng(0).normal(size=(30, 3))
    first, second = np.triu_indices(3)
    weight = np.where(first == second, 1.0, np.sqrt(2.0))
    features = rows[:, first] * rows[:, second] * weight
    features /= np.sqrt((features**2).sum(axis=1).mean())
    places = np.arange(30)
    wanted = features @ features.T
    assert products(rows)(places, places[:7]) == pytest.approx(wanted[:, :7])
    assert np.diagonal(products(rows)(places, places)).mean() == pytest.approx(1.0)


def test_a_constant_in_the_likeness_changes_nothing():
    rows = np.random.default_rng(1).normal(size=(300, 2))
    rows[200:] += 0.3
    separator = Separator(real=100, ours=100, theirs=100, seed=0)
    plain = separator.contrast(likeness_of(rows))
    shifted = separator.contrast(lambda some, others: rows[some] @ rows[others].T + 5.0)
    assert shifted.value == pytest.approx(plain.value)
    assert shifted.error == pytest.approx(plain.error)


def test_batches_of_one_law_are_as_near_as_each_other():
    z = []
    for seed in range(60):
        rows = np.random.default_rng(seed).normal(size=(500, 3))
        z.append(Separator(real=100, ours=200, theirs=200, seed=seed).contrast(products(rows)).z)
    assert abs(np.mean(z)) < 3.0 / np.sqrt(60)
    assert np.mean(np.square(z)) < 1.6  # 1 for 60 normal z; above 1.6 with probability .2 %


def test_a_variance_that_is_wrong_is_told_by_squares():
    rows = np.random.default_rng(2).normal(size=(1300, 1))
    rows[800:] *= 1.5
    assert Separator(real=300, ours=500, theirs=500, seed=0).contrast(products(rows)).z > 4.0


def test_the_sum_of_two_questions_that_have_nothing_to_do_with_each_other():
    none = np.zeros(4)
    one = Contrast(3.0, np.array([1.0, -1.0, 0.0, 0.0]), none, none, beyond=2.0)
    other = Contrast(0.2, np.array([0.0, 0.0, 0.1, -0.1]), none, none)
    summed = Contrast.summed([one, other])
    assert one.z == pytest.approx(1.5)
    assert summed.z == pytest.approx((one.z + other.z) / np.sqrt(2.0))
    assert Contrast.summed([one, Contrast(0.0, none, none, none)]).z == pytest.approx(one.z)
    assert Contrast.summed([Contrast(0.0, none, none, none)]).z == 0.0


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_real_rows_of_which_a_share_is_like_ours_lie_as_far_on_the_way(share):
    # Means are linear in the law of the rows, whatever the classifier is: the way is the share.
    rows = np.random.default_rng(3).normal(size=(6000, 2))
    rows[2000:4000] += 0.8
    rows[: round(2000 * share)] += 0.8
    contrast = Separator(real=2000, ours=2000, theirs=2000, seed=0).contrast(likeness_of(rows))
    assert contrast.way == pytest.approx(share, abs=3.0 * contrast.error / contrast.span)
    assert 3.0 * contrast.error / contrast.span < 0.2


def test_no_way_leads_between_batches_that_are_one():
    assert Contrast.between(np.zeros(3), np.zeros(3), np.zeros(3)).way is None
    both = [Contrast.between(np.array([x]), np.ones(1), np.zeros(1)) for x in (0.5, 1.0)]
    assert Contrast.pooled(both).way == pytest.approx(0.75)
    assert Contrast.summed(both).way is None
