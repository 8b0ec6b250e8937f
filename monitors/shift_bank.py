"""Log e-values of columns that shift or spread, by their ranks in the reference."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .arrays import pack, unpack
from .components import Components
from .inflation import inflation
from .rank_scores import RankScores
from .readings import CodedReadings, to_steps
from .shift import SHIFTS, Shift

FloatArray = NDArray[np.float64]
Int16Array = NDArray[np.int16]
Int64Array = NDArray[np.int64]


__all__ = ["SHIFTS", "Shift", "ShiftBank"]

_AMOUNT: Final = 2.0**-16  # resolution of averaged values, in standard deviations
_ATOM: Final = 0.05  # share of a reference at one value, from which it is no smooth column
_LEAST: Final = 0.005  # nats a record, below which a change says nothing
_FEWEST: Final = 20  # values that a column's reference must have for the column to be watched


class ShiftBank:
    """``l(z) = (log-ratio(z) - log mean ratio) / V`` of each column and each of `SHIFTS`.

    The mean of the ratio is taken over the reference and one imagined record beyond either end
    of it. So ties cost nothing, and a constant column gives 0. ``V`` is the long-run variance of
    scores that depend on those before, or whose spread does (`Shift.dependence`).

    Component ``k`` is shift ``k % len(SHIFTS)`` of column ``k // len(SHIFTS)``, so that a record
    takes what its cell in a column says from one row of a table. Its gain is ``1 / (I zeta^2)``: I
    the mean of ``l`` after the change, and zeta the overshoot of the shift for independent columns
    without large atoms, else 1 (Siegmund, Sequential Analysis (1985), chapter 8). What a reference
    cannot tell of weighs nothing.

    Args:
        ranks: Of the d columns.
        inflations: Long-run variances of scores, and of their squares, shape (2, d).
        centres: Shape (d,), mean of each column in its unit.
        scales: Shape (d,), its standard deviation, or a size of it where that is 0.

    Attributes:
        dependence: ``V`` of each shift and column, shape (len(SHIFTS), d).

    Example:
        >>> rng = np.random.default_rng(0)
        >>> bank = ShiftBank.fit(rng.normal(5.0, 2.0, (500, 1)))
        >>> readings = bank.read(np.array([[5.0], [11.0], [np.nan]]))
        >>> (readings.increments[4] / 65536).round(1).tolist()
        [-0.4, 2.1, 0.0]
    """

    def __init__(
        self,
        ranks: RankScores,
        *,
        inflations: FloatArray,
        centres: FloatArray,
        scales: FloatArray,
    ) -> None:
        self.ranks, self.inflations = ranks, inflations
        self.centres, self.scales = centres, scales
        d = len(ranks.sizes)
        self.dependence = np.stack([shift.dependence(*inflations) for shift in SHIFTS])
        watched = ranks.sizes >= _FEWEST
        masses = np.where(watched[:, None], ranks.masses, 0.0)
        masses[~watched, -1] = 1.0  # of nothing: a score of 0
        totals = masses.sum(axis=1)
        constant = watched & (ranks.masses[:, :-1].max(axis=1) >= ranks.sizes)
        nats = np.stack([shift.log_ratio(ranks.scores) for shift in SHIFTS])
        ratios = np.exp(nats)
        means = (ratios * masses).sum(axis=2) / totals
        nats -= np.log(means)[:, :, None]
        ratios /= means[:, :, None]
        spread = np.sqrt((ratios**2 * masses).sum(axis=2) / totals - 1.0 + 1e-12)
        after = (ratios * nats * masses).sum(axis=2) / totals / self.dependence
        errors = np.log1p(spread / np.sqrt(totals / self.dependence)) / self.dependence
        # An overshoot is that of independent records; atoms make it another.
        smooth = (self.dependence == 1.0) & (masses.max(axis=1) < _ATOM * totals)
        before = np.maximum(-(nats * masses).sum(axis=2) / totals / self.dependence, 0.0)
        zeta = np.array([shift.overshoot for shift in SHIFTS])[:, None] * np.ones(d)
        seldom = np.array([shift.share < 1.0 for shift in SHIFTS])
        # Of a walk with seldom jumps, as far as the reference lets these be seen. Beyond it values
        # come a fifth as often as its law says, or less, which is on the safe side.
        jumps = before / np.maximum(after, 1e-9)
        jumps[:, (ranks.beyond > 0).any(axis=1)] /= np.sqrt(5.0)
        zeta[seldom] = np.clip(jumps, zeta, 1.0)[seldom]
        weights = np.array([shift.weight for shift in SHIFTS])
        gains = -np.log(np.clip(after, 1e-3, 1.0))
        gains -= 2.0 * np.log(np.where(smooth, zeta, 1.0))
        gains[:, constant] = 0.0  # how rare other values are, no reference of one value tells
        telling = watched & (constant | (after * self.dependence > _LEAST))
        self.components = Components(
            owners=np.repeat(np.arange(d), len(SHIFTS)),
            errors=np.where(watched, errors, 0.0).T.ravel(),
            gains=np.where(watched, gains, 0.0).T.ravel(),
            weights=np.where(telling, weights[:, None], 0.0).T.ravel(),
        )
        self._starts = np.arange(d)[:, None] * ranks.width
        nats /= self.dependence[:, :, None]
        nats[:, :, ranks.missing] = 0.0
        nats[:, ~watched] = 0.0
        steps = to_steps(nats).reshape(len(SHIFTS), d * ranks.width)
        self._steps = np.ascontiguousarray(steps.T)

    @classmethod
    def fit(cls, values: FloatArray, tails: NDArray[np.bool_] | None = None) -> ShiftBank:
        """From a reference of shape (n, d), NaN where a cell is missing; see `RankScores.fit`."""
        ranks = RankScores.fit(values, tails)
        codes = ranks.codes(values)
        d = values.shape[1]
        inflations = np.ones((2, d))
        centres, scales = np.zeros(d), np.ones(d)
        for j in range(d):
            known = codes[j] != ranks.missing
            if known.sum() < _FEWEST:
                continue
            scores = ranks.scores[j][codes[j]]
            inflations[0, j] = inflation(scores, known)
            inflations[1, j] = inflation(scores**2, known, cautious=True)
            column = np.clip(values[known, j], -1e150, 1e150)  # whose squares are finite
            centres[j] = column.mean()
            scales[j] = column.std() or max(abs(centres[j]), 1.0)
        return cls(ranks, inflations=inflations, centres=centres, scales=scales)

    def read(self, values: FloatArray, codes: Int16Array | None = None) -> CodedReadings:
        """What records of shape (n, d) say; their codes may be given where they are known."""
        codes = self.ranks.codes(values) if codes is None else codes
        places = (codes + self._starts).T
        present = codes != self.ranks.missing
        return CodedReadings(
            [(self._steps, np.ascontiguousarray(places))],
            amounts=self._amounts(values, present),
            present=present,
        )

    def _amounts(self, values: FloatArray, present: NDArray[np.bool_]) -> Int64Array:
        """Deviations of cells from the mean of their columns, shape (d, n)."""
        deviations = values.T - self.centres[:, None]
        deviations /= self.scales[:, None] * _AMOUNT
        np.clip(deviations, -(2.0**40), 2.0**40, out=deviations)
        if not present.all():
            deviations[~present] = 0.0
        return np.rint(deviations, out=deviations).astype(np.int64)

    def size(self, leader: int, mean: float) -> float:
        """A mean amount of the leader's column, as a shift in the unit of that column."""
        return mean * float(self.scales[self.column(leader)]) * _AMOUNT

    def column(self, leader: int) -> int:
        """The column that the leading component watches."""
        return leader // len(SHIFTS)

    def shift(self, leader: int) -> Shift:
        """What the leading component looks for."""
        return SHIFTS[leader % len(SHIFTS)]

    def state(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "ranks": self.ranks.state(),
            "inflations": pack(self.inflations),
            "centres": pack(self.centres),
            "scales": pack(self.scales),
        }

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> ShiftBank:
        """The bank that gave this state."""
        return cls(
            RankScores.of_state(state["ranks"]),
            inflations=unpack(state["inflations"]),
            centres=unpack(state["centres"]),
            scales=unpack(state["scales"]),
        )
