"""Which values are levels, and which are spread."""

from __future__ import annotations

import numpy as np

from halflife.generators.repetition import repeated


def test_continuous_values_are_all_spread() -> None:
    assert not repeated(np.random.default_rng(0).normal(size=500)).any()


def test_a_grid_is_kept_with_its_rare_levels() -> None:
    random = np.random.default_rng(0)
    values = np.concatenate([random.choice(np.arange(40.0), 300), [99.0]])
    assert repeated(values).all()


def test_zeros_of_a_spread_column_are_kept_and_the_rest_is_spread() -> None:
    random = np.random.default_rng(0)
    values = np.concatenate([np.zeros(600), random.normal(size=400)])
    assert np.array_equal(repeated(values), values == 0)


def test_a_constant_is_kept() -> None:
    assert repeated(np.full(5, 2.5)).all()
