"""The choice among candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pytest

from halflife.generators import Auto, Generator, UnknownGenerator
from halflife.generators.auto import told_apart
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
    auto = Auto(TABLE, candidates=candidates)
    auto.fit(line(500), seed=0)
    assert isinstance(auto.winner, Generator)
    assert auto.winner.name == "trees"
    assert auto.reason.startswith("trees: told from 100 held-out rows")
    assert "shuffled 0." in auto.reason


def test_few_rows_allow_no_contest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(GENERATORS, "shuffled", Shuffled)
    auto = Auto(TABLE, candidates=("shuffled", "trees"))
    auto.fit(line(100), seed=0)
    assert auto.reason == "shuffled: the first candidate, as 100 rows allow no contest"


def test_candidates_must_be_others() -> None:
    with pytest.raises(UnknownGenerator, match="no generator 'gan'; there are auto, diffusion"):
        Auto(TABLE, candidates=("gan",))
    for candidates in ((), ("auto",)):
        with pytest.raises(ValueError, match="candidates"):
            Auto(TABLE, candidates=candidates)


def test_the_score_is_a_half_for_like_and_one_for_unlike() -> None:
    block = line(400)
    assert told_apart(block[:200], block[200:], seed=0) < 0.6
    other = Block(TABLE, block.numbers[200:] + np.array([0.0, 3.0]), block.texts[200:])
    assert told_apart(block[:200], other, seed=0) > 0.98
