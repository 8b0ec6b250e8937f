"""Many CUSUMs side by side, watched through one weighted sum of their exponentials."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .arrays import pack, unpack
from .components import Components
from .crossing import Crossing
from .cusum_race import SEGMENT, CusumRace, charges
from .readings import STEP, Readings

FloatArray = NDArray[np.float64]
Int32Array = NDArray[np.int32]
Int64Array = NDArray[np.int64]

__all__ = ["SEGMENT", "Crossing", "CusumMixture"]

_FAR: Final = 2**31 - 1
_MOST: Final = 500.0
_DOUBT: Final = 1e-5  # of sums in another order than that which decides


class CusumMixture:
    """Alarm when ``log(1 + sum_k w_k G_k (exp(S_k) - S_k - 1)) >= threshold``, weights w of sum 1.

    ``S_k <- max(S_k, 0) + l_k - c_k`` with each record. Each ``l_k`` is the log of an e-value: its
    exponential has mean 1 while nothing has changed, so that the mean of the ``exp(S_k)`` stays
    below a Shiryaev-Roberts e-detector, which reaches N once in N records or more seldom. That
    counts every start of an excursion, of which a CUSUM holds the best: alone, it reaches h once in
    some ``exp(h) / (I zeta^2)`` records, ``I`` the mean of ``l_k`` after its change and ``zeta``
    its overshoot. So ``G_k = 1 / (I zeta^2)``, and each CUSUM has its part ``w_k`` of the alarms.

    Whether that mean is 1 is known from a reference alone, which errs by some ``s_k`` in the log.
    This error is the same in all records, so that over an excursion of t records it amounts to
    ``E exp(t s_k Z) = exp(t^2 s_k^2 / 2)``, Z normal and cut off at ``caution``. Each record is
    charged its part, ``c_k = s_k min(s_k age, caution)``, ``age`` since S_k was at zero, from the
    age ``1 / s_k`` on: before it the error amounts to half a nat at most.

    Increments are integers, so that a sum is the same in whatever order and in whatever cuts it
    is formed: `CusumRace` runs the CUSUMs, with those of other mixtures of the stream.

    Args:
        threshold: In nats.
        components: The CUSUMs: ``s_k`` are their errors, ``log G_k`` their gains.
        caution: The most standard errors that a reference is thought to lie off by.

    Attributes:
        seen: Records so far.
        cusums: Shape (K,), ``S_k`` in steps.
        charges: Shape (K,), ``c_k`` in steps.
        since: Shape (K,), the first record after ``S_k`` was last at zero.
        reach: Shape (K,), the ``S_k`` in steps below which the mixture is below its threshold, if
            it is so for all.
        errors: Shape (2, K), ``s_k``, and ``caution`` to each.

    Example:
        >>> one = Components(owners=np.array([0]), errors=np.zeros(1), gains=np.zeros(1),
        ...                  weights=np.ones(1))
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
        total = float(components.weights.sum()) or 1.0
        self._factors = np.exp(components.gains) * components.weights / total
        size, amounts = len(components.owners), components.amounts
        with np.errstate(divide="ignore"):
            self._priors = np.log(components.weights / total)
        self._level = math.expm1(threshold)
        # A mean cannot exceed its largest member, nor reach the level while no member does.
        reach = np.ceil(math.log(self._level) / STEP) - np.ceil(components.gains / STEP)
        self.reach = np.where(components.weights > 0, reach, _FAR).astype(np.int32)
        self.errors = np.stack([components.errors, np.full(size, caution)])
        self.seen = 0
        self.cusums = np.zeros(size, dtype=np.int32)
        self.charges = np.zeros(size, dtype=np.int32)
        self.since = np.zeros(size, dtype=np.int64)
        self._totals = np.zeros((2, amounts), dtype=np.int64)  # sum and number, ever
        self._marks = np.zeros((2, size), dtype=np.int64)  # the owner's totals at `since`

    @property
    def statistic(self) -> float:
        """Where the mixture stands now, in nats; 0 where every CUSUM is at zero."""
        return self._log_mixture(self.cusums) if len(self.cusums) else 0.0

    def part(self, lanes: slice) -> float:
        """Where it would stand by some of the CUSUMs alone, in nats."""
        return round(math.log1p(float(self._terms(self.cusums)[lanes].sum())), 6)

    def update(self, readings: Readings) -> list[Crossing]:
        """Take the next records; after an alarm all CUSUMs start again with the next record."""
        return CusumRace([self], [readings]).run()[0]

    def state(self) -> dict[str, Any]:
        """All that runs, as plain data."""
        return {
            "seen": self.seen,
            "cusums": pack(self.cusums),
            "charges": pack(self.charges),
            "since": pack(self.since),
            "totals": pack(self._totals),
            "marks": pack(self._marks),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state of a mixture of the same shape."""
        self.seen = int(state["seen"])
        self.cusums = unpack(state["cusums"])
        self.charges = unpack(state["charges"])
        self.since = unpack(state["since"])
        self._totals = unpack(state["totals"])
        self._marks = unpack(state["marks"])

    def rest(self, readings: Readings) -> bool:
        """Take records that lift no CUSUM from zero, in one step; False if there is another."""
        n = readings.records
        if not n or self.cusums.max() > 0 or readings.lifts():
            return False
        if self.seen % SEGMENT == 0 or self.seen % SEGMENT + n > SEGMENT:
            # As at the last boundary among them: nothing has an age.
            ages = np.zeros_like(self.since)
            self.charges = charges(self.errors, ages, readings.doubts(-1))
        last = np.concatenate(readings.rows(n - 1, n), axis=1)[0]
        self.cusums = last - self.charges
        self.since[:] = self.seen + n
        self._totals[0] += readings.amounts.sum(axis=1)
        self._totals[1] += readings.present.sum(axis=1)
        self._marks = self._totals[:, self.components.owners]
        return True

    def totals(self, readings: Readings) -> Int64Array:
        """Sums and numbers of the amounts up to before each record, and after the last.

        Shape (2, E, n + 1).
        """
        shape = readings.amounts.shape
        totals = np.empty((2, shape[0], shape[1] + 1), dtype=np.int64)
        totals[:, :, 0] = self._totals
        totals[0, :, 1:] = readings.amounts
        np.cumsum(totals[0], axis=1, out=totals[0])
        if readings.present.all():
            totals[1] = self._totals[1][:, None] + np.arange(shape[1] + 1)
        else:
            totals[1, :, 1:] = readings.present
            np.cumsum(totals[1], axis=1, out=totals[1])
        return totals

    def carry(
        self, cusums: Int32Array, charges: Int32Array, since: Int64Array, totals: Int64Array
    ) -> None:
        """Stand where some records have led; ``seen`` is still that before them."""
        moved = (since > self.seen).nonzero()[0]
        self._marks[:, moved] = totals[:, self.components.owners[moved], since[moved] - self.seen]
        self._totals = totals[:, :, -1].copy()
        self.cusums, self.charges, self.since = cusums, charges, since

    def may_cross(self, highest: Int32Array) -> bool:
        """Whether the threshold can be reached by CUSUMs that go no higher, shape (K,)."""
        return bool(self._terms(highest).sum() >= self._level * (1.0 - _DOUBT))

    def first_crossing(self, path: Int32Array) -> int | None:
        """The first record of a path, shape (n, K), at which the threshold is reached."""
        # The rows in reach are screened together, and what comes near is decided alone, in one
        # order of summation.
        rows = np.flatnonzero((path >= self.reach).any(axis=1))
        near = self._terms(path[rows]).sum(axis=1) >= self._level * (1.0 - _DOUBT)
        for row in rows[near]:
            if self._log_mixture(path[row]) >= self.threshold:
                return int(row)
        return None

    def crossing(
        self, path: Int32Array, *, record: int, since: Int64Array, totals: Int64Array
    ) -> Crossing:
        """The alarm at the last record of a path.

        Args:
            path: Shape (n, K), since the last segment began.
            record: Index of the last record.
            since: Shape (K,), as it was before the path.
            totals: As `totals` gave them.
        """
        # The change that explains these records best, by weight and likelihood, however rare the
        # alarms of its CUSUM are.
        leader = int((np.maximum(path[-1], 0) * STEP + self._priors).argmax())
        owner, start = int(self.components.owners[leader]), int(since[leader])
        zeros = np.flatnonzero(path[:, leader] <= 0)
        if len(zeros):
            start = record - len(path) + int(zeros[-1]) + 2
        mark = totals[:, owner, start - self.seen] if start > self.seen else self._marks[:, leader]
        total, number = (totals[:, owner, record + 1 - self.seen] - mark).tolist()
        return Crossing(
            record=record,
            change_point=start,
            leader=leader,
            statistic=self._log_mixture(path[-1]),
            mean=total / number if number else math.nan,
            standing=tuple((np.maximum(path[-1], 0) * STEP).tolist()),
        )

    def _log_mixture(self, cusums: Int32Array) -> float:
        """The statistic of one record."""
        return round(math.log1p(float(self._terms(cusums).sum())), 6)

    def _terms(self, cusums: Int32Array) -> FloatArray:
        """``w_k G_k (exp(S_k) - S_k - 1)``, shape (..., K)."""
        # A copy in one piece, so that sums have one order; beyond 500 nats all is the same.
        nats = np.minimum(np.maximum(cusums, 0) * STEP, _MOST)
        return np.asarray(self._factors * (np.expm1(nats) - nats), dtype=np.float64)
