"""Distributions of a column under many weightings, beside their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from halflife.monitors.ranked_column import RankedColumn


@pytest.mark.parametrize("rows", [1, 2, 3, 99, 2499, 2500, 2501, 5000])
@pytest.mark.parametrize("levels", [1, 3, 60, 10**9])
def test_the_farthest_sum_is_that_of_the_definition(rows: int, levels: int) -> None:
    """``max_x |W(X <= x)|``, after the last of equal values alone, wherever strides are cut."""
    rng = np.random.default_rng([rows, levels])
    codes = np.unique(rng.integers(0, levels, rows), return_inverse=True)[1]
    weights = rng.integers(-2, 3, (rows, 7)).astype(np.int16)
    sums = np.array([weights[codes <= code].sum(axis=0) for code in range(codes.max() + 1)])
    column = RankedColumn(codes, has_missing=False)
    assert column.farthest(weights).tolist() == np.abs(sums).max(axis=0).tolist()
