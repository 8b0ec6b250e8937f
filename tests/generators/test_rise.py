"""Orders that are kept as well as the real rows keep them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from halflife.generators import ConflictingLaws
from halflife.generators.laws import LawCoding, check_laws
from halflife.generators.rise import Rise
from halflife.schemas.table import Block, Column, EquationLaw, Kind, Law, OrderLaw, SumLaw, Table

CELLS = st.one_of(st.just(float("nan")), st.floats(-1e6, 1e6), st.integers(-5, 5).map(float))


def table_of(names: str, *laws: Law) -> Table:
    return Table(tuple(Column(name=name) for name in names.split()), laws)


def block_of(table: Table, numbers: np.ndarray) -> Block:
    return Block(table, numbers, np.empty((len(numbers), 0), dtype=object))


def test_only_the_first_is_learnt_itself() -> None:
    table = table_of("a b c", OrderLaw(("a", "b", "c")))
    numbers = np.sort(np.random.default_rng(0).normal(size=(50, 3)), axis=1)
    coding = LawCoding.of(block_of(table, numbers))
    assert coding.latent_table.names == ("a", "rise of b", "rise of c")
    decoded = coding.decode(coding.encode(block_of(table, numbers)))
    np.testing.assert_allclose(decoded.numbers, numbers, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(arrays(np.float64, st.tuples(st.integers(2, 30), st.just(3)), elements=CELLS))
def test_rows_come_back_whatever_is_missing_or_broken(numbers: np.ndarray) -> None:
    table = table_of("a b c", OrderLaw(("a", "b", "c")))
    block = block_of(table, numbers)
    coding = LawCoding.of(block)
    restored = LawCoding.restore(table, json.loads(json.dumps(coding.state())))
    decoded = restored.decode(restored.encode(block))
    np.testing.assert_allclose(decoded.numbers, numbers, atol=1e-9, rtol=1e-9)


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float64, (20, 2), elements=st.integers(0, 40).map(float)),
    arrays(np.float64, (20, 2), elements=st.floats(0, 40)),
)
def test_no_latents_break_an_order_that_no_real_row_breaks(
    numbers: np.ndarray, latents: np.ndarray
) -> None:
    table = table_of("a b", OrderLaw(("a", "b"), tolerance=0))
    numbers = np.sort(numbers, axis=1)
    numbers[:, 1] = 10 * np.ceil(numbers[:, 1] / 10)  # a grid that is coarser than that of a
    coding = LawCoding.of(block_of(table, numbers))
    made = coding.decode(block_of(coding.latent_table, latents))
    assert made.violations(table.laws[0]) == 0


def test_broken_orders_are_broken_as_often() -> None:
    random = np.random.default_rng(3)
    below = random.normal(size=400)
    above = below + random.normal(1.0, 1.0, size=400)  # 16 % fall
    rise = Rise.of("b", ("a",), {"a": below, "b": above})
    assert not rise.keeps
    made = rise.decode({"rise of b": (above - below)[::-1]}, {"a": below})
    assert made is not None
    assert np.mean(made < below) == pytest.approx(np.mean(above < below), abs=0.02)


def test_orders_that_share_columns_are_taken_together() -> None:
    table = table_of("a b c", OrderLaw(("a", "c")), OrderLaw(("b", "c")))
    (step,) = check_laws(table)
    assert (step.target, step.inputs) == ("c", ("a", "b"))


@pytest.mark.parametrize(
    ("laws", "said"),
    [
        ((OrderLaw(("a", "b")), OrderLaw(("b", "a"))), "round in a circle: a <= b; b <= a"),
        ((OrderLaw(("a", "b")), EquationLaw("b = 2 * c")), "both give 'b'"),
        ((OrderLaw(("a", "b")), SumLaw(("b", "c"), equals=1)), "both give 'b'"),
        ((OrderLaw(("a", "b")), EquationLaw("a = 2 * b")), "round in a circle"),
    ],
)
def test_orders_that_conflict_are_refused(laws: tuple[Law, ...], said: str) -> None:
    with pytest.raises(ConflictingLaws, match=said):
        check_laws(table_of("a b c", *laws))


def test_whole_numbers_stay_whole() -> None:
    table = Table(
        tuple(Column(name=name, kind=Kind.INTEGER) for name in "ab"), (OrderLaw(("a", "b")),)
    )
    numbers = np.sort(np.random.default_rng(0).integers(0, 9, (50, 2)).astype(float), axis=1)
    coding = LawCoding.of(block_of(table, numbers))
    made = coding.decode(
        block_of(coding.latent_table, np.random.default_rng(1).uniform(0, 4, (50, 2)))
    )
    assert np.array_equal(made.numbers, np.rint(made.numbers))
    assert made.violations(table.laws[0]) == 0


def test_a_column_that_is_never_missing_is_not_made_missing_by_those_below() -> None:
    nan = np.nan
    values = {
        "a": np.array([nan, 1.0, 2.0]),
        "b": np.array([1.0, nan, 3.0]),
        "c": np.array([2.0, 3.0, 4.0]),
    }
    rise = Rise.of("c", ("a", "b"), values)
    assert not rise.alone
    made = rise.decode({"rise of c": np.array([1.0])}, {"a": np.array([nan]), "b": np.array([nan])})
    assert made is not None
    assert made.tolist() == [3.0]  # the middle of what was seen
