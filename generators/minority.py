"""Rows of what is rare, and of nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray, Table

from .archive import Arrays
from .conditions import Where
from .generator import FEWEST_ROWS, Generator
from .progress import Progress

_WHISKER: Final = 1.5


class Minority(Generator):
    """Synthetic minority augmentation (SMA): a generator of the rare rows alone.

    Rare are, of a category, the levels that have less than an even share of the rows; of a
    number, the values beyond half of the way from the median to the whiskers of its box plot,
    which is where the relevance function of utility-based regression is one half (for a normal
    law, 1.35 standard deviations: 18 % of the rows). Of fewer than 20 such rows, those
    next in rarity are taken too. Another generator is fitted to them, so that its batch is meant to
    be put beside real rows, not in their place.

    Args:
        table: What the columns are, and the laws to keep.
        column: Whose rare values are meant; by default the target, else the last measured column,
            else the last one.
        base: Name of the generator that is fitted to the rare rows.

    Raises:
        ConflictingLaws: For laws that cannot all be kept by construction.
        UnknownGenerator: For a base that there is not.
        ValueError: For a column that there is not, or ``"minority"`` as its own base.

    Attributes:
        rare: How many rows it learnt from; 0 before `fit`.

    Example:
        >>> from halflife.schemas.table import Column
        >>> table = Table((Column(name="x"), Column(name="y")), target="y")
        >>> x = np.random.default_rng(0).normal(size=1000)
        >>> minority = Minority(table)
        >>> minority.fit(Block(table, np.column_stack([x, x]), np.empty((1000, 0), dtype=object)),
        ...              seed=0)
        >>> minority.rare
        183
        >>> bool((np.abs(minority.sample(100, seed=0).number("y")) > 1.2).all())
        True

    Reference:
        L. Juwara, A. El-Hussuna, K. El Emam, "An evaluation of synthetic data augmentation for
        mitigating covariate bias in health data", Patterns 5 (2024) 100946; R. Ribeiro,
        "Utility-based regression", PhD thesis, University of Porto (2011).
    """

    name: ClassVar[str] = "minority"
    partial: ClassVar[bool] = True

    def __init__(self, table: Table, *, column: str | None = None, base: str = "trees") -> None:
        super().__init__(table)
        if column is not None and column not in table.names:
            raise ValueError(f"no column {column!r}; there are {', '.join(table.names)}")
        if base == self.name:
            raise ValueError("the base of 'minority' is another generator, not itself")
        self.column = column
        self.base = base
        self.rare = 0
        self._made_by = self._new(base)

    @property
    def parameters(self) -> dict[str, Any]:
        """Arguments of the constructor other than the table."""
        return {"column": self.column, "base": self.base}

    def learn(
        self,
        block: Block,
        *,
        seed: int,
        progress: Callable[[Progress], None] | None,
        warm: Generator | None,
        clock: Callable[[], float],
    ) -> None:
        """Fit the base to the rare rows."""
        named = (*self.table.names[-1:], *self.table.measured, self.table.target, self.column)
        column = [name for name in named if name is not None][-1]
        rows = _rare(block, column)
        champion = warm._made_by if isinstance(warm, Minority) else warm  # noqa: SLF001  # our own class
        self.rare = len(rows)
        self._made_by = self._new(self.base)
        self._made_by.fit(block[rows], seed=seed, progress=progress, warm=champion, clock=clock)

    def draw(self, streams: Sequence[np.random.Generator]) -> Block:
        """As the base draws."""
        return self._made_by.draw(streams)

    def draw_where(self, streams: Sequence[np.random.Generator], where: Where) -> Block:
        """As the base draws under conditions."""
        return self._made_by.draw_where(streams, where)

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """That of the base, and how many rows it saw."""
        state, arrays = self._made_by.state()
        return {"rare": self.rare, "base": state}, arrays

    def restore(self, state: Mapping[str, Any], arrays: Arrays) -> None:
        """Become what `state` told."""
        self._made_by = self._new(self.base)
        self._made_by.adopt(state["base"], arrays)
        self.rare = state["rare"]

    def _new(self, name: str) -> Generator:
        from .registry import create  # late: the registry imports this file

        return create(name, self.table)


def _rare(block: Block, column: str) -> NDArray[np.intp]:
    """Indices of the rare rows, at least as many as a generator needs, in their order."""
    if column in block.table.categories:
        rarity = _level_rarity(block.text(column).tolist())
    else:
        rarity = _tail_rarity(block.number(column))
    if not (rarity > 1).any():
        return np.arange(len(block))
    order = np.argsort(-rarity, kind="stable")
    return np.sort(order[: max(FEWEST_ROWS, int((rarity > 1).sum()))])


def _level_rarity(levels: list[str | None]) -> FloatArray:
    """An even share over the share of each row's level, shape (n,); 0 where missing."""
    count: dict[str | None, int] = {}
    for level in levels:
        count[level] = count.get(level, 0) + 1
    count.pop(None, None)
    even = sum(count.values()) / max(len(count), 1)
    return np.array([even / count[level] if level is not None else 0.0 for level in levels])


def _tail_rarity(cells: FloatArray) -> FloatArray:
    """Distance from the median over half of that to the whisker, shape (n,); 0 where missing."""
    there = cells[~np.isnan(cells)]
    if not there.size:
        return np.zeros(len(cells))
    lower, median, upper = np.quantile(there, [0.25, 0.5, 0.75])
    reach = _WHISKER * (upper - lower)
    low = there[there >= lower - reach].min()
    high = there[there <= upper + reach].max()
    away = np.nan_to_num(cells, nan=median) - median
    half = np.where(away > 0, high - median, median - low) / 2
    # Where the whisker is at the median, whatever differs from it is rare.
    rarity = np.abs(away) / np.maximum(half, np.finfo(np.float64).tiny)
    return np.asarray(np.minimum(rarity, np.finfo(np.float64).max), dtype=np.float64)
