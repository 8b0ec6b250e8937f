"""Conditions: how they are written, what they refuse, which rows meet them."""

from __future__ import annotations

import copy
import math
from multiprocessing.reduction import ForkingPickler

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from halflife.generators import Condition, ShortOfRows, UnsuitableCondition, Where
from halflife.schemas.table import Block, Column, Kind, Table

TABLE = Table(
    (
        Column(name="temperature", unit="K", minimum=0, maximum=500),
        Column(name="flow rate"),
        Column(name="cycles", kind=Kind.INTEGER),
        Column(name="solvent", kind=Kind.CATEGORY),
        Column(name="a, b = c", kind=Kind.CATEGORY),
    )
)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
LEVELS = st.lists(
    st.text(min_size=1).filter(lambda text: not {"'", '"'} <= set(text)), min_size=1, max_size=3
)


def only(text: str) -> Condition:
    (condition,) = Where.parse(text, TABLE).conditions
    return condition


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("temperature = 350", 350, 350),
        ("temperature == 3.5e2", 350, 350),
        ("flow rate >= -1", -1, math.inf),
        ("flow rate<2", -math.inf, math.nextafter(2, 1)),
        ("2 > flow rate", -math.inf, math.nextafter(2, 1)),
        ("1 < flow rate <= 2", math.nextafter(1, 2), 2),
        ("2 >= flow rate > 1", math.nextafter(1, 2), 2),
        ("flow rate > 1, flow rate < 3, flow rate <= 2", math.nextafter(1, 2), 2),
        ("temperature > 100", math.nextafter(100, 101), 500),
        ("1 < cycles < 4", 2, 3),
        ("'flow rate' = 7", 7, 7),
    ],
)
def test_numbers_are_written_as_one_value_or_limits(text: str, low: float, high: float) -> None:
    assert (only(text).low, only(text).high) == (low, high)


@pytest.mark.parametrize(
    ("text", "column", "levels"),
    [
        ("solvent = DMF", "solvent", ("DMF",)),
        ("solvent = DMSO | DMF|DMF", "solvent", ("DMF", "DMSO")),
        ("solvent = 'ethyl acetate, dry'", "solvent", ("ethyl acetate, dry",)),
        ("solvent = 350", "solvent", ("350",)),
        ("\"a, b = c\" = 'x < y'", "a, b = c", ("x < y",)),
        ("solvent = DMF | DMSO, solvent = DMSO", "solvent", ("DMSO",)),
    ],
)
def test_categories_are_written_as_levels(text: str, column: str, levels: tuple[str]) -> None:
    assert only(text) == Condition(column, levels=levels)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no condition: write 'column = value'"),
        ("temprature = 3", "no column 'temprature'; there are .*did you mean 'temperature'"),
        ("temperature = hot", "'temperature' is a number in K: 'hot' is none"),
        ("temperature = 350 K", "'350 K' is none .write it without a unit"),
        ("temperature = nan", "'nan' is none"),
        ("temperature = 600", "goes from 0 to 500 in the lab file: 'temperature = 600' lies out"),
        ("temperature = 1 | 2", "give one value or limits"),
        ("flow rate > 3, flow rate < 2", "no number meets both"),
        ("3 <= flow rate <= 2", "no number meets both"),
        ("solvent = DMF, solvent = DMSO", "no level meets both"),
        ("solvent > DMF", "'solvent' is a category"),
        ("cycles = 2.5", "'cycles' holds whole numbers"),
        ("2.1 <= cycles <= 2.9", "'cycles' holds whole numbers"),
        ("flow rate", "'flow rate' is no condition"),
        ("1 < flow rate > 2", "is no condition"),
        ("flow rate = 1,5", "'5' is no condition"),
        ("flow rate = 1, ", "is no condition"),
        ("flow rate =", "is no condition"),
        ("solvent = 'DMF", '"\'DMF" has a quote without its end'),
        ("flow rate > inf", "nothing is at least"),
    ],
)
def test_what_no_row_can_meet_is_refused_with_what_is_allowed(text: str, said: str) -> None:
    with pytest.raises(UnsuitableCondition, match=said):
        Where.parse(text, TABLE)


def test_plain_values_say_the_same() -> None:
    wanted = {"temperature": 350, "flow rate": (1, None), "solvent": {"DMF", "DMSO"}}
    text = "temperature = 350, flow rate >= 1, solvent = DMSO | DMF"
    assert Where.of(wanted, TABLE) == Where.parse(text, TABLE)
    assert Where.of({"cycles": "3"}, TABLE) == Where.of({"cycles": np.int64(3)}, TABLE)
    for wrong in ({"temperature": [1, 2, 3]}, {"solvent": 3}, {"flow rate": math.nan}, {"x": 1}):
        with pytest.raises(UnsuitableCondition, match=next(iter(wrong))):
            Where.of(wrong, TABLE)


def test_made_by_hand_it_is_checked_against_the_table() -> None:
    for wrong in (Condition("solvent", 1, 2), Condition("temperature", levels=("DMF",))):
        with pytest.raises(UnsuitableCondition, match=r"column '\w+' is a"):
            Where((wrong,)).of_table(TABLE)
    with pytest.raises(UnsuitableCondition, match="levels and limits"):
        Condition("solvent", 1, 2, ("DMF",))


@given(low=FINITE, high=FINITE, strict=st.tuples(st.booleans(), st.booleans()), levels=LEVELS)
def test_text_is_read_back_as_it_was(
    low: float, high: float, strict: tuple[bool, bool], levels: list[str]
) -> None:
    low, high = min(low, high), max(low, high)
    if strict[0] and math.nextafter(low, math.inf) <= high:
        low = math.nextafter(low, math.inf)
    if strict[1]:
        high = math.inf
    made = Condition("flow rate", low, high), Condition("a, b = c", levels=tuple(levels))
    where = Where(made)
    assert Where.parse(where.text, TABLE) == where
    assert Where.restore(where.state()) == where
    assert copy.deepcopy(where) == where


def test_strict_limits_are_written_as_they_were() -> None:
    text = "1 < flow rate < 2, solvent = DMF"
    assert Where.parse(text, TABLE).text == text
    assert Where.parse("3.5 < flow rate", TABLE).text == "flow rate > 3.5"


def test_a_missing_cell_meets_nothing() -> None:
    rows = [
        {"flow rate": 1.0, "solvent": "DMF"},
        {"flow rate": 1.0},
        {"solvent": "DMF"},
        {"flow rate": 2.0, "solvent": "DMF"},
        {"flow rate": 1.0, "solvent": "None"},
    ]
    block = Block.from_rows(TABLE, rows)
    where = Where.of({"flow rate": (None, 1), "solvent": ["DMF", "None"]}, TABLE)
    assert where.met(block).tolist() == [True, False, False, False, True]
    assert where.met(Block.empty(TABLE)).tolist() == []


def test_a_shortage_can_be_sent_to_another_process() -> None:
    sent = ForkingPickler.dumps(ShortOfRows(300, 12, "of 4096 rows 3 met 'x = 1'"))
    error = ForkingPickler.loads(sent)
    assert (error.wanted, error.made) == (300, 12)
    assert str(error) == "300 rows were asked for and 12 could be made: of 4096 rows 3 met 'x = 1'"
