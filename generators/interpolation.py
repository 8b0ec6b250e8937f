"""Rows between a real row and one of its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray, Table

from .archive import Arrays
from .conditions import Where
from .generator import CHUNK, Generator
from .mixed_coding import CodeArray, MixedCoding
from .mixed_limits import widened
from .progress import Progress
from .rejection import accepted
from .repetition import repeated
from .truncated_normal import choose

_MOST_DRAWS: Final = 200
_HALF: Final = 0.5
_OFTEN: Final = 3
_LARGE_SHARE: Final = 0.05


class Interpolation(Generator):
    """Augmentation by interpolation (SMOTE): a point on the way to a near row.

    ``x = x_i + u (x_j - x_i)`` with ``u`` uniform in (0, 1), for a real row ``i`` taken at random
    and one of its ``k`` nearest rows ``j`` with the same categories and the same missing cells.
    Levels of a column that repeats, and values that a twentieth of the rows share, are never
    mixed: they are those of the nearer end. Where a row is alone with
    its categories, its neighbours are taken from all rows, and its categories stay. Laws are
    kept, as their latents are what is mixed. Rows lie inward of the real ones: spreads
    shrink a little.

    Args:
        table: What the columns are, and the laws to keep.
        neighbours: ``k``.

    Raises:
        ConflictingLaws: For laws that cannot all be kept by construction.
        ValueError: For ``neighbours`` below 1.

    Example:
        >>> from halflife.schemas.table import Column
        >>> table = Table((Column(name="x"), Column(name="y")))
        >>> x = np.random.default_rng(0).normal(size=100)
        >>> smote = Interpolation(table)
        >>> smote.fit(Block(table, np.column_stack([x, 2 * x]), np.empty((100, 0), dtype=object)),
        ...           seed=0)
        >>> made = smote.sample(50, seed=1)
        >>> bool(np.allclose(made.number("y"), 2 * made.number("x")))
        True

    Reference:
        N. Chawla, K. Bowyer, L. Hall, W. Kegelmeyer, "SMOTE: synthetic minority over-sampling
        technique", Journal of Artificial Intelligence Research 16 (2002) 321.
    """

    name: ClassVar[str] = "interpolation"

    def __init__(self, table: Table, *, neighbours: int = 5) -> None:
        super().__init__(table)
        if neighbours < 1:
            raise ValueError(f"neighbours must be at least 1, not {neighbours}")
        self.neighbours = neighbours

    @property
    def parameters(self) -> dict[str, Any]:
        """Arguments of the constructor other than the table."""
        return {"neighbours": self.neighbours}

    def learn(
        self,
        block: Block,
        *,
        seed: int,  # noqa: ARG002  # nothing here is left to chance
        progress: Callable[[Progress], None] | None,
        warm: Generator | None,  # noqa: ARG002  # rows of another window are not wanted
        clock: Callable[[], float],  # noqa: ARG002  # it takes no time
    ) -> None:
        """Find the neighbours of each row."""
        self._mixed = MixedCoding.of(block)
        scores, self._codes = self._mixed.encode(block, None)
        self._numbers = self._mixed.coding.encode(block).numbers
        gaps = self._codes[:, len(self._mixed.levels) :]
        places = np.nan_to_num(scores)
        self._near = _neighbours(places, self._codes, self.neighbours)
        alone = self._near[:, 0] == np.arange(len(block))
        if alone.any():
            self._near[alone] = _neighbours(places, gaps, self.neighbours)[alone]
        self._still = _still(self._numbers)
        if progress is not None:
            progress(Progress("rows", len(block), len(block)))

    def draw(self, streams: Sequence[np.random.Generator]) -> Block:
        """`CHUNK` rows for each stream."""
        pairs = []
        for stream in streams:
            row = stream.integers(len(self._numbers), size=CHUNK)
            near = stream.integers(self._near.shape[1], size=CHUNK)
            pairs.append((row, near, stream.random(CHUNK)))
        return self._between(*(np.concatenate(part) for part in zip(*pairs, strict=True)))

    def draw_where(self, streams: Sequence[np.random.Generator], where: Where) -> Block:
        """The same under conditions: each way by the share of it that meets them, then within."""
        first, last = self._shares(where)
        with np.errstate(divide="ignore"):
            odds = np.log(np.maximum(last - first, 0.0)).ravel()
        if not np.isfinite(odds).any():
            return Block.empty(self.table)

        def within(streams: Sequence[np.random.Generator]) -> Block:
            pairs = []
            for stream in streams:
                row, near = np.divmod(choose(odds, stream, CHUNK), self._near.shape[1])
                begin, end = first[row, near], last[row, near]
                pairs.append((row, near, begin + (end - begin) * stream.random(CHUNK)))
            return self._between(*(np.concatenate(part) for part in zip(*pairs, strict=True)))

        return accepted(within, streams, where, chunk=CHUNK, most_draws=_MOST_DRAWS)

    def _between(self, row: NDArray[np.int64], near: NDArray[np.int64], share: FloatArray) -> Block:
        """Rows at a share of the way from each row to its neighbour of that number."""
        other = self._near[row, near]
        begin, end = self._numbers[row], self._numbers[other]
        still = self._still[row] | self._still[other]
        mixed = begin + share[:, None] * (end - begin)
        nearer = np.where(share[:, None] < _HALF, begin, end)
        return self._mixed.rows(np.where(still, nearer, mixed), self._codes[row])

    def _shares(self, where: Where) -> tuple[FloatArray, FloatArray]:
        """Where each way to a neighbour begins and ends to meet the conditions, shape (n, k)."""
        first, last = np.zeros(self._near.shape), np.ones(self._near.shape)
        table = self._mixed.coding.latent_table
        for one in where.conditions:
            if one.column in table.categories:
                j = table.categories.index(one.column)
                allowed = np.array([level in one.levels for level in self._mixed.levels[j]])
                last[~allowed[self._codes[:, j]]] = -1.0
            elif one.column in table.numeric:
                j = table.numeric.index(one.column)
                low, high = widened(one.low, one.high, self._mixed.coding.grids.get(one.column))
                begin, end = self._numbers[:, [j]], self._numbers[self._near, j]
                still = self._still[:, [j]] | self._still[self._near, j]
                enter, leave = _crossed(begin, end, low, high, still)
                first, last = np.maximum(first, enter), np.minimum(last, leave)
        return first, last

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """The coding, the rows and who is near whom."""
        state, arrays = self._mixed.state()
        arrays |= {"numbers": self._numbers, "codes": self._codes, "near": self._near}
        return {"mixed": state}, arrays

    def restore(self, state: Mapping[str, Any], arrays: Arrays) -> None:
        """Become what `state` told."""
        self._mixed = MixedCoding.restore(self.table, state["mixed"], arrays)
        self._numbers, self._codes = arrays["numbers"], arrays["codes"]
        self._near = arrays["near"]
        self._still = _still(self._numbers)


def _neighbours(places: FloatArray, codes: CodeArray, most: int) -> NDArray[np.int64]:
    """The nearest rows with the same codes, in turn where there are few, shape (n, most)."""
    from sklearn.neighbors import NearestNeighbors

    found = np.repeat(np.arange(len(places))[:, None], most, axis=1)
    if places.shape[1] == 0:
        return found
    _, group = np.unique(codes, axis=0, return_inverse=True)
    group = group.ravel()
    order = np.argsort(group, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        count = min(most, len(rows) - 1)
        if count:
            near = NearestNeighbors(n_neighbors=count).fit(places[rows]).kneighbors()[1]
            found[rows] = rows[near[:, np.arange(most) % count]]
    return found


def _still(numbers: FloatArray) -> NDArray[np.bool_]:
    """Which cells are never mixed, shape (n, p): of columns of levels all, else what is frequent.

    A value of a spread column that occurs three times by chance is no level: a row that took it
    beside the levels of its end would be a copy.
    """
    still = np.zeros(numbers.shape, dtype=np.bool_)
    for j, cells in enumerate(numbers.T):
        there = ~np.isnan(cells)
        if there.any():
            _, which, count = np.unique(cells[there], return_inverse=True, return_counts=True)
            frequent = count[which] >= max(_OFTEN, _LARGE_SHARE * len(which))
            still[there, j] = frequent | repeated(cells[there]).all()
    return still


def _crossed(
    begin: FloatArray, end: FloatArray, low: float, high: float, still: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray]:
    """Shares of the way between which a number is within limits; the last below the first if never.

    A number that stays is that of the nearer end: it is within on one half, on both or on none.
    """
    inside = [(place >= low) & (place <= high) for place in (begin, end)]
    step = end - begin
    with np.errstate(divide="ignore", invalid="ignore"):
        one, other = (low - begin) / step, (high - begin) / step
    level = still | (step == 0)
    enter = np.where(level, np.where(inside[0], 0.0, _HALF), np.fmin(one, other))
    leave = np.where(level, np.where(inside[1], 1.0, _HALF), np.fmax(one, other))
    never = np.isnan(step) | (level & ~(inside[0] | inside[1]))
    return np.where(never, 1.0, enter), np.where(never, -1.0, leave)
