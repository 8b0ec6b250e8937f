"""Which privacy makes rows hard to tell, not too near, and no copies, all at once."""

from __future__ import annotations

import numpy as np
import pytest

from halflife.generators import Auto
from halflife.generators.privacy_choice import PrivacyChoice
from halflife.schemas.table import Block, Column, Table

TABLE = Table((Column(name="x"), Column(name="y")))


def rows(count: int, seed: int, *, shift: float = 0.0) -> Block:
    numbers = np.random.default_rng(seed).normal(size=(count, 2)) + shift
    return Block(TABLE, numbers, np.empty((count, 0), dtype=object))


def chosen(made: dict[float, Block], train: Block) -> PrivacyChoice:
    return PrivacyChoice.of(made.__getitem__, list(made), train, rows(300, 1), seed=0)


def test_rows_of_the_same_law_are_taken_before_copies_and_before_others() -> None:
    train = rows(300, 0)
    made = {0.1: train, 0.5: rows(300, 2), 0.9: rows(300, 3, shift=2.0)}
    found = chosen(made, train)
    assert found.privacy == 0.5
    assert found.excess <= 0.0
    assert "the three are met" in found.said
    assert "0.1 " in found.said
    # Of 300 rows all are copies.
    assert "1.00, 300" in found.said


def test_where_no_privacy_meets_all_three_it_says_so() -> None:
    train = rows(300, 0)
    found = chosen({0.4: train, 0.9: rows(300, 3, shift=4.0)}, train)
    # Told apart always: 1 - 1/2 - .1; what is told apart is no copy, which would count 1 more.
    assert found.excess == pytest.approx(0.4, abs=0.05)
    assert found.privacy == 0.9
    assert "the nearest to all three" in found.said


def test_the_default_is_kept_where_another_is_as_good() -> None:
    same = rows(300, 2)
    assert chosen({0.4: same, 0.1: same, 1.0: same}, rows(300, 0)).privacy == 0.4


def test_replicates_are_no_copies() -> None:
    """Where held-out rows repeat training rows as often as synthetic ones do."""
    grid = [
        Block(
            TABLE,
            np.random.default_rng(seed).integers(0, 4, (300, 2)).astype(float),
            np.empty((300, 0), dtype=object),
        )
        for seed in range(3)
    ]
    found = PrivacyChoice.of({0.4: grid[2]}.__getitem__, [0.4], *grid[:2], seed=0)
    assert found.said.endswith(", 0)")
    assert found.excess <= 0.0


def test_auto_chooses_privacy_only_where_none_is_given() -> None:
    block = rows(400, 5)
    free = Auto(TABLE, candidates=("trees",))
    free.fit(block, seed=0)
    assert free.winner is not None
    assert "; privacy " in free.reason
    assert f"; privacy {free.winner.parameters['privacy']:g}: " in free.reason
    given = Auto(TABLE, candidates=("trees",), privacy=0.7)
    given.fit(block, seed=0)
    assert given.winner is not None
    assert given.winner.parameters["privacy"] == 0.7
    assert given.reason == "trees: the only candidate"
    again = Auto(TABLE, candidates=("trees",))
    again.fit(block, seed=0)
    assert again.reason == free.reason
    assert again.sample(40, seed=1).digest() == free.sample(40, seed=1).digest()
