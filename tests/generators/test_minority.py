"""Minority augmentation: what counts as rare, and that nothing else is made."""

from __future__ import annotations

import numpy as np
import pytest

from halflife.generators import Minority, UnknownGenerator
from halflife.schemas.table import Block, Column, Kind, Table


def fitted(block: Block, **options: str) -> Minority:
    minority = Minority(block.table, **options)
    minority.fit(block, seed=0)
    return minority


def numbers(**columns: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Block:
    table = Table(tuple(Column(name=name) for name in columns))
    cells = np.column_stack(list(columns.values()))
    return Block(table, cells, np.empty((len(cells), 0), dtype=object))


def test_the_tails_of_a_normal_target_are_made_and_nothing_else() -> None:
    y = np.random.default_rng(0).normal(size=4000)
    minority = fitted(numbers(y=y))
    # Beyond half of the way to the whisker, 2.70 / 2 standard deviations: 17.7 % of the rows.
    assert minority.rare / 4000 == pytest.approx(0.177, abs=4 * np.sqrt(0.146 / 4000))
    made = np.abs(minority.sample(500, seed=0).number("y"))
    assert made.min() > 1.2


def test_levels_below_an_even_share_are_rare() -> None:
    who = np.repeat(np.array(["a", "b", "c", "d", None], dtype=object), [500, 300, 150, 40, 10])
    x = np.arange(1000.0)
    table = Table((Column(name="x"), Column(name="who", kind=Kind.CATEGORY)), target="who")
    minority = fitted(Block(table, x[:, None], who[:, None]))
    assert minority.rare == 190
    made = minority.sample(1000, seed=0)
    assert set(made.text("who")) == {"c", "d"}
    assert made.number("x").min() >= 800


def test_the_few_that_differ_from_a_common_value_are_rare() -> None:
    flag = np.zeros(300)
    flag[::10] = 1.0
    minority = fitted(numbers(x=np.arange(300.0), flag=flag))
    assert minority.rare == 30
    assert (minority.sample(50, seed=0).number("flag") == 1).all()


def test_too_few_rare_rows_are_filled_up_with_those_next_in_rarity() -> None:
    who = np.repeat(np.array(["a", "b", "c"], dtype=object), [60, 30, 5])
    table = Table((Column(name="x"), Column(name="who", kind=Kind.CATEGORY)), target="who")
    minority = fitted(Block(table, np.arange(95.0)[:, None], who[:, None]))
    assert minority.rare == 35
    made = minority.sample(200, seed=0)
    assert set(made.text("who")) <= {"b", "c"}


def test_another_column_and_another_base_may_be_named() -> None:
    random = np.random.default_rng(1)
    block = numbers(x=random.normal(size=1000), y=random.normal(size=1000))
    minority = fitted(block, column="x", base="copula")
    made = minority.sample(300, seed=0)
    assert np.median(np.abs(made.number("x"))) > 1.3
    assert np.median(np.abs(made.number("y"))) == pytest.approx(0.67, abs=0.2)
    with pytest.raises(ValueError, match="no column 'z'"):
        Minority(block.table, column="z")
    with pytest.raises(ValueError, match="not itself"):
        Minority(block.table, base="minority")
    with pytest.raises(UnknownGenerator):
        Minority(block.table, base="forest")
