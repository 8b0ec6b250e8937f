"""The choice among candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pytest

from halflife.generators import Auto, Generator, UnknownGenerator
from halflife.generators.auto import seconds_of
from halflife.generators.contest_scores import ContestScores
from halflife.generators.generator import CHUNK
from halflife.generators.registry import GENERATORS
from halflife.schemas.table import Block, Column, Table

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
    assert isinstance(auto.winner, Generator)
    assert auto.winner.name == "trees"
    assert auto.reason.startswith("trees: best on 250 rows held out")
    assert "shuffled 0." in auto.reason


def test_few_rows_allow_no_contest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(GENERATORS, "shuffled", Shuffled)
    auto = Auto(TABLE, candidates=("shuffled", "trees"))
    auto.fit(line(100), seed=0)
    assert auto.reason == "shuffled: the first candidate, as 100 rows allow no contest"


def test_candidates_must_be_others() -> None:
    with pytest.raises(UnknownGenerator, match="no generator 'magic'; there are auto, "):
        Auto(TABLE, candidates=("magic",))
    for candidates in ((), ("auto",)):
        with pytest.raises(ValueError, match="candidates"):
            Auto(TABLE, candidates=candidates)


def test_the_budget_is_kept_by_known_costs_not_by_a_clock() -> None:
    """The same on any machine: what does not fit is not tried, and the reason says so."""
    auto = Auto(TABLE, candidates=("trees", "copula", "kde"), budget=0.9)
    block = line(400)
    assert seconds_of("copula", block) < seconds_of("kde", block)
    auto.fit(block, seed=0)
    assert "copula 0." in auto.reason
    assert "not within 0.9 s: kde" in auto.reason
    tight = Auto(TABLE, candidates=("trees", "copula"), budget=0.1)
    tight.fit(block, seed=0)
    assert tight.reason == (
        "trees: the first candidate, as a contest on 400 rows would take more than 0.1 s"
    )
    again = Auto(TABLE, candidates=("trees", "copula", "kde"), budget=0.9)
    again.fit(block, seed=0)
    assert again.reason == auto.reason
    assert again.sample(50, seed=1).digest() == auto.sample(50, seed=1).digest()


def test_privacy_goes_to_the_candidates_that_have_it() -> None:
    auto = Auto(TABLE, candidates=("trees",), privacy=0.7)
    auto.fit(line(100), seed=0)
    assert auto.winner is not None
    assert auto.winner.parameters["privacy"] == 0.7
    with pytest.raises(ValueError, match="budget must be above 0"):
        Auto(TABLE, budget=0)


def test_the_score_is_a_half_for_like_and_one_for_unlike() -> None:
    block = line(600)
    train, held_out, like = block[:200], block[200:400], block[400:]
    found = ContestScores.of(train, held_out, like, seed=0)
    assert found.area < 0.6
    # Standard error of a share from 200 rows: .035.
    assert found.near == pytest.approx(0.5, abs=0.12)
    other = Block(TABLE, like.numbers + np.array([0.0, 3.0]), like.texts)
    assert ContestScores.of(train, held_out, other, seed=0).area > 0.98
    assert ContestScores.of(train, held_out, train, seed=0).near == 1.0


def test_skill_is_lost_where_the_target_is_drawn_on_its_own() -> None:
    table = Table(TABLE.columns, target="y")
    block = line(600)
    block = Block(table, block.numbers, block.texts)
    blind = block.numbers[400:].copy()
    blind[:, 1] = np.random.default_rng(2).permutation(blind[:, 1])
    found = ContestScores.of(
        block[:200], block[200:400], Block(table, blind, block.texts[400:]), seed=0
    )
    assert found.lost > 0.8
