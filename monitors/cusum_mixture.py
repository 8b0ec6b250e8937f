"""Many CUSUMs side by side, watched through one weighted sum of their exponentials."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .arrays import pack, unpack
from .components import Components
from .readings import LARGEST, STEP, Readings

FloatArray = NDArray[np.float64]
Int32Array = NDArray[np.int32]
Int64Array = NDArray[np.int64]

#: Charges change at records whose index is a multiple of this, wherever the blocks are cut.
SEGMENT: Final = 64


@dataclass(frozen=True, slots=True)
class Crossing:
    """The mixture reached its threshold.

    Args:
        record: Index of the record, counted from the first that the mixture saw.
        change_point: First record after the leading CUSUM was last at zero.
        leader: Index of the CUSUM that leads.
        statistic: Log of the mixture, in nats.
        mean: Of the leader's amount since the change point, NaN where no cell was there.
    """

    record: int
    change_point: int
    leader: int
    statistic: float
    mean: float


class CusumMixture:
    """Alarm when ``log(1 + mean_k G_k (exp(S_k) - S_k - 1)) >= threshold``.

    ``S_k <- max(S_k, 0) + l_k - c_k`` with each record. Each ``l_k`` is the log of an e-value: its
    exponential has mean at most 1 while nothing has changed, so that the mean of the ``exp(S_k)``
    stays below a Shiryaev-Roberts e-detector, which reaches N once in N records or more seldom.
    That counts every start of an excursion, of which a CUSUM holds the best: alone, it reaches h
    once in some ``(exp(h) - h - 1) / I`` records, ``I`` the mean of ``l_k`` after its change, or
    more seldom for overshoot. So ``G_k = max(1, 1 / I_k)``.

    Whether that mean is 1 is known from a reference alone, which errs by some ``s_k`` in the log.
    This error is the same in all records, so that over an excursion of t records it amounts to
    ``E exp(t s_k Z) = exp(t^2 s_k^2 / 2)``, Z normal and cut off at ``caution``. Each record is
    charged its part, ``c_k = s_k min(s_k age, caution)``, ``age`` since S_k was at zero.

    Increments are integers, so that a sum is the same in whatever order and in whatever cuts it
    is formed, and ``S_t = A_t - min(0, min_{s<t} A_s)`` with running sums ``A`` replaces the loop.

    Args:
        threshold: In nats.
        components: The CUSUMs: ``s_k`` are their errors, ``log G_k`` their gains.
        caution: The most standard errors that a reference is thought to lie off by.

    Example:
        >>> one = Components(owners=np.array([0]), errors=np.zeros(1), gains=np.zeros(1))
        >>> mixture = CusumMixture(one, threshold=4.0)
        >>> up = Readings(np.full((1, 9), 65536), np.full((1, 9), 3), np.ones((1, 9), bool))
        >>> [(c.record, c.change_point, c.mean) for c in mixture.update(up)]
        [(4, 0, 3.0)]

    References:
        Shin, Ramdas and Rinaldo, "E-detectors: a nonparametric framework for sequential change
        detection", New England Journal of Statistics in Data Science 2 (2024). Tartakovsky,
        Nikiforov and Basseville, "Sequential Analysis" (2014), on the run length of the CUSUM.
    """

    def __init__(self, components: Components, *, threshold: float, caution: float = 4.0) -> None:
        self.components, self.threshold, self.caution = components, threshold, caution
        self._factors = np.exp(components.gains)
        self._gains = np.ceil(components.gains / STEP).astype(np.int32)[:, None]
        self.seen = 0
        size, amounts = len(components.owners), components.amounts
        self._cusums = np.zeros(size, dtype=np.int32)
        self._charges = np.zeros(size, dtype=np.int32)
        self._since = np.zeros(size, dtype=np.int64)  # first record after S_k was last at zero
        self._totals = np.zeros((2, amounts), dtype=np.int64)  # sum and number, ever
        self._marks = np.zeros((2, size), dtype=np.int64)  # the owner's totals at `_since`

    @property
    def statistic(self) -> float:
        """Where the mixture stands now, in nats; 0 where every CUSUM is at zero."""
        return self._log_mixture(self._cusums) if len(self._cusums) else 0.0

    def update(self, readings: Readings) -> list[Crossing]:
        """Take the next records; after an alarm all CUSUMs start again with the next record."""
        n = readings.increments.shape[1]
        if not len(self.components.owners):
            self.seen += n
            return []
        totals = np.stack([readings.amounts, readings.present.astype(np.int64)])
        totals = np.cumsum(totals, axis=2) + self._totals[:, :, None]
        crossings: list[Crossing] = []
        start = n if self._rests(readings.increments, totals) else 0
        while start < n:
            if self.seen % SEGMENT == 0:
                self._charge()
            stop = min(n, start + SEGMENT - self.seen % SEGMENT)
            crossing, taken = self._advance(
                readings.increments[:, start:stop], totals[:, :, start:stop]
            )
            crossings.extend(crossing)
            start += taken
        if n:
            self._totals = totals[:, :, -1].copy()
        return crossings

    def state(self) -> dict[str, Any]:
        """All that runs, as plain data."""
        return {
            "seen": self.seen,
            "cusums": pack(self._cusums),
            "charges": pack(self._charges),
            "since": pack(self._since),
            "totals": pack(self._totals),
            "marks": pack(self._marks),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state of a mixture of the same shape."""
        self.seen = int(state["seen"])
        self._cusums = unpack(state["cusums"])
        self._charges = unpack(state["charges"])
        self._since = unpack(state["since"])
        self._totals = unpack(state["totals"])
        self._marks = unpack(state["marks"])

    def _rests(self, increments: Int32Array, totals: Int64Array) -> bool:
        """Take records that lift no CUSUM from zero, in one step; False if there is another."""
        n = increments.shape[1]
        if not n or increments.max() > 0 or self._cusums.max() > 0:
            return False
        if self.seen % SEGMENT == 0 or self.seen % SEGMENT + n > SEGMENT:
            self._charge()  # as at the last boundary among them: nothing has an age
        self._cusums = increments[:, -1] - self._charges
        self.seen += n
        self._since[:] = self.seen
        self._marks = totals[:, self.components.owners, -1]
        return True

    def _charge(self) -> None:
        """What each CUSUM pays for each record of the next segment.

        That is the mean over the segment of a charge that grows with age: by every record of it
        at least as much has been paid as was due.
        """
        age = np.where(self._cusums > 0, self.seen - self._since, 0) + (SEGMENT + 1) / 2
        errors = self.components.errors
        nats = errors * np.minimum(errors * age, self.caution)
        self._charges = np.ceil(np.minimum(nats, LARGEST) / STEP).astype(np.int32)

    def _advance(self, increments: Int32Array, totals: Int64Array) -> tuple[list[Crossing], int]:
        """Take the records of (part of) a segment, up to the first alarm: it, and their number."""
        paths = self._paths(increments)
        stop = self._first_crossing(paths)
        if stop is None:
            self._carry(paths, totals)
            self.seen += increments.shape[1]
            return [], increments.shape[1]
        crossing = self._crossing(paths[:, : stop + 1], totals)
        self.seen += stop + 1
        self._cusums[:] = 0
        self._since[:] = self.seen
        self._marks = totals[:, self.components.owners, stop]
        self._charge()
        return [crossing], stop + 1

    def _paths(self, increments: Int32Array) -> Int32Array:
        """``S_k`` after each record, shape (K, n)."""
        sums = np.cumsum(increments - self._charges[:, None], axis=1, dtype=np.int32)
        sums += np.maximum(self._cusums, 0)[:, None]
        lowest = np.minimum.accumulate(sums[:, :-1], axis=1)
        sums[:, 1:] -= np.minimum(lowest, 0, out=lowest)
        return sums

    def _first_crossing(self, paths: Int32Array) -> int | None:
        """The first record at which the mixture reaches the threshold."""
        # A mean cannot exceed its largest member: most records are done with here. The rest is
        # screened together, and what comes near is decided alone, in one order of summation.
        level = math.expm1(self.threshold)
        rows = np.flatnonzero((paths + self._gains).max(axis=0) >= math.log(level) / STEP)
        if not len(rows):
            return None
        near = self._terms(paths[:, rows].T).mean(axis=1) >= level * (1.0 - 1e-5)
        for row in rows[near]:
            if self._log_mixture(paths[:, row]) >= self.threshold:
                return int(row)
        return None

    def _log_mixture(self, cusums: Int32Array) -> float:
        """The statistic of one record."""
        return round(math.log1p(float(self._terms(cusums).mean())), 6)

    def _terms(self, cusums: Int32Array) -> FloatArray:
        """``G_k (exp(S_k) - S_k - 1)``, shape (..., K)."""
        nats = np.maximum(cusums, 0) * STEP  # a copy in one piece, so that sums have one order
        return np.asarray(self._factors * (np.expm1(nats) - nats), dtype=np.float64)

    def _carry(self, paths: Int32Array, totals: Int64Array) -> None:
        """Keep what the next records need of these."""
        at_zero = paths <= 0
        rows = paths.shape[1] - 1 - at_zero[:, ::-1].argmax(axis=1)  # last zero, if there is one
        found = np.flatnonzero(at_zero.any(axis=1))
        self._since[found] = self.seen + rows[found] + 1
        self._marks[:, found] = totals[:, self.components.owners[found], rows[found]]
        self._cusums = paths[:, -1].copy()

    def _crossing(self, paths: Int32Array, totals: Int64Array) -> Crossing:
        """The alarm at the last record of ``paths``."""
        last = paths.shape[1] - 1
        leader = int(self._terms(paths[:, last]).argmax())
        owner = int(self.components.owners[leader])
        since, mark = int(self._since[leader]), self._marks[:, leader]
        zeros = np.flatnonzero(paths[leader] <= 0)
        if len(zeros):
            since = self.seen + int(zeros[-1]) + 1
            mark = totals[:, owner, zeros[-1]]
        total, number = (totals[:, owner, last] - mark).tolist()
        return Crossing(
            record=self.seen + last,
            change_point=since,
            leader=leader,
            statistic=self._log_mixture(paths[:, last]),
            mean=total / number if number else math.nan,
        )
