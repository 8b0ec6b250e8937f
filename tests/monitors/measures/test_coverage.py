"""Closed forms of coverage."""

import numpy as np
import pytest
from scipy.spatial import Delaunay

from halflife.monitors.measures import MEASURES, Comparison
from halflife.monitors.measures.hull_coverage import distances_to_hull
from halflife.schemas.table import Block, Column, Kind, Role, Table


def cloud(cells, *, role=Role.MEASURED) -> Block:
    table = Table(tuple(Column(name=f"x{i}", role=role) for i in range(cells.shape[1])))
    return Block(table, cells, np.empty((len(cells), 0), dtype=object))


def measured(name, real, synthetic):
    return MEASURES[name]().measure(Comparison.of(real, synthetic, seed=0, draws=20))


@pytest.mark.parametrize("d", [1, 2, 5, 16])
def test_the_hull_of_a_simplex_in_any_dimension(d) -> None:
    corners = np.vstack([np.zeros(d), np.eye(d)])
    centre, corner = np.full(d, 1.0 / (d + 1)), np.eye(d)[0]
    beyond = np.full(d, 1.0 / d + 0.1)  # .1 sqrt(d) over the face whose coordinates sum to 1
    distances = distances_to_hull(np.array([centre, corner, beyond]), corners)
    assert distances[:2] == pytest.approx([0.0, 0.0], abs=1e-6)
    assert distances[2] == pytest.approx(0.1 * np.sqrt(d), abs=1e-4)


def test_the_hull_is_that_of_a_triangulation() -> None:
    generator = np.random.default_rng(0)
    corners, rows = generator.normal(size=(60, 3)), generator.normal(size=(200, 3))
    inside = Delaunay(corners).find_simplex(rows) >= 0
    assert np.array_equal(distances_to_hull(rows, corners) < 1e-6, inside)


def test_fractions_that_sum_to_one_have_a_flat_hull() -> None:
    generator = np.random.default_rng(0)
    real, synthetic = np.round(generator.dirichlet(np.ones(4), size=(2, 400)), 4)
    result = measured("hull_coverage", cloud(real), cloud(synthetic))
    assert result.value == pytest.approx(result.yardstick, abs=0.1)
    assert result.value > 0.5


def test_a_batch_that_stays_in_the_middle_covers_little() -> None:
    generator = np.random.default_rng(0)
    real, middle = generator.random((300, 2)), 0.35 + 0.3 * generator.random((300, 2))
    result = measured("hull_coverage", cloud(real), cloud(middle))
    assert result.value == pytest.approx(0.09, abs=0.05)
    assert result.yardstick > 0.85
    assert result.details["synthetic_within_real"] == pytest.approx(1.0, abs=0.01)
    back = measured("hull_coverage", cloud(middle), cloud(real))
    assert back.value == pytest.approx(1.0, abs=0.01)
    assert back.details["synthetic_within_real"] == pytest.approx(0.09, abs=0.05)


def test_the_hull_is_that_of_the_set_points() -> None:
    table = Table((Column(name="t", role=Role.SET_POINT), Column(name="y")))
    cells = np.random.default_rng(0).random((50, 2))
    rows = Block(table, cells, np.empty((50, 0), dtype=object))
    assert measured("hull_coverage", rows, rows).details["columns_used"] == ["t"]


def test_the_range_that_is_covered() -> None:
    real = cloud(np.linspace(0.0, 10.0, 101)[:, None])
    assert measured("range_coverage", real, cloud(np.array([[2.0], [7.0]]))).value == pytest.approx(
        0.5
    )
    wide = cloud(np.array([[-5.0], [0.0], [10.0], [15.0]]))
    assert measured("range_coverage", real, wide).value == 1.0
    assert measured("range_adherence", real, wide).value == 0.5
    beside = cloud(np.array([[20.0], [30.0]]))
    assert measured("range_coverage", real, beside).value == 0.0


def test_a_constant_has_no_range_to_cover() -> None:
    result = measured("range_coverage", cloud(np.zeros((9, 1))), cloud(np.ones((9, 1))))
    assert result.value is None
    assert result.reason == "x0: all real cells are equal"


def test_lost_and_new_categories_are_named() -> None:
    table = Table((Column(name="phase", kind=Kind.CATEGORY),))
    real, synthetic = (
        Block.from_rows(table, [{"phase": c} for c in said]) for said in ("aabbcd", "aabe")
    )
    result = measured("category_coverage", real, synthetic)
    assert result.value == 0.5
    told = result.details["columns"]["phase"]
    assert (told["lost"], told["new"]) == (["c", "d"], ["e"])
    assert measured("category_adherence", real, synthetic).value == 0.75
