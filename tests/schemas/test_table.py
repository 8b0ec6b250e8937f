"""A table and blocks of its rows: order, digests, and ways there and back."""

from __future__ import annotations

import dataclasses
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.schemas.table import Block, Column, EquationLaw, Kind, Law, Role, SumLaw, Table

COLUMNS = (
    Column(name="who", role=Role.CONTEXT, kind=Kind.CATEGORY),
    Column(name="dose", role=Role.SET_POINT, unit="mg", minimum=0.0, maximum=10.0),
    Column(name="solvent", role=Role.SET_POINT, kind=Kind.CATEGORY),
    Column(name="count", kind=Kind.INTEGER),
    Column(name="yield"),
)
TABLE = Table(COLUMNS)
TEXTS = Table((COLUMNS[0], COLUMNS[2]))
NUMBERS = Table((COLUMNS[1], COLUMNS[4]))
PROPERTY = settings(deadline=None, max_examples=50, derandomize=True)

NUMBER = st.none() | st.floats(allow_nan=False)
TEXT = st.none() | st.text(max_size=4)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "who": TEXT,
            "dose": NUMBER,
            "solvent": TEXT,
            "count": st.none() | st.integers(-(2**53), 2**53),
            "yield": NUMBER,
        }
    ),
    max_size=8,
)


def digest_of(law: Law) -> str:
    return Table(NUMBERS.columns, (law,)).digest


def sample() -> Block:
    return Block.from_rows(TABLE, [{"dose": float(i), "who": f"w{i}"} for i in range(6)])


def test_a_table_keeps_its_columns_in_order() -> None:
    assert TABLE.names == ("who", "dose", "solvent", "count", "yield")
    assert TABLE.numeric == ("dose", "count", "yield")
    assert TABLE.categories == ("who", "solvent")
    assert TABLE.set_points == ("dose", "solvent")
    assert TABLE.measured == ("count", "yield")
    assert TABLE.column("dose") is COLUMNS[1]
    with pytest.raises(KeyError, match="who, dose, solvent, count, yield"):
        TABLE.column("mass")


