"""Columns by themselves, and what each says beyond the others."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .components import Components
from .crossing import Crossing
from .decorrelation import Decorrelation
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

    @classmethod
    def fit(cls, values: FloatArray) -> CoupledBank:
        """From a reference of shape (n, d), NaN where a cell is missing."""
        # Values that repeat, as counts and grids do, have no tail that a law could continue, nor
        # have their residuals.
        smooth = np.array([_distinct(column) for column in values.T], dtype=bool)
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
        inflations = np.concatenate([bank.inflations for bank in banks])
        return np.asarray((both[:, None] / inflations[:, None]).reshape(len(both), -1))

    def read(self, values: FloatArray) -> CodedReadings:
        """What records of shape (n, d) say."""
        codes = self.plain.ranks.codes(values)
        residuals = self.decorrelation.residuals_of(codes)
        return self.plain.read(values, codes).beside(self.joint.read(residuals))

    def suspect(self, crossing: Crossing) -> Suspect:
        """What an alarm points at.

        Where a column and its residual tell of the same change, the column itself has moved, and
        the residual, which is less noisy, says how far.
        """
        own = len(self.plain.components.owners)
        leader = crossing.leader
        if leader < own:
            column, shift = self.plain.column(leader), self.plain.shift(leader)
            return Suspect(column, shift, None, self.plain.size(leader, crossing.mean))
        column = int(self.decorrelation.used[self.joint.column(leader - own)])
        shift = self.joint.shift(leader - own)
        # A residual is in standard deviations of its column, if only this one has moved.
        size = self.joint.size(leader - own, crossing.mean) * float(self.plain.scales[column])
        mine = crossing.standing[column * len(SHIFTS) : (column + 1) * len(SHIFTS)]
        alike = [
            nats
            for nats, other in zip(mine, SHIFTS, strict=True)
            if other.direction == shift.direction and (other.variance > 1) == (shift.variance > 1)
        ]
        if max(alike) >= _BY_ITSELF * crossing.standing[leader]:
            return Suspect(column, shift, None, size)
        return Suspect(column, shift, self.decorrelation.partner(column), size)

    def state(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "plain": self.plain.state(),
            "decorrelation": self.decorrelation.state(),
            "joint": self.joint.state(),
        }

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> CoupledBank:
        """The bank that gave this state."""
        plain = ShiftBank.of_state(state["plain"])
        decorrelation = Decorrelation.of_state(state["decorrelation"], plain.ranks)
        return cls(plain, decorrelation, ShiftBank.of_state(state["joint"]))


def _distinct(column: FloatArray) -> bool:
    """Whether at least half of the values differ from all others."""
    known = column[~np.isnan(column)]
    return 2 * len(np.unique(known)) >= len(known)
