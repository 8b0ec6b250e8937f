"""Settings that were run more than once."""

from __future__ import annotations

import json

import numpy as np

from halflife.generators.encoding import Encoding
from halflife.generators.replicates import Replicates, replicated
from halflife.schemas.table import Block, Column, Kind, Role, Table

TABLE = Table(
    (
        Column(name="a", role=Role.SET_POINT),
        Column(name="b", role=Role.SET_POINT),
        Column(name="age", role=Role.SET_POINT),
        Column(name="who", role=Role.CONTEXT, kind=Kind.CATEGORY),
        Column(name="y"),
    )
)


def campaign(rows: int = 200, seed: int = 0) -> Block:
    """Ten recipes of a and b, each always made by one person, at ages of their own."""
    random = np.random.default_rng(seed)
    recipe = random.integers(10, size=rows)
    a, b = recipe * 0.7, (recipe * 7) % 10 * 1.1
    numbers = np.column_stack([a, b, random.random(rows), random.normal(size=rows)])
    who = np.where(recipe % 2 == 0, "ann", "bob").astype(object)
    return Block(TABLE, numbers, who[:, None])


def test_what_makes_every_row_different_is_left_out() -> None:
    columns, again = replicated(campaign())
    assert columns == ("a", "b", "who")
    assert again.all()


def test_settings_that_do_not_repeat_are_none() -> None:
    random = np.random.default_rng(0)
    block = Block(TABLE, random.random((100, 4)), np.full((100, 1), "ann", dtype=object))
    columns, again = replicated(block)
    assert columns == ()
    assert not again.any()
    encoding = Encoding.of(block)
    matrix = encoding.encode(block, random)
    nothing = Replicates.of(columns, again, matrix, encoding.layout)
    assert nothing.reaching(matrix, encoding.layout).settle(matrix, encoding.layout) is matrix


def test_a_row_with_a_gap_or_a_setting_run_once_is_no_replicate() -> None:
    block = campaign()
    block.numbers[0, 0] = np.nan
    block.numbers[1, 0] = 99.0
    _, again = replicated(block)
    assert again.tolist() == [False, False, *[True] * 198]


def test_the_share_of_real_replicates_is_moved_onto_settings_and_no_more() -> None:
    block = campaign()
    block.numbers[:50, 0] = 100 + np.arange(50.0)  # a quarter of the settings were run once
    columns, again = replicated(block)
    encoding = Encoding.of(block, settled=columns)
    layout = encoding.layout
    matrix = encoding.encode(block, np.random.default_rng(1))
    replicates = Replicates.of(columns, again, matrix, layout)
    assert replicates.share == again.mean() == 0.75
    random = np.random.default_rng(2)
    made = matrix[random.integers(200, size=400)]
    made = made + 0.05 * random.normal(size=made.shape)
    settled = replicates.reaching(made, layout).settle(made, layout)
    moved = (settled != made).any(axis=1)
    assert moved.mean() == 0.75
    rows = encoding.decode(settled[moved], random)
    known = {tuple(row) for row in block[again].numbers[:, :2].tolist()}
    assert {tuple(row) for row in rows.numbers[:, :2].tolist()} <= known
    others = np.setdiff1d(np.arange(layout.width), layout.places(columns))
    assert np.array_equal(settled[:, others], made[:, others])


def test_state_is_plain_data_and_arrays() -> None:
    block = campaign()
    columns, again = replicated(block)
    encoding = Encoding.of(block, settled=columns)
    matrix = encoding.encode(block, np.random.default_rng(1))
    replicates = Replicates.of(columns, again, matrix, encoding.layout)
    replicates = replicates.reaching(matrix + 0.01, encoding.layout)
    state, arrays = replicates.state()
    restored = Replicates.restore(json.loads(json.dumps(state)), arrays)
    one, other = (x.settle(matrix + 0.01, encoding.layout) for x in (replicates, restored))
    assert np.array_equal(one, other)
