"""Laws and given conditions, with every registered generator."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from halflife.generators import GENERATORS, DrawnConditions, UnsuitableCondition, Where, create
from halflife.schemas.table import (
    Block,
    Column,
    EquationLaw,
    Kind,
    OrderLaw,
    Role,
    SumLaw,
    Table,
)

from .test_generator_contract import QUICK, TABLE, kind, lab_rows, quickest

__all__ = ["kind"]


def test_a_row_for_each_row_of_conditions(kind: str) -> None:
    fitted = quickest(kind, TABLE)
    fitted.fit(lab_rows(), seed=5)
    planned = DrawnConditions.of(lab_rows(seed=4)).sample(300, seed=1)
    made = fitted.sample_given(planned, seed=7)
    assert len(made) == 300
    assert made.violations(TABLE.laws[0]) == 0
    assert (made.text("instrument") == planned.text("instrument")).mean() > 0.95
    for name in ("a", "hours"):
        assert np.corrcoef(made.number(name), planned.number(name))[0, 1] > 0.5
    assert fitted.sample_given(planned[:100], seed=7).digest() == made[:100].digest()
    with pytest.raises(UnsuitableCondition, match="no column 'time'"):
        fitted.sample_given(Block.empty(Table((Column(name="time"),))), seed=0)


@pytest.mark.parametrize("broken", [0.0, 0.1])
def test_several_laws_are_kept_as_well_as_in_the_real_rows(kind: str, broken: float) -> None:
    table = Table(
        (
            *(Column(name=name, role=Role.SET_POINT, minimum=0, maximum=1) for name in "ab"),
            Column(name="start", role=Role.SET_POINT, kind=Kind.INTEGER),
            Column(name="peak"),
            Column(name="end", maximum=100),
            Column(name="width", role=Role.DERIVED),
        ),
        (
            SumLaw(("a", "b"), equals=1.0),
            OrderLaw(("start", "peak", "end")),
            EquationLaw("width = end - start", tolerance=0.02),
        ),
    )
    random = np.random.default_rng(0)
    a = np.round(random.random(300), 2)
    start = random.integers(1, 9, 300).astype(float)
    peak = start + random.gamma(2.0, size=300)
    end = np.minimum(peak + random.gamma(2.0, size=300), 100)
    wrong = random.random(300) < broken
    peak[wrong] = end[wrong] + 0.5
    peak[random.random(300) < 0.1] = np.nan
    rows = Block(
        table,
        np.column_stack([a, np.round(1 - a, 2), start, peak, end, end - start]),
        np.empty((300, 0), dtype=object),
    )
    generator = create(kind, table, **QUICK.get(kind, {}))
    generator.fit(rows, seed=0)
    made = generator.sample(500, seed=0)
    total, order, equation = table.laws
    assert made.violations(total) == made.violations(equation) == 0
    share = rows.violations(order) / 300
    assert made.violations(order) / 500 <= (share + 0.05 if broken else 0.0)
    if kind != "private":  # which keeps laws as they are declared, whatever the rows do
        assert made.violations(order) / 500 >= share - 0.06


def test_a_law_that_no_row_fulfils_is_followed_as_little_as_in_the_real_rows(kind: str) -> None:
    table = Table(
        tuple(Column(name=name) for name in "abcd"),
        (SumLaw(("a", "b"), equals=50.0), EquationLaw("c = 3 * a"), OrderLaw(("b", "d"))),
    )
    numbers = np.random.default_rng(0).uniform(1, 2, (60, 4))
    numbers[:, 3] -= 5
    rows = Block(table, numbers, np.empty((60, 0), dtype=object))
    generator = quickest(kind, table)
    generator.fit(rows, seed=0)
    made = generator.sample(100, seed=0)
    assert np.isfinite(made.numbers).all()
    if kind != "private":  # which keeps laws as they are declared, whatever the rows do
        assert [made.violations(law) for law in table.laws] == [100, 100, 100]


@st.composite
def labs(draw: Any) -> Block:
    """Rows that keep a sum, an order and an equation, as many of them as are declared."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    rows = draw(st.integers(25, 60))
    step = draw(st.sampled_from([0.0, 0.05, 0.25]))
    a, b = random.dirichlet([1.0, 1.0, 1.0], rows)[:, :2].T
    if step:
        a, b = (np.round(np.floor(part / step) * step, 2) for part in (a, b))
    start = np.round(random.exponential(size=rows), draw(st.sampled_from([0, 1, 15])))
    end = start + np.round(random.exponential(size=rows), draw(st.sampled_from([0, 15])))
    last = end + random.integers(0, 3, rows)
    numbers = np.column_stack([a, b, np.round(1 - a - b, 15), start, end, last, a * last])
    gone = draw(st.sets(st.integers(0, 5), max_size=2))
    numbers[:, sorted(gone)] = np.where(
        random.random((rows, len(gone))) < 0.15, np.nan, numbers[:, sorted(gone)]
    )
    numbers[:, 6] = numbers[:, 0] * numbers[:, 5]
    laws = (
        SumLaw(("a", "b", "c"), equals=1.0),
        OrderLaw(("start", "end", "last")),
        EquationLaw("dose = a * last", tolerance=1e-9),
    )
    chosen = draw(st.sets(st.sampled_from(laws), min_size=1))
    roles = dict.fromkeys("abc", Role.SET_POINT) | {"dose": Role.DERIVED}
    columns = tuple(
        Column(name=name, role=roles.get(name, Role.MEASURED), minimum=0)
        for name in ("a", "b", "c", "start", "end", "last", "dose")
    )
    table = Table(columns, tuple(law for law in laws if law in chosen))
    return Block(table, numbers, np.empty((rows, 0), dtype=object))


QUICK_KINDS = sorted(
    name
    for name, kind in GENERATORS.items()
    if not kind.neural and name != "private"  # which needs declared limits or more rows
)


@pytest.mark.parametrize("kind", QUICK_KINDS)
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(real=labs(), data=st.data())
def test_laws_grids_and_ranges_hold_whatever_is_declared(kind: str, real: Block, data: Any) -> None:
    generator = create(kind, real.table)
    generator.fit(real, seed=0)
    made = generator.sample(100, seed=1)
    name = data.draw(st.sampled_from(["a", "b", "c", "start", "end"]))
    cells = real.number(name)[~np.isnan(real.number(name))]
    limits = st.sampled_from(np.quantile(cells, [0.1, 0.5, 0.9]).tolist())
    low, high = sorted(data.draw(st.tuples(limits, limits)))
    if low == high or not ((cells >= low) & (cells <= high)).mean() > 0.2:
        low, high = float(cells.min()), float(cells.max())
    where = Where.of({name: (low, high)}, real.table)
    some = generator.sample(50, seed=2, where=where)
    assert where.met(some).all()
    for rows in (made, some):
        for law in real.table.laws:
            assert real.violations(law) == rows.violations(law) == 0
        for column in real.table.columns:
            seen, found = real.number(column.name), rows.number(column.name)
            if not np.isnan(seen).any():
                assert not np.isnan(found).any(), column.name
            if column.name not in {"dose", "end", "last"}:  # they follow from others
                assert np.nanmin(found, initial=np.inf) >= np.nanmin(seen) - 1e-9
                assert np.nanmax(found, initial=-np.inf) <= np.nanmax(seen) + 1e-9
