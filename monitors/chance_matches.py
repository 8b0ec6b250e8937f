"""How often real records come near to synthetic rows by chance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .arrays import pack, unpack
from .cell_law import CellLaw

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Distances in standard deviations, the largest of all columns, at which chances are known.
LEVELS: Final = (1e-9, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16)
#: And wider ones, for rounded rows and for comparison.
ALL_LEVELS: Final = (*LEVELS, 0.32, 0.64)

_EQUAL: Final = LEVELS[0]
_DISCRETE: Final = 1e6  # cells from here on are codes, or missing: they have no neighbours
_COUNTABLE: Final = 3  # pairs that are near in all columns, from which ``r`` is judged
#: Where the dependence of columns on each other is looked at, and resemblance.
CLOSE: Final = 0.04
_MOST_TAKEN: Final = 3  # columns that are taken as independent of each other and of the rest
_PAIRED: Final = 300  # real rows that are compared with each other
_CASES: Final = 500  # unseen real rows that are compared with synthetic ones
_ROWS: Final = 2000  # synthetic rows that these are compared with
_AT_ONCE: Final = 64
_ENOUGH: Final = 30  # pairs from which a share is read off
_LIFTED: Final = 3.0  # a column that is so much more often near where another is, follows from it


class ChanceMatches:
    """An upper bound of how many real records come as near to a synthetic row as one did.

    ``min_J r_J lambda_J(h) prod_{j in J} p_j``. ``lambda_J(h)`` is counted: the rows that an unseen
    real record is near to, within h in every column outside J, and two pairs more. ``p_j`` is the
    chance of a cell as near to the row's (`CellLaw`), or equal where it is equal. It is raised to
    what pairs of real rows show that are near in any one other column but not in all: columns that
    repeat together, or follow from each other, tell little beside each other. ``r_J >= 1`` is by
    how much this was too low at those h, at least as wide, at which rows near in all columns can
    be counted: columns may hang together in other ways, as those that sum to 1 do.

    J has at most three columns, those that tell most, and of cells that are equal at values that
    come often only one tells: such cells go together in ways that no pair shows. So do cells beside
    a value that repeats, which may be what was set there, from now on told more exactly: they are
    taken as equal to it, and what is odd about them is left to `DigitLaw`. Counting alone cannot
    show what is as rare as one in 10,000 with 500 records, and the product alone would trust that
    all columns are independent.

    Args:
        laws: Of the columns' cells.
        floors: Shape (3, d), chances where another column's cell is equal that this one is: of
            values that come often, of others; and chance to be near where another's is.
        lifts: Shape (d,), how much more often a cell is near where another column's is.
        orders: Shape (2, 3), the columns that tell most: by equal cells, and by near ones; -1
            fills up.
        counted: Shape (2, 4, len(ALL_LEVELS)), ``r lambda`` of the first 0 to 3 columns of each.
        total: Synthetic rows.
    """

    def __init__(
        self,
        laws: list[CellLaw],
        *,
        floors: FloatArray,
        lifts: FloatArray,
        orders: IntArray,
        counted: FloatArray,
        total: int,
    ) -> None:
        self.laws, self.floors, self.lifts = laws, floors, lifts
        self.orders, self.counted, self.total = orders, counted, total

    @classmethod
    def fit(
        cls, real: FloatArray, unseen: FloatArray, synthetic: FloatArray, *, steps: FloatArray
    ) -> ChanceMatches:
        """From points of `RowSpace`, shapes (n, d), (m, d) and (rows, d), and their last digits."""
        laws = [CellLaw.fit(cells, step=step) for cells, step in zip(real.T, steps, strict=True)]
        floors, lifts = _dependence(_some(real, _PAIRED), laws)
        self = cls(
            laws,
            floors=floors,
            lifts=lifts,
            orders=np.full((2, _MOST_TAKEN), -1, dtype=np.int64),
            counted=np.ones((2, _MOST_TAKEN + 1, len(ALL_LEVELS))),
            total=len(synthetic),
        )
        rows = _some(synthetic, _ROWS)
        if len(rows):
            everywhere = np.ones(rows.shape, dtype=np.bool_)
            for kind, equal in enumerate((everywhere, self._stays(rows))):
                chances = np.median(self._cells(rows, equal, np.full(rows.shape, CLOSE)), axis=0)
                order = np.argsort(chances, kind="stable")[:_MOST_TAKEN]
                self.orders[kind, : len(order)] = order
            new = _some(unseen, _CASES)
            counts = self._count(new, rows)
            shares = (counts + 2.0) / len(new) * (len(synthetic) / len(rows))
            self.counted = shares * self._too_low(counts, rows)
        return self

    def of(
        self, points: FloatArray, rows: FloatArray, radii: FloatArray | None = None
    ) -> FloatArray:
        """The bound for records and the synthetic rows they are near to, shape (pairs,).

        Args:
            points: Of the records, shape (pairs, d).
            rows: Of the synthetic rows.
            radii: Half steps of cells that are known to be rounded, shape (pairs, d); if None, a
                cell is as near as the level says.
        """
        distances = np.abs(points - rows)
        worst = distances.max(axis=1)
        levels = np.searchsorted(ALL_LEVELS, np.minimum(worst, ALL_LEVELS[-1]))
        if radii is None:
            radii = np.repeat(np.array(ALL_LEVELS)[levels][:, None], rows.shape[1], axis=1)
        equal = distances <= _EQUAL
        cells, plain = self._cells(rows, equal, radii), self._plain(rows, equal)
        found = self._bound(cells, plain, levels)
        far = worst > ALL_LEVELS[-1]  # nothing was counted: as if all rows were near outside J
        one = np.min(cells, axis=1, where=plain, initial=1.0)
        own = np.column_stack([np.where(plain, 1.0, cells), one])
        best = np.sort(own[far], axis=1)[:, :_MOST_TAKEN]
        found[far] = self.total * best.prod(axis=1)
        return found

    @property
    def usual(self) -> float:
        """Rows that a real record is within .04 of in all columns, at most; to 1."""
        return min(1.0, float(self.counted[0, 0, ALL_LEVELS.index(CLOSE)]))

    def typical(self, rows: FloatArray) -> FloatArray:
        """The bound for rows that come back equal, or at each other level, shape (rows, levels)."""
        found = np.ones((len(rows), len(LEVELS)))
        stays = self._stays(rows)
        for level, radius in enumerate(LEVELS):
            equal = np.ones_like(stays) if level == 0 else stays
            levels = np.full(len(rows), level)
            radii = np.full(rows.shape, radius)
            cells = self._cells(rows, equal, radii)
            found[:, level] = self._bound(cells, self._plain(rows, equal), levels)
        return found

    def _stays(self, rows: FloatArray) -> BoolArray:
        """Cells that jitter leaves equal: codes, missing ones, and those of constant columns."""
        constant = [len(law.knots) == 1 for law in self.laws]
        return np.asarray((np.abs(rows) >= _DISCRETE) | np.array(constant))

    def _cells(self, rows: FloatArray, equal: BoolArray, radii: FloatArray) -> FloatArray:
        """``p_j`` of each cell, shape (rows, d)."""
        chances = np.empty(rows.shape)
        for j, law in enumerate(self.laws):
            floors = np.where(law.often(rows[:, j]), self.floors[0, j], self.floors[1, j])
            same = np.maximum(law.equal(rows[:, j]), floors)
            near = law.near(rows[:, j], radii[:, j]) * self.lifts[j]
            near = np.maximum(near, self.floors[2, j])
            beside = np.maximum(law.within(rows[:, j], radii[:, j]), floors)
            near = np.where(law.repeats(rows[:, j]), beside, near)
            chances[:, j] = np.where(equal[:, j], same, near)
        return np.minimum(chances, 1.0)

    def _plain(self, rows: FloatArray, equal: BoolArray) -> BoolArray:
        """Cells at a value that comes often, or beside one that repeats, shape (rows, d)."""
        often = [law.often(rows[:, j]) for j, law in enumerate(self.laws)]
        repeats = [law.repeats(rows[:, j]) for j, law in enumerate(self.laws)]
        return np.where(equal, np.column_stack(often), np.column_stack(repeats))

    def _bound(self, chances: FloatArray, plain: BoolArray, levels: NDArray[np.intp]) -> FloatArray:
        """The least of the bounds, shape (pairs,)."""
        bounds = [self.counted[0, 0][levels]]
        for kind, order in enumerate(self.orders.tolist()):
            product = np.ones(len(chances))
            taken = np.zeros(len(chances), dtype=np.bool_)
            for size, j in enumerate((j for j in order if j >= 0), start=1):
                product = product * np.where(plain[:, j] & taken, 1.0, chances[:, j])
                taken |= plain[:, j]
                bounds.append(self.counted[kind, size][levels] * product)
        return np.asarray(np.min(bounds, axis=0))

    def _count(self, unseen: FloatArray, rows: FloatArray) -> FloatArray:
        """How many pairs are near in all columns but some, for each level and each wide one."""
        left_out = [[j for j in order if j >= 0] for order in self.orders.tolist()]
        shared = sorted({j for order in left_out for j in order})
        base = [j for j in range(rows.shape[1]) if j not in shared]
        levels = np.array(ALL_LEVELS)[:, None]
        counts = np.zeros((2, _MOST_TAKEN + 1, len(levels)))
        for start in range(0, len(unseen), _AT_ONCE):
            gaps = np.abs(unseen[start : start + _AT_ONCE, None, :] - rows)
            rest = gaps[:, :, base].max(axis=2, initial=0.0)
            for kind, order in enumerate(left_out):
                for size in range(_MOST_TAKEN + 1):
                    others = [j for j in shared if j not in order[:size]]
                    worst = np.maximum(rest, gaps[:, :, others].max(axis=2, initial=0.0))
                    counts[kind, size] += (worst.ravel() <= levels).sum(axis=1)
        return counts

    def _too_low(self, counts: FloatArray, rows: FloatArray) -> FloatArray:
        """``r`` of each set of columns and each level, from that level on and wider ones."""
        ratios = np.ones_like(counts)
        for level, radius in enumerate(ALL_LEVELS):
            radii = np.full(len(rows), radius)
            for kind, order in enumerate(self.orders.tolist()):
                product = np.ones(len(rows))
                for size, j in enumerate((j for j in order if j >= 0), start=1):
                    product = product * self.laws[j].within(rows[:, j], radii)
                    full, expected = counts[0, 0, level], counts[kind, size, level] * product.mean()
                    if full >= _COUNTABLE:
                        ratios[kind, size, level] = max(1.0, full / max(expected, 1e-9))
        return np.asarray(np.maximum.accumulate(ratios[:, :, ::-1], axis=2)[:, :, ::-1])

    def state(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "laws": [law.state() for law in self.laws],
            "floors": pack(self.floors),
            "lifts": pack(self.lifts),
            "orders": pack(self.orders),
            "counted": pack(self.counted),
            "total": self.total,
        }

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> ChanceMatches:
        """The one that gave this state."""
        arrays = {name: unpack(state[name]) for name in ("floors", "lifts", "orders", "counted")}
        laws = [CellLaw.of_state(each) for each in state["laws"]]
        return cls(laws, **arrays, total=state["total"])


def _some(points: FloatArray, most: int) -> FloatArray:
    """At most so many of some points, evenly spread over them."""
    if len(points) <= most:
        return points
    return points[np.linspace(0, len(points) - 1, most).astype(np.intp)]


def _dependence(real: FloatArray, laws: list[CellLaw]) -> tuple[FloatArray, FloatArray]:
    """Floors of the chances, shape (3, d), and lifts, shape (d,), out of pairs of real rows."""
    often = np.column_stack([law.often(real[:, j]) for j, law in enumerate(laws)])
    first, second = np.triu_indices(len(real), 1)
    gaps = np.abs(real[first] - real[second])
    near = gaps <= CLOSE
    partly = ~near.all(axis=1)  # a replicate of a known row is told by its distance to it
    near, equal, often = near[partly], gaps[partly] <= _EQUAL, often[first[partly]]
    floors = np.zeros((3, real.shape[1]))
    floors[0] = _given_another(equal, often, fewest=1)
    floors[1] = _given_another(equal, ~often, fewest=1)
    given = _given_another(near, np.ones_like(near), fewest=_ENOUGH)
    share = (near.sum(axis=0) + 1.0) / (len(near) + 1.0)
    follows = given > _LIFTED * share
    floors[2] = np.where(follows, given, 0.0)
    return floors, np.where(follows, 1.0, np.maximum(1.0, given / share))


def _given_another(events: BoolArray, among: BoolArray, *, fewest: int) -> FloatArray:
    """How often a column's event is there where another column's is, at most, shape (d,).

    Only pairs ``among`` which the column is looked at count.
    """
    other = events.astype(np.float32).T
    both = other @ (events & among).astype(np.float32)
    alone = other @ among.astype(np.float32)
    shares = np.where(alone >= fewest, both / (alone + 1.0), 0.0)
    np.fill_diagonal(shares, 0.0)
    return np.asarray(shares.max(axis=0, initial=0.0), dtype=np.float64)
