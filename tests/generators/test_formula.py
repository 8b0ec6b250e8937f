"""Formulas kept as well as in the real rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.generators.formula import Formula
from halflife.schemas.table import EquationLaw


@given(seed=st.integers(0, 10**6), positive=st.booleans(), holes=st.booleans())
@settings(max_examples=50, deadline=None, derandomize=True)
def test_rows_come_back(seed: int, positive: bool, holes: bool) -> None:
    random = np.random.default_rng(seed)
    x, y = random.normal(size=(2, 40))
    x = np.exp(x) if positive else x
    y = np.exp(y) if positive else y
    values = {"x": x, "y": y, "t": x * y * np.exp(0.1 * random.normal(size=40))}
    if not positive:
        values["t"] = x * y + random.normal(size=40)
    if holes:
        values["t"][:3] = np.nan
        values["x"][2:6] = np.nan
    formula = Formula.of(EquationLaw("t = x * y"), values)
    assert formula.ratio == positive
    assert formula.alone == holes
    again = Formula.restore(formula.state())
    decoded = again.decode(again.encode(values), values)
    assert decoded is not None
    np.testing.assert_allclose(decoded, values["t"], rtol=1e-9, atol=1e-12)


def test_an_exact_formula_stays_exact_for_new_inputs() -> None:
    law = EquationLaw("d = m / v")
    values = {"m": np.array([6.0, 8.0]), "v": np.array([2.0, 4.0]), "d": np.array([3.0, 2.0])}
    formula = Formula.of(law, values)
    fresh = {"m": np.array([5.0]), "v": np.array([4.0])}
    decoded = formula.decode({"residual of d": np.zeros(1)}, fresh)
    assert decoded == pytest.approx([1.25])


def test_without_an_input_it_waits() -> None:
    law = EquationLaw("d = m / v")
    values = {"m": np.array([6.0]), "v": np.array([2.0]), "d": np.array([3.0])}
    formula = Formula.of(law, values)
    assert formula.decode({}, values) is None
    assert formula.decode({"residual of d": np.zeros(1)}, {"m": np.ones(1)}) is None
    assert formula.guide({"m": np.ones(1)}) is None


def test_where_the_formula_has_no_value_a_complete_column_stays_complete() -> None:
    law = EquationLaw("d = log(m)")
    values = {"m": np.array([1.0, np.e]), "d": np.array([0.1, 1.1])}
    formula = Formula.of(law, values)
    decoded = formula.decode({"residual of d": np.zeros(3)}, {"m": np.array([-1.0, 0.0, np.e])})
    assert decoded == pytest.approx([0.6, 0.1, 1.0])


def test_where_the_formula_is_nothing_and_so_is_the_target_a_ratio_is_borrowed() -> None:
    law = EquationLaw("d = m * v")
    m = np.array([0.0, *np.linspace(1, 2, 39)])
    values = {"m": m, "v": np.ones(40), "d": m * 1.5}
    formula = Formula.of(law, values)
    assert formula.ratio
    assert not formula.alone  # a target of its own would break the law in another row
    residual = formula.encode(values)["residual of d"]
    np.testing.assert_allclose(residual, np.log(1.5))
    made = formula.decode({"residual of d": residual}, values)
    np.testing.assert_allclose(made, values["d"])
