"""Declared laws, ranges and whole numbers."""

import numpy as np

from halflife.monitors.measures import MEASURES, Comparison
from halflife.schemas.table import Block, Column, EquationLaw, Kind, SumLaw, Table

MIX = Table(
    (
        Column(name="a", minimum=0, maximum=1),
        Column(name="b", minimum=0),
        Column(name="n", kind=Kind.INTEGER),
    ),
    (SumLaw(("a", "b"), 1.0, 1e-6), EquationLaw("n = 10 * a", tolerance=0.01)),
)


def rows(*cells) -> Block:
    return Block(MIX, np.array(cells, dtype=float), np.empty((len(cells), 0), dtype=object))


KEPT = (0.3, 0.7, 3.0)


def measured(name, real, synthetic):
    return MEASURES[name]().measure(Comparison.of(real, synthetic, seed=0))


def test_a_row_that_breaks_two_laws_counts_once() -> None:
    synthetic = rows(KEPT, (0.3, 0.8, 9.0), (0.3, 0.7, 9.0), (0.3, np.nan, 3.0))
    result = measured("law_violations", rows(KEPT, KEPT), synthetic)
    assert (result.value, result.yardstick) == (0.5, 0.0)
    shares = {told["group"]: told["synthetic"] for told in result.details["groups"]}
    assert shares == {"a + b = 1": 0.25, "n = 10 * a": 0.5}


def test_many_broken_laws_are_no_chance() -> None:
    real, synthetic = rows(*[KEPT] * 50), rows(*[KEPT] * 30, *[(0.3, 0.9, 3.0)] * 20)
    assert measured("law_violations", real, synthetic).p_value < 1e-5
    assert measured("law_violations", real, real).p_value == 1.0


def test_what_a_column_cannot_have() -> None:
    synthetic = rows(KEPT, (1.2, 0.7, 3.0), (0.3, -0.1, 2.5), (np.nan, np.nan, np.nan))
    result = measured("impossible_cells", rows(KEPT), synthetic)
    assert result.value == 0.5
    shares = {name: told["value"] for name, told in result.details["columns"].items()}
    assert shares == {"a": 0.25, "b": 0.25, "n": 0.25}


def test_without_limits_or_laws_there_is_a_reason() -> None:
    table = Table((Column(name="x"),))
    plain = Block.from_rows(table, [{"x": 1.0}, {"x": 2.0}])
    assert measured("law_violations", plain, plain).reason == "no law is declared"
    assert "no column declares" in (measured("impossible_cells", plain, plain).reason or "")
