"""Log e-values of columns that shift or spread, by their ranks in the reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .arrays import pack, unpack
from .components import Components
from .inflation import inflation
from .rank_scores import RankScores
from .readings import CodedReadings, to_steps

FloatArray = NDArray[np.float64]
Int16Array = NDArray[np.int16]
Int64Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shift:
    """A change of normal scores from N(0, 1) to N(mean, variance)."""

    mean: float
    variance: float

    @property
    def direction(self) -> str:
        """``"up"``, ``"down"`` or ``"spread"``."""
        if self.variance != 1.0:
            return "spread"
        return "up" if self.mean > 0 else "down"

    def log_ratio(self, scores: FloatArray) -> FloatArray:
        """``log N(z; mean, variance) - log N(z; 0, 1)`` of each score, in nats."""
        miss = (scores - self.mean) ** 2 / self.variance
        return np.asarray(0.5 * (scores**2 - miss - np.log(self.variance)), dtype=np.float64)


SHIFTS: Final = (
    *(Shift(sign * mean, 1.0) for mean in (0.25, 0.5, 1.0, 2.0) for sign in (1, -1)),
    *(Shift(0.0, variance) for variance in (1.5, 3.0, 0.6)),
)

_AMOUNT: Final = 2.0**-16  # resolution of averaged values, in standard deviations
_FEWEST: Final = 20  # values that a column's reference must have for the column to be watched


class ShiftBank:
    """``l(z) = (log-ratio(z) - log mean ratio) / V`` of each column and each of `SHIFTS`.

    The mean of the ratio is taken over the reference and one imagined record beyond either end
    of it. So ties cost nothing, and a constant column gives 0. ``V`` is the long-run variance of
    scores that depend on the one before.

    Component ``k`` is shift ``k % len(SHIFTS)`` of column ``k // len(SHIFTS)``, so that a record
    takes what its cell in a column says from one row of a table.

    Args:
        ranks: Of the d columns.
        offsets: Shape (len(SHIFTS), d), log of the mean ratio, in nats.
        errors: Shape (len(SHIFTS), d), standard error of ``l``'s mean, in nats.
        gains: Shape (len(SHIFTS), d), ``max(0, -log I)``, I the mean of ``l`` after the shift.
        inflations: Shape (d,), ``V``.
        centres: Shape (d,), mean of each column in its unit.
        scales: Shape (d,), its standard deviation, or a size of it where that is 0.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> bank = ShiftBank.fit(rng.normal(5.0, 2.0, (500, 1)))
        >>> readings = bank.read(np.array([[5.0], [11.0], [np.nan]]))
        >>> (readings.increments[4] / 65536).round(1).tolist()
        [-0.4, 2.2, 0.0]
    """

    def __init__(
        self,
        ranks: RankScores,
        *,
        offsets: FloatArray,
        errors: FloatArray,
        gains: FloatArray,
        inflations: FloatArray,
        centres: FloatArray,
        scales: FloatArray,
    ) -> None:
        self.ranks, self.offsets, self.inflations = ranks, offsets, inflations
        self.errors, self.gains = errors, gains
        self.centres, self.scales = centres, scales
        d = len(ranks.sizes)
        self.components = Components(
            owners=np.repeat(np.arange(d), len(SHIFTS)),
            errors=errors.T.ravel(),
            gains=gains.T.ravel(),
        )
        self._starts = np.arange(d)[:, None] * ranks.width
        nats = np.stack([shift.log_ratio(ranks.scores) for shift in SHIFTS])
        nats = (nats - offsets[:, :, None]) / inflations[:, None]
        nats[:, :, ranks.missing] = 0.0
        nats[:, ranks.sizes < _FEWEST] = 0.0
        steps = to_steps(nats).reshape(len(SHIFTS), d * ranks.width)
        self._steps = np.ascontiguousarray(steps.T)

    @classmethod
    def fit(cls, values: FloatArray) -> ShiftBank:
        """From a reference of shape (n, d), NaN where a cell is missing."""
        ranks = RankScores.fit(values)
        codes = ranks.codes(values)
        d = values.shape[1]
        offsets, errors, gains = np.zeros((3, len(SHIFTS), d))
        inflations = np.ones(d)
        centres, scales = np.zeros(d), np.ones(d)
        for j in range(d):
            known = codes[j] != ranks.missing
            if known.sum() < _FEWEST:
                continue
            scores = ranks.scores[j][codes[j]]
            inflations[j] = inflation(scores, known)
            extreme = abs(float(ranks.scores[j, 0]))
            seen = np.concatenate([scores[known], [-extreme, extreme]])
            for k, shift in enumerate(SHIFTS):
                ratio = np.exp(shift.log_ratio(seen))
                offsets[k, j] = np.log(ratio.mean())
                ratio /= ratio.mean()
                error = ratio.std() / np.sqrt(len(seen) / inflations[j])
                errors[k, j] = np.log1p(error) / inflations[j]
                after = float((ratio * np.log(ratio)).mean() / inflations[j])
                gains[k, j] = -np.log(np.clip(after, 1e-3, 1.0))
            column = np.clip(values[known, j], -1e300, 1e300)
            centres[j] = column.mean()
            scales[j] = column.std() or max(abs(centres[j]), 1.0)
        return cls(
            ranks,
            offsets=offsets,
            errors=errors,
            gains=gains,
            inflations=inflations,
            centres=centres,
            scales=scales,
        )

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
            "offsets": pack(self.offsets),
            "errors": pack(self.errors),
            "gains": pack(self.gains),
            "inflations": pack(self.inflations),
            "centres": pack(self.centres),
            "scales": pack(self.scales),
        }

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> ShiftBank:
        """The bank that gave this state."""
        return cls(
            RankScores.of_state(state["ranks"]),
            offsets=unpack(state["offsets"]),
            errors=unpack(state["errors"]),
            gains=unpack(state["gains"]),
            inflations=unpack(state["inflations"]),
            centres=unpack(state["centres"]),
            scales=unpack(state["scales"]),
        )
