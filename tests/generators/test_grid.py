"""Grids of set-points and of printed digits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.generators.grid import Grid

quick = settings(max_examples=50, deadline=None, derandomize=True)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.02, 0.58, 1.0], Grid(2, 0, 2)),
        ([300.0, 325.0, 400.0], Grid(0, 300, 25)),
        ([-1.5, 0.25], Grid(2, -150, 175)),
        ([4.0, 4.0, np.nan], Grid(0, 4, 1)),
        ([1e-3, 2e-3], Grid(3, 1, 1)),
    ],
)
def test_the_coarsest_grid_is_found(values: list[float], expected: Grid) -> None:
    assert Grid.of(np.array(values)) == expected


@pytest.mark.parametrize("values", [[np.pi, np.e], [np.nan], [], [1e300], [1 / 3, 0.5]])
def test_where_there_is_none_there_is_none(values: list[float]) -> None:
    assert Grid.of(np.array(values)) is None


@given(
    lines=st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=40),
    decimals=st.integers(0, 6),
    off=st.floats(-0.49, 0.49),
)
@quick
def test_snapping_finds_back_the_very_floats_of_the_text(
    lines: list[int], decimals: int, off: float
) -> None:
    values = np.array([float(f"{line}e-{decimals}") for line in lines])
    grid = Grid.of(values)
    assert grid is not None
    assert np.array_equal(grid.snap(values), values)
    moved = values + off * grid.step / 10.0**grid.decimals
    assert np.array_equal(grid.snap(moved), values)
    assert Grid.restore(grid.state()) == grid


def test_a_given_origin_is_on_the_grid() -> None:
    assert Grid.of(np.array([0.3, 0.5]), origin=0) == Grid(1, 0, 1)
    assert Grid.of(np.array([0.3, 0.5])) == Grid(1, 3, 2)
