"""Accepted records of one stream, in the order of the log, with their places in it."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray, Table
from halflife.schemas.window import ROWS_A_MESSAGE

from .moment import Moment


@dataclass(frozen=True, eq=False)
class Rows:
    """Records of a stream that passed every check.

    Args:
        block: Their cells, n rows.
        addresses: Where each stands in its partition, shape (n,), rising; see ``window.address``.
        times: Event times, shape (n,), seconds since 1970 in UTC.
        ids: Their ``record_id``, n of them.
        recipes: What each ran under, a text or None, shape (n,); None if no record names one.

    Example:
        >>> from halflife.schemas.table import Column
        >>> rows = Rows.empty(Table((Column(name="x"),)))
        >>> len(rows)
        0
    """

    block: Block
    addresses: NDArray[np.int64]
    times: FloatArray
    ids: Sequence[str]
    recipes: NDArray[np.object_] | None = None

    def __len__(self) -> int:
        return len(self.addresses)

    def __getitem__(self, chosen: slice | NDArray[Any]) -> Rows:
        """Some of the rows: a slice, a mask of shape (n,), or indices."""
        if isinstance(chosen, slice):
            ids = self.ids[chosen]
        else:
            indices = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen
            ids = [self.ids[int(i)] for i in indices]
        recipes = None if self.recipes is None else self.recipes[chosen]
        return Rows(self.block[chosen], self.addresses[chosen], self.times[chosen], ids, recipes)

    @property
    def without_recipe(self) -> int:
        """How many rows stand before the first that names a recipe."""
        if self.recipes is None:
            return len(self)
        return next((i for i, recipe in enumerate(self.recipes) if recipe is not None), len(self))

    @property
    def recipe_of_each(self) -> NDArray[np.object_]:
        """What each row ran under, shape (n,), all None if no record names a recipe."""
        return np.full(len(self), None, dtype=object) if self.recipes is None else self.recipes

    def rows_of(self, recipe: str | None) -> NDArray[np.int64]:
        """Indices of the rows of one recipe."""
        same = [i for i, each in enumerate(self.recipe_of_each) if each == recipe]
        return np.array(same, dtype=np.int64)

    def moment(self, index: int, *, after: Moment) -> Moment:
        """One of the rows as a place in its stream.

        Args:
            index: Of the row.
            after: The record before the first of these rows.
        """
        seconds = max(after.seconds, float(self.times[: index + 1].max()))
        place = int(self.addresses[index])
        return Moment(after.stream, after.record + 1 + index, place, seconds)

    def place(self, index: int) -> dict[str, int]:
        """Where a row stands in its partition, as messages tell it."""
        offset, row = divmod(int(self.addresses[index]), ROWS_A_MESSAGE)
        return {"offset": offset, "row": row}

    def holdout(self, share: float) -> NDArray[np.bool_]:
        """Which rows no training may see, shape (n,): decided by ``record_id`` alone.

        ``crc32(record_id) / 2**32 < share``, so that every worker, today and in a replay, holds
        out the same records.
        """
        hashes = np.fromiter((zlib.crc32(i.encode()) for i in self.ids), np.float64, len(self))
        return np.asarray(hashes < share * 2.0**32, dtype=np.bool_)

    @classmethod
    def empty(cls, table: Table) -> Rows:
        """No rows."""
        return cls(Block.empty(table), np.empty(0, np.int64), np.empty(0), [])

    @classmethod
    def concatenate(cls, parts: Sequence[Rows]) -> Rows:
        """Rows one after the other; at least one part."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            Block.concatenate([part.block for part in parts]),
            np.concatenate([part.addresses for part in parts]),
            np.concatenate([part.times for part in parts]),
            [i for part in parts for i in part.ids],
            _recipes(parts),
        )


def _recipes(parts: Sequence[Rows]) -> NDArray[np.object_] | None:
    if all(part.recipes is None for part in parts):
        return None
    return np.concatenate([part.recipe_of_each for part in parts])
