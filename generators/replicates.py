"""Settings that were run more than once, met exactly by synthetic rows as often as by real ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray, Role, Table

from .archive import Arrays
from .layout import Layout

_ENOUGH: Final = 0.5
_NONE: Final = -1.0


@dataclass(frozen=True)
class Replicates:
    """Whole settings that the planner ran again and again, as points of the encoded matrix.

    Replicates are the habit of a laboratory: in a campaign of 164 settings with twenty runs each,
    a row with a 165th setting is told from real ones at a glance, though each of its cells was
    seen. A network draws every column from a continuum and never meets a setting exactly. So of
    its rows the share ``share`` that comes nearest to a setting that was run at least twice is
    moved onto it; ``share`` is that of the real rows with such a setting. A setting that was run
    once is never given back by this.

    Columns of set-points and context count, as many as are needed: those that make rows most
    different (the age of a sample whose recipe is repeated) are left out one by one, down to
    half of them, until half of the rows are replicates.

    Args:
        columns: That make up a setting; none where settings do not repeat.
        points: The settings as matrix columns show them, shape (m, places of the columns).
        share: Of the real rows whose setting was run more than once.
        reach: Distance in the matrix up to which a row is moved.

    Example:
        >>> from halflife.schemas.table import Column
        >>> table = Table((Column(name="x", role=Role.SET_POINT), Column(name="y")))
        >>> rows = [{"x": x, "y": i} for i, x in enumerate([1, 1, 2, 2, 2, 3])]
        >>> replicated(Block.from_rows(table, rows)) # five of six rows
        (('x',), array([ True,  True,  True,  True,  True, False]))
    """

    columns: tuple[str, ...]
    points: FloatArray
    share: float
    reach: float = _NONE

    @classmethod
    def of(
        cls, columns: tuple[str, ...], again: NDArray[np.bool_], matrix: FloatArray, layout: Layout
    ) -> Replicates:
        """From what `replicated` found and the encoded rows, shape (n, width)."""
        places = layout.places(columns)
        points = np.unique(matrix[np.ix_(again, places)], axis=0)
        return cls(columns, points, float(again.mean()) if len(points) else 0.0)

    def reaching(self, made: FloatArray, layout: Layout) -> Replicates:
        """The same, with the reach that moves the share of rows of the network, (n, width)."""
        if not self.share:
            return self
        distance, _ = self._nearest(made, layout)
        return replace(self, reach=float(np.quantile(distance, self.share)))

    def settle(self, made: FloatArray, layout: Layout) -> FloatArray:
        """The rows of the network, shape (n, width), those within reach moved onto a setting."""
        if not self.share or self.reach < 0:
            return made
        distance, nearest = self._nearest(made, layout)
        moved = made.copy()
        rows = np.flatnonzero(distance <= self.reach)
        moved[np.ix_(rows, layout.places(self.columns))] = self.points[nearest[rows]]
        return moved

    def _nearest(self, made: FloatArray, layout: Layout) -> tuple[FloatArray, NDArray[np.intp]]:
        rows = made[:, layout.places(self.columns)]
        # |row - point|**2 less |row|**2: a tree would be slow where a category has many levels.
        near = (self.points**2).sum(axis=1) - 2 * rows @ self.points.T
        nearest = near.argmin(axis=1)
        return np.linalg.norm(rows - self.points[nearest], axis=1), nearest

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """Plain data and arrays."""
        plain = {"columns": list(self.columns), "share": self.share, "reach": self.reach}
        return plain, {"replicates.points": self.points}

    @classmethod
    def restore(cls, state: Mapping[str, Any], arrays: Arrays) -> Replicates:
        """From plain data and arrays."""
        points = arrays["replicates.points"]
        return cls(tuple(state["columns"]), points, state["share"], state["reach"])


def replicated(block: Block) -> tuple[tuple[str, ...], NDArray[np.bool_]]:
    """The columns that make up a setting, and whether each row shares its own with another."""
    chosen = _chosen(block.table)
    codes = {name: _codes(block, name) for name in chosen}
    fewest = max(2, (len(chosen) + 1) // 2)
    again = _again(codes, chosen, len(block))
    while again.mean() < _ENOUGH and len(chosen) > fewest:
        fewer = [tuple(one for one in chosen if one != name) for name in chosen]
        found = [_again(codes, columns, len(block)) for columns in fewer]
        best = int(np.argmax([one.mean() for one in found]))
        chosen, again = fewer[best], found[best]
    if again.mean() < _ENOUGH:
        return (), np.zeros(len(block), dtype=np.bool_)
    return chosen, again


def _chosen(table: Table) -> tuple[str, ...]:
    roles = {Role.SET_POINT, Role.CONTEXT}
    return tuple(column.name for column in table.columns if column.role in roles)


def _codes(block: Block, name: str) -> NDArray[np.int64]:
    """Cells as whole numbers that are equal where the cells are; -1 for a missing one."""
    if name in block.table.categories:
        texts = block.text(name)
        levels = {text: code for code, text in enumerate(dict.fromkeys(texts.tolist()))}
        return np.array([-1 if text is None else levels[text] for text in texts], dtype=np.int64)
    cells = block.number(name)
    codes = np.unique(cells, return_inverse=True)[1].astype(np.int64)
    return np.where(np.isnan(cells), -1, codes)


def _again(
    codes: Mapping[str, NDArray[np.int64]], columns: Sequence[str], rows: int
) -> NDArray[np.bool_]:
    """Whether each row's setting, without a gap, occurs twice or more."""
    setting = np.zeros(rows, dtype=np.int64)
    whole = np.full(rows, bool(columns))
    for name in columns:
        whole &= codes[name] >= 0
        both = setting * (int(codes[name].max(initial=0)) + 2) + codes[name] + 1
        setting = np.unique(both, return_inverse=True)[1].astype(np.int64)
    count = np.bincount(setting, minlength=1)
    return np.asarray(whole & (count[setting] > 1), dtype=np.bool_)