@pytest.mark.parametrize(
    ("columns", "laws", "target", "told"),
    [
        ((), (), None, "at least one column"),
        ((COLUMNS[4], COLUMNS[4]), (), None, "named twice: yield"),
        (COLUMNS, (SumLaw(("dose", "who"), equals=1.0),), None, "'who' is no numeric column"),
        (COLUMNS, (EquationLaw("yield = mass"),), None, "'mass' is no numeric column"),
        (COLUMNS, (), "mass", "target 'mass' is none of who, dose"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(
    columns: tuple[Column, ...], laws: tuple[Law, ...], target: str | None, told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        Table(columns, laws, target)


def test_the_digest_of_a_table_changes_with_anything_declared() -> None:
    dose = COLUMNS[1]
    changes: list[dict[str, Any]] = [
        {"name": "mass"}, {"role": Role.CONTEXT}, {"kind": Kind.INTEGER}, {"unit": "g"},
        {"minimum": None}, {"minimum": 1.0}, {"maximum": None}, {"maximum": 11.0},
    ]  # fmt: skip
    rest = COLUMNS[2:]
    tables = [
        Table((dose, *rest)),
        Table((*rest, dose)),
        Table(rest),
        Table((dose, *rest), target="dose"),
        Table((dose, *rest), (SumLaw(("dose", "yield"), equals=1.0),)),
        *(Table((dataclasses.replace(dose, **change), *rest)) for change in changes),
    ]
    assert len({table.digest for table in tables}) == len(tables)


def test_the_digest_of_a_table_knows_the_last_bit_of_a_law() -> None:
    laws = [
        SumLaw(("dose", "yield"), equals=1.0),
        SumLaw(("yield", "dose"), equals=1.0),
        SumLaw(("dose", "yield"), equals=1.0000001),  # written with six digits, the same
        SumLaw(("dose", "yield"), equals=float(np.nextafter(1.0, 2.0))),
        SumLaw(("dose", "yield"), equals=1.0, tolerance=1e-3),
        SumLaw(("dose", "yield"), equals=1.0, tolerance=float(np.nextafter(1e-3, 1.0))),
        EquationLaw("yield = dose"),
        EquationLaw("yield = 2 * dose"),
        EquationLaw("yield = dose", tolerance=1e-3),
    ]
    for one, other in combinations(laws, 2):
        assert digest_of(one) != digest_of(other), (one, other)


def test_equal_tables_have_equal_digests() -> None:
    whole = Table(
        (Column(name="a", minimum=0, maximum=2), Column(name="b", minimum=-0.0)),
        (SumLaw(("a", "b"), equals=1, tolerance=0),),
    )
    real = Table(
        (Column(name="a", minimum=0.0, maximum=np.float64(2)), Column(name="b", minimum=0.0)),
        (SumLaw(("a", "b"), equals=np.float64(1.0), tolerance=-0.0),),
    )
    assert whole == real
    assert whole.digest == real.digest


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (slice(1, 3), [1, 2]),
        (slice(None, None, -2), [5, 3, 1]),
        (slice(9, None), []),
        ([4, 0, 0, -1], [4, 0, 0, 5]),
        ([], []),
        (np.array([True, False, False, True, False, False]), [0, 3]),
        (np.zeros(6, dtype=bool), []),
        (np.array([2, 1]), [2, 1]),
    ],
)
def test_rows_are_chosen_as_numpy_does(rows: Any, expected: list[int]) -> None:
    chosen = sample()[rows]
    assert len(chosen) == len(expected)
    assert chosen.number("dose").tolist() == expected
    assert chosen.text("who").tolist() == [f"w{i}" for i in expected]


def test_a_block_of_another_shape_is_refused() -> None:
    block = sample()
    with pytest.raises(ValueError, match=r"numbers of shape \(6, 2\) where \(6, 3\) is due"):
        Block(TABLE, block.numbers[:, :2], block.texts)
    with pytest.raises(ValueError, match=r"texts of shape \(5, 2\) where \(6, 2\) is due"):
        Block(TABLE, block.numbers, block.texts[:5])


def test_a_block_counts_what_is_missing_and_what_breaks_a_law() -> None:
    law = EquationLaw("yield = 2 * dose")
    rows = [
        {"dose": 1.0, "yield": 2.0, "who": "ann"},
        {"dose": 1.0, "yield": 3.0, "who": ""},
        {"dose": 1.0, "yield": None},
    ]
    block = Block.from_rows(Table(COLUMNS, (law,)), rows)
    assert [block.missing(name) for name in TABLE.names] == [1, 0, 3, 3, 1]
    assert block.violations(law) == 1
    np.testing.assert_array_equal(
        block.matrix(["yield", "dose"]), [[2.0, 1.0], [3.0, 1.0], [np.nan, 1.0]]
    )


def test_the_digest_of_numbers_is_of_their_values_not_of_their_bits() -> None:
    other_nan = np.array([0xFFF8000000000001], dtype=np.uint64).view(np.float64)[0]
    texts = np.empty((2, 0), dtype=object)
    usual = Block(NUMBERS, np.array([[0.0, np.nan], [1.0, 2.0]]), texts)
    odd = Block(NUMBERS, np.asfortranarray([[-0.0, other_nan], [1.0, 2.0]]), texts)
    assert np.signbit(odd.numbers[0, 0])
    assert usual.digest() == odd.digest()


def test_the_digest_of_numbers_knows_their_place_and_their_last_bit() -> None:
    rows = [
        [(1.0, 2.0), (3.0, 4.0)],
        [(3.0, 4.0), (1.0, 2.0)],
        [(2.0, 1.0), (3.0, 4.0)],
        [(1.0, None), (3.0, 4.0)],
        [(None, 1.0), (3.0, 4.0)],
        [(float(np.nextafter(1.0, 2.0)), 2.0), (3.0, 4.0)],
        [(1.0, 2.0)],
        [],
    ]
    blocks = [
        Block.from_rows(NUMBERS, [dict(zip(NUMBERS.names, r, strict=True)) for r in found])
        for found in rows
    ]
    assert len({block.digest() for block in blocks}) == len(blocks)


def test_the_digest_of_texts_knows_where_one_ends() -> None:
    rows = [
        [("ab", "c")],
        [("a", "bc")],
        [("abc", "")],
        [("abc", None)],
        [(None, "abc")],
        [("", "")],
        [(None, None)],
        [("a\x02\x01b", "c")],  # as if a cell ended within another
        [("a", "b\x02\x01c")],
        [("a", "b"), ("c", "d")],
        [("a\x02\x01b", "c\x02\x01d")],
        [("\x00", "")],
        [],
    ]
    blocks = [
        Block.from_rows(TEXTS, [dict(zip(TEXTS.names, r, strict=True)) for r in found])
        for found in rows
    ]
    assert len({block.digest() for block in blocks}) == len(blocks)


@given(one=ROWS, other=ROWS)
@PROPERTY
def test_blocks_have_one_digest_where_they_have_one_content(
    one: list[dict[str, Any]], other: list[dict[str, Any]]
) -> None:
    first, second = Block.from_rows(TABLE, one), Block.from_rows(TABLE, other)
    assert (first.digest() == second.digest()) == (first.rows() == second.rows())


def test_the_digest_of_a_block_is_of_its_table_too() -> None:
    block = sample()
    other = Table(COLUMNS, target="yield")
    assert Block(other, block.numbers, block.texts).digest() != block.digest()


@given(rows=ROWS)
@PROPERTY
def test_rows_come_back_as_they_were(rows: list[dict[str, Any]]) -> None:
    block = Block.from_rows(TABLE, rows)
    assert block.rows() == rows
    assert all(type(row["count"]) in (int, type(None)) for row in block.rows())
    assert Block.from_rows(TABLE, block.rows()).digest() == block.digest()
    assert Block.from_frame(TABLE, block.to_frame()).rows() == rows


@given(rows=ROWS, cut=st.integers(0, 8))
@PROPERTY
def test_a_block_that_was_cut_is_put_together_again(rows: list[dict[str, Any]], cut: int) -> None:
    block = Block.from_rows(TABLE, rows)
    assert Block.concatenate([block[:cut], block[cut:]]).digest() == block.digest()


def test_no_rows_are_a_block_too() -> None:
    assert len(Block.empty(TABLE)) == 0
    assert Block.empty(TABLE).rows() == []
    with pytest.raises(ValueError, match="no block"):
        Block.concatenate([])


def test_a_frame_without_a_column_or_with_text_for_numbers_is_refused() -> None:
    frame = sample().to_frame()
    with pytest.raises(ValueError, match="no column count, yield among who, dose, solvent"):
        Block.from_frame(TABLE, frame[["who", "dose", "solvent"]])
    with pytest.raises(ValueError, match="column 'dose' should hold numbers"):
        Block.from_frame(TABLE, frame.assign(dose="much"))
