"""Rows as normal scores of numbers and codes of levels, and back, with every law kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray, Kind, Table

from .archive import Arrays
from .laws import LawCoding
from .number_scores import NumberScores

CodeArray = NDArray[np.int64]


@dataclass(frozen=True)
class MixedCoding:
    """The two-way map between rows and a matrix of scores beside a matrix of codes.

    Laws are kept by `LawCoding`: what is mapped are its latents. Numbers become normal scores
    (`NumberScores`), categories the numbers of their levels, a missing cell of a category being a
    level too. Each number with missing cells has a code of its own, 1 where it is missing.

    Args:
        coding: Of the laws.
        numbers: One for each number of the latents.
        levels: Of each category of the latents, the most frequent first.
        gaps: Which of the numbers have missing cells.

    Example:
        >>> from halflife.schemas.table import Column
        >>> table = Table((Column(name="x"), Column(name="who", kind=Kind.CATEGORY)))
        >>> rows = [{"x": 1.5, "who": "ann"}, {"x": None, "who": "bob"}, {"x": 2.5, "who": "ann"}]
        >>> block = Block.from_rows(table, rows)
        >>> mixed = MixedCoding.of(block)
        >>> scores, codes = mixed.encode(block, np.random.default_rng(0))
        >>> codes
        array([[0, 0],
               [1, 1],
               [0, 0]])
        >>> mixed.decode(scores, codes).digest() == block.digest()
        True
    """

    coding: LawCoding
    numbers: tuple[NumberScores, ...]
    levels: tuple[tuple[str | None, ...], ...]
    gaps: tuple[int, ...]

    @classmethod
    def of(cls, block: Block) -> MixedCoding:
        """Learn the map from rows."""
        coding = LawCoding.of(block)
        latents = coding.encode(block)
        missing = np.isnan(latents.numbers).any(axis=0)
        return cls(
            coding=coding,
            numbers=tuple(NumberScores.of(cells) for cells in latents.numbers.T),
            levels=tuple(_levels(cells.tolist()) for cells in latents.texts.T),
            gaps=tuple(np.flatnonzero(missing).tolist()),
        )

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many levels each code has: categories first, then missing cells of numbers."""
        return (*(len(levels) for levels in self.levels), *(2 for _ in self.gaps))

    @property
    def gap_codes(self) -> dict[int, int]:
        """Of each number with missing cells, the column of its code."""
        return {number: len(self.levels) + k for k, number in enumerate(self.gaps)}

    def encode(
        self, block: Block, random: np.random.Generator | None
    ) -> tuple[FloatArray, CodeArray]:
        """Scores, shape (n, numbers), NaN where missing, and codes, shape (n, len(sizes)).

        Args:
            block: The rows that the map was learnt from.
            random: Spreads repeated values over their steps; None puts each in their mean.
        """
        latents = self.coding.encode(block)
        scores = np.empty(latents.numbers.shape)
        for j, number in enumerate(self.numbers):
            cells = latents.numbers[:, j]
            if random is None:
                scores[:, j] = number.means(cells)
            else:
                scores[:, j] = number.encode(cells, random.random(len(cells)))
        codes = np.empty((len(block), len(self.sizes)), dtype=np.int64)
        for j, levels in enumerate(self.levels):
            place = {level: code for code, level in enumerate(levels)}
            codes[:, j] = [place[text] for text in latents.texts[:, j]]
        for gap, column in self.gap_codes.items():
            codes[:, column] = np.isnan(latents.numbers[:, gap])
        return scores, codes

    def decode(
        self,
        scores: FloatArray,
        codes: CodeArray,
        between: Mapping[int, tuple[float, float]] | None = None,
    ) -> Block:
        """The rows of scores and codes; the score of a missing cell is not looked at.

        Args:
            scores: Shape (n, numbers).
            codes: Shape (n, len(sizes)).
            between: Of some numbers, limits that they miss by rounding alone, and are set to.
        """
        numbers = np.empty(scores.shape)
        for j, number in enumerate(self.numbers):
            numbers[:, j] = number.decode(scores[:, j])
        for j, (low, high) in (between or {}).items():
            numbers[:, j] = np.clip(numbers[:, j], low, high)
        for gap, column in self.gap_codes.items():
            numbers[codes[:, column] == 1, gap] = np.nan
        return self.rows(numbers, codes)

    def rows(self, numbers: FloatArray, codes: CodeArray) -> Block:
        """The rows of latent numbers, shape (n, numbers), NaN where missing, and codes."""
        table = self.coding.latent_table
        numbers = numbers.copy()
        for j, name in enumerate(table.numeric):
            if table.column(name).kind is Kind.INTEGER:
                numbers[:, j] = np.rint(numbers[:, j])
        texts = np.empty((len(numbers), len(self.levels)), dtype=object)
        for j, levels in enumerate(self.levels):
            texts[:, j] = np.array(levels, dtype=object)[codes[:, j]]
        return self.coding.decode(Block(table, numbers, texts))

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """Plain data and arrays, without the table."""
        arrays: Arrays = {}
        for j, number in enumerate(self.numbers):
            arrays[f"coding.{j}.quantiles"] = number.quantiles
            arrays[f"coding.{j}.fixed"] = number.fixed
        state = {
            "laws": self.coding.state(),
            "levels": [list(levels) for levels in self.levels],
            "gaps": list(self.gaps),
        }
        return state, arrays

    @classmethod
    def restore(cls, table: Table, state: Mapping[str, Any], arrays: Arrays) -> MixedCoding:
        """From plain data and arrays."""
        coding = LawCoding.restore(table, state["laws"])
        return cls(
            coding=coding,
            numbers=tuple(
                NumberScores(arrays[f"coding.{j}.quantiles"], arrays[f"coding.{j}.fixed"])
                for j in range(len(coding.latent_table.numeric))
            ),
            levels=tuple(tuple(levels) for levels in state["levels"]),
            gaps=tuple(state["gaps"]),
        )


def _levels(texts: list[str | None]) -> tuple[str | None, ...]:
    """Levels, the most frequent first, then in the order of the alphabet."""
    count: dict[str | None, int] = {}
    for text in texts:
        count[text] = count.get(text, 0) + 1
    return tuple(sorted(count, key=lambda level: (-count[level], level is None, level or "")))
