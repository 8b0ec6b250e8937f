"""Rows as the matrix that a neural model learns, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from halflife.schemas.table import Block, FloatArray, Table

from .archive import Arrays
from .layout import Layout
from .repetition import repeated

_MOST_LEVELS: Final = 128
_MOST_INDICATORS: Final = 512
_FEWEST_LEVELS: Final = 8
_SCORE_SCALE: Final = 0.5


@dataclass(frozen=True)
class Encoding:
    """Numbers as normal scores of their rank, categories as indicators, missing cells as flags.

    A number with ``k`` training values below and ``m`` equal to it becomes ``ndtri((k + m v) / n)``
    with a random ``v`` in (0, 1): ties are spread over their share of the normal law, or shown by
    its middle in the ``settled`` columns. Back, the score falls on a training value where values
    repeat, and between two of them where they do not. All columns are scaled to a spread of about
    .5, which is what the diffusion model wants.

    The matrix stays narrow whatever the levels: a category shows its 128 most frequent ones, fewer
    where many categories share 512 indicators; the rarest share one indicator and come back by
    their frequency (`pooled` says so).

    Args:
        table: Of the rows, without laws.
        quantiles: Of each number, its training values, ascending, missing ones left out.
        fixed: Which of them are never smoothed.
        gaps: Whether each number has a flag for missing cells.
        leaders: Of each number, the one whose flag tells its missing cells: itself, or an earlier
            one that is missing in the same rows, as are sensors that drop out together.
        levels: Of each category, its levels, the most frequent first; None for a missing cell.
        shares: Their frequencies, which add up to 1.
        settled: Whether ties of each number are shown by their middle.

    Example:
        >>> from halflife.schemas.table import Column
        >>> block = Block(Table((Column(name="x"),)), np.array([[1.], [7.], [7.], [9.]]),
        ...               np.empty((4, 0), dtype=object))
        >>> encoding = Encoding.of(block)
        >>> matrix = encoding.encode(block, np.random.default_rng(0)); matrix.shape
        (4, 1)
        >>> encoding.decode(matrix, np.random.default_rng(1)).numbers.ravel()
        array([1., 7., 7., 9.])
    """

    table: Table
    quantiles: tuple[FloatArray, ...]
    fixed: tuple[NDArray[np.bool_], ...]
    gaps: tuple[bool, ...]
    levels: tuple[tuple[str | None, ...], ...]
    shares: tuple[FloatArray, ...]
    settled: tuple[bool, ...]
    leaders: tuple[int, ...]

    @classmethod
    def of(cls, block: Block, settled: Sequence[str] = ()) -> Encoding:
        """Learn quantiles and levels from rows; ``settled`` names numbers that are set anew."""
        quantiles = [np.sort(column[~np.isnan(column)]) for column in block.numbers.T]
        counts = [_counts(column.tolist()) for column in block.texts.T]
        patterns = [column.tobytes() for column in np.isnan(block.numbers).T]
        leaders = [patterns.index(pattern) for pattern in patterns]
        return cls(
            table=block.table,
            quantiles=tuple(quantiles),
            fixed=tuple(repeated(q) if q.size else np.zeros(0, dtype=np.bool_) for q in quantiles),
            gaps=tuple(q.size < len(block) and leaders[j] == j for j, q in enumerate(quantiles)),
            leaders=tuple(leaders),
            levels=tuple(tuple(count) for count in counts),
            shares=tuple(np.array(list(c.values()), dtype=np.float64) / len(block) for c in counts),
            settled=tuple(name in settled for name in block.table.numeric),
        )

    @property
    def width(self) -> int:
        """Columns of the matrix."""
        return len(self.quantiles) + sum(self.gaps) + sum(map(self._shown, self.levels))

    @cached_property
    def layout(self) -> Layout:
        """What each column of the matrix shows."""
        keys: list[tuple[str, str]] = []
        offsets: list[float] = []
        for name, gap in zip(self.table.numeric, self.gaps, strict=True):
            shown = ["score", "gap"] if gap else ["score"]
            keys += [(name, what) for what in shown]
            offsets += [0.0] * len(shown)
        for j, (name, levels) in enumerate(zip(self.table.categories, self.levels, strict=True)):
            names = ["missing" if level is None else f"={level}" for level in levels]
            if len(names) > self._shown(levels):
                names = [*names[: self._shown(levels) - 1], "rare"]
            keys += [(name, what) for what in names]
            offsets += self._offsets(j).tolist()
        return Layout(tuple(keys), tuple(offsets))

    @property
    def pooled(self) -> str:
        """Which rare levels share an indicator, in words; empty where none do."""
        return "; ".join(
            f"{name}: the {len(levels) - self._shown(levels) + 1:,} rarest of {len(levels):,} "
            "levels are learnt as one"
            for name, levels in zip(self.table.categories, self.levels, strict=True)
            if len(levels) > self._shown(levels)
        )

    def encode(self, block: Block, random: np.random.Generator) -> FloatArray:
        """The matrix of rows, shape (n, width); a level that was not seen has no indicator."""
        columns: list[FloatArray] = []
        for j, (quantiles, fixed) in enumerate(zip(self.quantiles, self.fixed, strict=True)):
            cells = block.numbers[:, j]
            missing = np.isnan(cells)
            scores = random.standard_normal(len(cells))  # what a missing cell would show
            if quantiles.size:
                chance = random.random(int((~missing).sum()))
                if self.settled[j]:
                    chance[:] = 0.5
                scores[~missing] = _scores(cells[~missing], quantiles, fixed, chance)
            columns.append(_SCORE_SCALE * scores[:, None])
            if self.gaps[j]:
                columns.append((missing - 0.5)[:, None])
        for j, levels in enumerate(self.levels):
            codes = {level: code for code, level in enumerate(levels)}
            found = np.array([codes.get(text, -1) for text in block.texts[:, j]])
            columns.append(self._indicators(j, found))
        return np.concatenate(columns, axis=1)

    def decode(self, matrix: FloatArray, random: np.random.Generator) -> Block:
        """The rows of a matrix, shape (n, width); ``random`` draws among pooled rare levels."""
        numbers = np.empty((len(matrix), len(self.quantiles)))
        missing = np.zeros(numbers.shape, dtype=np.bool_)
        texts = np.empty((len(matrix), len(self.levels)), dtype=object)
        at = 0
        for j, (quantiles, fixed) in enumerate(zip(self.quantiles, self.fixed, strict=True)):
            numbers[:, j] = np.nan
            if quantiles.size:
                numbers[:, j] = _values(matrix[:, at] / _SCORE_SCALE, quantiles, fixed)
            at += 1
            if self.gaps[j]:
                missing[:, j] = matrix[:, at] > 0
                at += 1
        numbers[missing[:, list(self.leaders)]] = np.nan
        for j, levels in enumerate(self.levels):
            stop = at + self._shown(levels)
            codes = (matrix[:, at:stop] + self._offsets(j)).argmax(axis=1)
            rare = self.shares[j][stop - at - 1 :]
            pooled = (stop - at - 1) + np.searchsorted(
                np.cumsum(rare)[:-1] / rare.sum(), random.random(len(matrix)), side="right"
            )
            codes = np.where(codes == stop - at - 1, pooled, codes)
            texts[:, j] = np.array(levels, dtype=object)[codes]
            at = stop
        return Block(self.table, numbers, texts)

    def _indicators(self, j: int, codes: NDArray[np.int64]) -> FloatArray:
        """Indicators less their mean, shape (n, shown); the last one pools the rare levels."""
        shown = self._shown(self.levels[j])
        found = np.minimum(codes, shown - 1)[:, None] == np.arange(shown)
        return np.asarray(found - self._offsets(j), dtype=np.float64)

    def _offsets(self, j: int) -> FloatArray:
        shown = self._shown(self.levels[j])
        share = self.shares[j]
        return np.concatenate([share[: shown - 1], [share[shown - 1 :].sum()]])

    def _shown(self, levels: Sequence[str | None]) -> int:
        """Indicators of a category with these levels; the last may pool the rarest."""
        room = max(_FEWEST_LEVELS, _MOST_INDICATORS // len(self.levels))
        return min(len(levels), _MOST_LEVELS, room)

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """Plain data and arrays, without the table."""
        arrays: Arrays = {}
        for j, (quantiles, fixed) in enumerate(zip(self.quantiles, self.fixed, strict=True)):
            arrays[f"encoding.{j}.quantiles"] = quantiles
            arrays[f"encoding.{j}.fixed"] = fixed
        for j, share in enumerate(self.shares):
            arrays[f"encoding.{j}.shares"] = share
        return {
            "gaps": list(self.gaps),
            "levels": [list(one) for one in self.levels],
            "settled": list(self.settled),
            "leaders": list(self.leaders),
        }, arrays

    @classmethod
    def restore(cls, table: Table, state: Mapping[str, Any], arrays: Arrays) -> Encoding:
        """From plain data and arrays."""
        numbers, categories = range(len(state["gaps"])), range(len(state["levels"]))
        return cls(
            table=table,
            quantiles=tuple(arrays[f"encoding.{j}.quantiles"] for j in numbers),
            fixed=tuple(arrays[f"encoding.{j}.fixed"] for j in numbers),
            gaps=tuple(state["gaps"]),
            levels=tuple(tuple(one) for one in state["levels"]),
            shares=tuple(arrays[f"encoding.{j}.shares"] for j in categories),
            settled=tuple(state["settled"]),
            leaders=tuple(state["leaders"]),
        )


def _scores(
    cells: FloatArray, quantiles: FloatArray, fixed: NDArray[np.bool_], chance: FloatArray
) -> FloatArray:
    """Normal scores, shape (n,): over all of its steps for a fixed value, else its middle."""
    count = len(quantiles)
    low = np.searchsorted(quantiles, cells, side="left")
    high = np.searchsorted(quantiles, cells, side="right")
    spread = low + np.maximum(high - low, 1) * chance
    middle = low + 0.5 + np.maximum(high - low - 1, 0) * chance
    place = np.where(fixed[np.minimum(low, count - 1)], spread, middle)
    share = np.clip(place, 0.25, count - 0.25) / count
    return np.asarray(ndtri(share), dtype=np.float64)


def _values(scores: FloatArray, quantiles: FloatArray, fixed: NDArray[np.bool_]) -> FloatArray:
    """Inverse of `_scores`, shape (n,), always within the observed range."""
    count = len(quantiles)
    place = ndtr(scores) * count
    step = np.clip(place.astype(np.int64), 0, count - 1)
    between = np.interp(place, np.arange(count) + 0.5, quantiles)
    return np.where(fixed[step], quantiles[step], between)


def _counts(texts: Sequence[str | None]) -> dict[str | None, int]:
    """How often each level occurs, most frequent first."""
    count: dict[str | None, int] = {}
    for text in texts:
        count[text] = count.get(text, 0) + 1
    order = sorted(count, key=lambda level: (-count[level], level is None, level or ""))
    return {level: count[level] for level in order}
