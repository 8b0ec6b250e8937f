"""Augmentation by interpolation: rows on segments, levels kept, conditions exact."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from halflife.generators import Interpolation, Where
from halflife.schemas.table import Block, Column, Kind, Table


def fitted(block: Block, **options: int) -> Interpolation:
    smote = Interpolation(block.table, **options)
    smote.fit(block, seed=0)
    return smote


def plane(rows: int, seed: int) -> Block:
    table = Table((Column(name="x"), Column(name="y"), Column(name="who", kind=Kind.CATEGORY)))
    random = np.random.default_rng(seed)
    who = random.choice(np.array(["ann", "bob", None], dtype=object), (rows, 1))
    return Block(table, random.normal(size=(rows, 2)), who)


def test_rows_lie_on_segments_between_rows_of_the_same_level() -> None:
    block = plane(80, seed=0)
    made = fitted(block).sample(200, seed=0)
    for point, level in zip(made.numbers, made.text("who"), strict=True):
        ends = block.numbers[[one == level for one in block.text("who")]]
        way = ends[None] - ends[:, None]
        length = (way**2).sum(axis=2)
        share = ((point - ends[:, None]) * way).sum(axis=2) / np.where(length > 0, length, 1)
        foot = ends[:, None] + np.clip(share, 0, 1)[:, :, None] * way
        assert np.sqrt(((foot - point) ** 2).sum(axis=2)).min() < 1e-9


@settings(max_examples=20)
@given(st.integers(20, 60), st.integers(1, 8), st.integers(0, 1000))
def test_values_that_repeat_and_combinations_of_levels_are_never_new(
    rows: int, neighbours: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    columns = (Column(name="step"), Column(name="y"), Column(name="gap"))
    table = Table((*columns, *(Column(name=name, kind=Kind.CATEGORY) for name in ("one", "other"))))
    numbers = random.normal(size=(rows, 3))
    numbers[:, 0] = random.choice([0.1, 0.7, 3.0], rows)
    numbers[random.random(rows) < 0.3, 2] = np.nan
    texts = random.choice(np.array(["a", "b", "c", None], dtype=object), (rows, 2))
    block = Block(table, numbers, texts)
    made = fitted(block, neighbours=neighbours).sample(60, seed=seed)
    assert set(made.number("step")) <= set(numbers[:, 0])
    shown = {tuple(row) for row in zip(*texts.T, np.isnan(numbers[:, 2]), strict=True)}
    drawn = zip(*made.texts.T, np.isnan(made.number("gap")), strict=True)
    assert {tuple(row) for row in drawn} <= shown
    for name in ("y", "gap"):
        cells = made.number(name)[~np.isnan(made.number(name))]
        assert not cells.size or (
            cells.min() >= np.nanmin(block.number(name))
            and cells.max() <= np.nanmax(block.number(name))
        )


def test_conditions_give_what_rejection_gives() -> None:
    block = plane(300, seed=1)
    smote = fitted(block)
    where = Where.parse("0.2 <= x <= 0.9, who = ann", block.table)
    made = smote.sample(4000, seed=0, where=where)
    free = smote.sample(80_000, seed=1)
    kept = free[where.met(free)]
    assert len(kept) > 3000
    for name in ("x", "y"):
        assert ks_2samp(made.number(name), kept.number(name)).pvalue > 0.001


def test_options_that_mean_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="neighbours must be at least 1"):
        Interpolation(Table((Column(name="x"),)), neighbours=0)
