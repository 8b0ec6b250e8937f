"""The choice among candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pytest

from halflife.generators import Auto, Generator, Sieved, UnknownGenerator
from halflife.generators.contest_costs import seconds_of
from halflife.generators.generator import CHUNK
from halflife.generators.registry import GENERATORS
from halflife.schemas.table import Block, Column, Kind, Table

TABLE = Table((Column(name="x"), Column(name="y")))


class Shuffled(Generator):
    """Columns drawn on their own: knows nothing of how they go together."""

    name: ClassVar[str] = "shuffled"

    def learn(self, block: Block, **_: Any) -> None:
        self.numbers = block.numbers

    def draw(self, streams: Sequence[np.random.Generator]) -> Block:
        numbers = [
            np.column_stack([stream.choice(column, CHUNK) for column in self.numbers.T])
            for stream in streams
        ]
        made = np.concatenate(numbers)
        return Block(self.table, made, np.empty((len(made), 0), dtype=object))

    def state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return {}, {"numbers": self.numbers}

    def restore(self, state: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
        self.numbers = arrays["numbers"]


def line(rows: int) -> Block:
    x = np.random.default_rng(0).normal(size=rows)
    y = x + 0.1 * np.random.default_rng(1).normal(size=rows)
    return Block(TABLE, np.column_stack([x, y]), np.empty((rows, 0), dtype=object))


@pytest.mark.parametrize("candidates", [("shuffled", "trees"), ("trees", "shuffled")])
def test_the_better_one_is_taken_and_it_says_why(
    monkeypatch: pytest.MonkeyPatch, candidates: tuple[str, ...]
) -> None:
    monkeypatch.setitem(GENERATORS, "shuffled", Shuffled)
    auto = Auto(TABLE, candidates=candidates, budget=200.0)
    auto.fit(line(500), seed=0)
    assert isinstance(auto.winner, Sieved)
    assert auto.winner.inner.name == "trees"
    assert auto.reason.startswith("trees at privacy 0")
    assert "best on rows held out, likeness, distance and copies are met" in auto.reason
    assert "shuffled sieved by 0: 0." in auto.reason


def test_few_rows_allow_no_contest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(GENERATORS, "shuffled", Shuffled)
    auto = Auto(TABLE, candidates=("shuffled", "trees"))
    auto.fit(line(99), seed=0)
    assert auto.reason == "shuffled sieved by 4: the first candidate, as 99 rows allow no contest"


def test_candidates_must_be_others() -> None:
    with pytest.raises(UnknownGenerator, match="no generator 'magic'; there are auto, "):
        Auto(TABLE, candidates=("magic",))
    for candidates in ((), ("auto",)):
        with pytest.raises(ValueError, match="candidates"):
            Auto(TABLE, candidates=candidates)


def test_the_budget_is_kept_by_known_costs_not_by_a_clock() -> None:
    """The same on any machine: what does not fit is not tried, and the reason says so."""
    auto = Auto(TABLE, candidates=("trees", "copula", "kde"), budget=0.7)
    block = line(400)
    assert seconds_of("copula", block) < seconds_of("kde", block)
    auto.fit(block, seed=0)
    assert "; copula sieved by " in auto.reason
    assert "not within 0.7 s: kde" in auto.reason
    tight = Auto(TABLE, candidates=("trees", "copula"), budget=0.1)
    tight.fit(block, seed=0)
    assert tight.reason == (
        "trees at privacy 0 sieved by 4: the first candidate, as a contest on 400 rows would take "
        "more than 0.1 s"
    )
    again = Auto(TABLE, candidates=("trees", "copula", "kde"), budget=0.7)
    again.fit(block, seed=0)
    assert again.reason == auto.reason
    assert again.sample(50, seed=1).digest() == auto.sample(50, seed=1).digest()


def test_levels_make_the_search_for_widths_dearer() -> None:
    random = np.random.default_rng(0)

    def table(categories: int) -> Block:
        columns = [Column(name=f"x{j}") for j in range(8 - categories)]
        columns += [Column(name=f"c{j}", kind=Kind.CATEGORY) for j in range(categories)]
        texts = random.choice(list("abc"), (1_500, categories)).astype(object)
        return Block(Table(tuple(columns)), random.normal(size=(1_500, 8 - categories)), texts)

    assert seconds_of("kde", table(6)) > 1.3 * seconds_of("kde", table(0))
    assert seconds_of("copula", table(6)) == seconds_of("copula", table(0))


def test_twenty_thousand_rows_allow_a_contest() -> None:
    columns = tuple(Column(name=f"x{j}") for j in range(6))
    numbers = np.random.default_rng(0).normal(size=(20_000, 6))
    auto = Auto(Table(columns))
    auto.fit(Block(auto.table, numbers, np.empty((20_000, 0), dtype=object)), seed=0)
    assert "copula" in auto.reason
    assert "best on rows held out" in auto.reason


def test_privacy_goes_to_the_candidates_that_have_it() -> None:
    auto = Auto(TABLE, candidates=("trees",), privacy=0.7)
    auto.fit(line(100), seed=0)
    assert auto.winner is not None
    assert auto.winner.parameters["privacy"] == 0.7
    with pytest.raises(ValueError, match="budget must be above 0"):
        Auto(TABLE, budget=0)


def test_privacy_and_sieve_are_chosen_only_where_no_privacy_is_given() -> None:
    block = line(400)
    free = Auto(TABLE, candidates=("trees",))
    free.fit(block, seed=0)
    assert isinstance(free.winner, Sieved)
    privacy = free.winner.inner.parameters["privacy"]
    assert free.reason.startswith(f"trees at privacy {privacy:g} sieved by {free.winner.power:g}: ")
    given = Auto(TABLE, candidates=("trees",), privacy=0.7)
    given.fit(block, seed=0)
    assert given.reason == "trees: the only candidate"
    several = Auto(TABLE, candidates=("trees", "copula"), privacy=0.7)
    several.fit(block, seed=0)
    assert isinstance(several.winner, Sieved)
    assert several.winner.power == 0.0
    again = Auto(TABLE, candidates=("trees",))
    again.fit(block, seed=0)
    assert again.reason == free.reason
    assert again.sample(40, seed=1).digest() == free.sample(40, seed=1).digest()


def test_what_promises_privacy_is_not_sieved() -> None:
    columns = (Column(name="x", minimum=-5, maximum=5), Column(name="y", minimum=-5, maximum=5))
    table = Table(columns)
    auto = Auto(table, candidates=("private", "copula"), budget=500.0)
    auto.fit(Block(table, line(400).numbers, line(400).texts), seed=0)
    assert "private: 0." in auto.reason
