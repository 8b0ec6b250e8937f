"""Columns by themselves, and what each says beyond the others."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .components import Components
from .crossing import Crossing
from .decorrelation import Decorrelation
from .latest import Latest
from .origin import origin_evidence
from .readings import CodedReadings
from .shift import SHIFTS
from .shift_bank import ShiftBank
from .suspect import Suspect

FloatArray = NDArray[np.float64]

_BY_ITSELF: Final = 0.4  # of the evidence beside the others, from which a column has moved itself


class CoupledBank:
    """Two `ShiftBank`: of columns, and of their residuals in a regression on each other.

    The residual of each column's normal score given those of all others is ranked within the
    residuals of the reference, each of these as if its row were held out. A row with a missing cell
    says nothing about residuals.

    Args:
        plain: Of the columns.
        decorrelation: What they say about each other.
        joint: Of the residuals of the columns that take part in the regression.

    Attributes:
        latest: The records of which an alarm is told; the bank reads the next ones, in order.

    Reference: Hawkins, "Regression adjustment for variables in multivariate quality control",
    Journal of Quality Technology 25 (1993).

    Example:
        >>> x = np.random.default_rng(0).normal(size=(500, 1))
        >>> bank = CoupledBank.fit(np.hstack([x, x + .1]))
        >>> bank.read(np.zeros((3, 2))).increments.shape == (2 * 2 * len(SHIFTS), 3)
        True
    """

    def __init__(self, plain: ShiftBank, decorrelation: Decorrelation, joint: ShiftBank) -> None:
        self.plain, self.decorrelation, self.joint = plain, decorrelation, joint
        self.latest = Latest(len(plain.ranks.sizes))

    @classmethod
    def fit(cls, values: FloatArray, raw: FloatArray | None = None) -> CoupledBank:
        """From a reference of shape (n, d), NaN where a cell is missing.

        Values that repeat, as counts and grids do, have no tail that a law could continue, nor have
        residuals of them.

        Args:
            values: Of the columns.
            raw: Where these are residuals: what they are residuals of.
        """
        smooth = np.array([_distinct(column) for column in (values if raw is None else raw).T])
        smooth = smooth.astype(np.bool_)
        plain = ShiftBank.fit(values, smooth)
        decorrelation, held_out = Decorrelation.fit(values, plain.ranks)
        used = decorrelation.used
        return cls(plain, decorrelation, ShiftBank.fit(held_out[:, used], smooth[used]))

    @property
    def components(self) -> Components:
        """Those of the columns, then those of the residuals; both weigh the same."""
        plain, joint = self.plain.components, self.joint.components
        return plain.weighing(1.0).beside(joint.weighing(1.0))

    def doubts(self, errors: FloatArray) -> FloatArray:
        """What scores that err together, and scatter too widely, add to increments, in nats.

        Args:
            errors: Shape (2, s), standard error and excess of variance in each of s segments.

        Returns:
            Shape (s, K).
        """
        both = np.hypot(*(errors[:, :, None] * np.array([s.slopes for s in SHIFTS]).T[:, None]))
        banks = (self.plain, self.joint)
        dependence = np.concatenate([bank.dependence.T for bank in banks])
        return np.asarray((both[:, None] / dependence).reshape(len(both), -1))

    def read(self, values: FloatArray) -> CodedReadings:
        """What records of shape (n, d) say."""
        codes = self.plain.ranks.codes(values)
        self.latest.take(codes)
        residuals = self.decorrelation.residuals_of(codes)
        return self.plain.read(values, codes).beside(self.joint.read(residuals))

    def rest(self) -> None:
        """Forget what was read since the reference."""
        self.latest.rest()

    def suspect(self, crossing: Crossing) -> Suspect:
        """What an alarm points at.

        Where a column and its residual tell of the same change, the column itself has moved, and
        the residual, which is less noisy, says how far. Where a residual alone scatters otherwise,
        its column may be a neighbour that leans on the one that changed, and leads by chance:
        told is the column that explains the latest records best by itself (`origin_evidence`).
        """
        own = len(self.plain.components.owners)
        if crossing.leader < own:
            column, shift = self.plain.column(crossing.leader), self.plain.shift(crossing.leader)
            return Suspect(column, shift, None, self.plain.size(crossing.leader, crossing.mean))
        leader = crossing.leader - own
        found = self._beside_others(crossing, leader, self.joint.size(leader, crossing.mean))
        # Of shifts, which take longer than the records that are kept, and of stray values a CUSUM
        # tells as much.
        if found.partner is None or found.shift.direction != "spread":
            return found
        return self._beside_others(crossing, *self._origin(crossing, leader))

    def _beside_others(self, crossing: Crossing, leader: int, size: float) -> Suspect:
        """The same by a CUSUM of residuals and the mean of its residual since the change."""
        column = int(self.decorrelation.used[self.joint.column(leader)])
        shift = self.joint.shift(leader)
        # A residual is in standard deviations of its column, if only this one has moved.
        size *= float(self.plain.scales[column])
        mine = crossing.standing[column * len(SHIFTS) : (column + 1) * len(SHIFTS)]
        alike = [
            nats
            for nats, other in zip(mine, SHIFTS, strict=True)
            if other.direction == shift.direction and (other.variance > 1) == (shift.variance > 1)
        ]
        standing = crossing.standing[len(self.plain.components.owners) + leader]
        if max(alike) >= _BY_ITSELF * standing:
            return Suspect(column, shift, None, size)
        return Suspect(column, shift, self.decorrelation.partner(column), size)

    def _origin(self, crossing: Crossing, leader: int) -> tuple[int, float]:
        """The CUSUM of residuals that tells best of where a change began, and its mean amount.

        Args:
            crossing: The alarm.
            leader: The CUSUM of residuals that leads.
        """
        used, scales = self.decorrelation.used, self.joint.scales
        codes = self.latest.between(crossing.change_point, crossing.record + 1)[used]
        scores, residuals = self.decorrelation.scores_and_residuals(codes)
        whole = ~np.isnan(residuals).any(axis=1)
        residuals, scores = residuals[whole] - self.joint.centres, scores[whole]
        evidence = origin_evidence(residuals / scales, (scores - residuals) / scales)
        standing = np.array(crossing.standing)[-len(used) * len(SHIFTS) :].reshape(len(used), -1)
        # Residuals at rest tell of no change.
        place = int(np.where(standing.max(axis=1) > 0.0, evidence, -np.inf).argmax())
        if place == self.joint.column(leader) or not whole.any():
            return leader, self.joint.size(leader, crossing.mean)
        chosen = place * len(SHIFTS) + int(standing[place].argmax())
        return chosen, float(residuals[:, place].mean())

    def state(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "plain": self.plain.state(),
            "decorrelation": self.decorrelation.state(),
            "joint": self.joint.state(),
            "latest": self.latest.state(),
        }

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> CoupledBank:
        """The bank that gave this state."""
        plain = ShiftBank.of_state(state["plain"])
        decorrelation = Decorrelation.of_state(state["decorrelation"], plain.ranks)
        bank = cls(plain, decorrelation, ShiftBank.of_state(state["joint"]))
        bank.latest = Latest.of_state(state["latest"])
        return bank


def _distinct(column: FloatArray) -> bool:
    """Whether at least half of the values differ from all others."""
    known = column[~np.isnan(column)]
    return 2 * len(np.unique(known)) >= len(known)
