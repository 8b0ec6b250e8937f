import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from halflife.monitors.row_kernel import RowKernel

FEATURES = arrays(np.float64, (12, 3), elements=st.floats(0.0, 1.0, width=32))


@settings(max_examples=50, deadline=None, derandomize=True)
@given(FEATURES, st.floats(0.1, 5.0))
def test_likeness_is_symmetric_at_most_one_and_positive_definite(features, scale):
    everyone = np.arange(12)
    matrix = RowKernel.of(features, scale=scale).between(everyone, everyone)
    assert np.array_equal(matrix, matrix.T)
    assert np.all((matrix >= 0.0) & (matrix <= 1.0))
    assert np.all(np.diag(matrix) == 1.0)
    assert np.linalg.eigvalsh(matrix)[0] > -1e-9


@settings(max_examples=30, deadline=None, derandomize=True)
@given(FEATURES)
def test_products_of_factors_are_the_likeness_and_end_where_nothing_is_left(features):
    features = features[np.arange(12) // 2]  # every row twice
    kernel = RowKernel.of(features, scale=1.0)
    factor = kernel.factor(12, 0)
    assert factor.shape[1] <= 6
    everyone = np.arange(12)
    assert factor @ factor.T == pytest.approx(kernel.between(everyone, everyone), abs=2e-3)


def test_one_feature_is_compared_by_its_distance_in_standard_deviations():
    kernel = RowKernel.of(np.array([[0.0], [10.0], [20.0]]), scale=2.0)
    apart = 10.0 / np.std([0.0, 10.0, 20.0])
    expected = np.exp(-2.0 * apart)
    assert kernel.between(np.array([0]), np.array([1]))[0, 0] == pytest.approx(expected)


def test_rows_that_differ_in_nothing_are_alike():
    kernel = RowKernel.of(np.ones((4, 2)), scale=1.0)
    assert np.all(kernel.between(np.arange(4), np.arange(4)) == 1.0)
