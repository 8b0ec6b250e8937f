"""The curves along which the retained share of a batch may fall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from halflife.schemas.table import FloatArray

_TINY: Final = 1e-12

# Forms, in this order: stretched exponentials, some to a level, then powers that reach zero.
_STRETCHED: Final = 12
_EXPONENTS: Final = np.array(
    [0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 0.7, 1.0, 1.4, 2.0, 2.8]
)
_LEVELS: Final = np.array([0.0] * 6 + [0.3, 0.3, 0.6, 0.6, 0.8, 0.8] + [0.0] * 5)
_WEIGHTS: Final = np.array([0.5, 0.7, 1.0, 1.2, 1.6, 1.4] + [0.3] * 6 + [0.7, 1.8, 2.0, 3.5, 2.5])
_ONSETS: Final = np.array([0.0, 0.25, 0.5, 0.7, 0.85, 0.94])
_ONSET_WEIGHTS: Final = np.array([0.5, 0.1, 0.1, 0.1, 0.1, 0.1])


@dataclass(frozen=True, slots=True)
class DecayCurves:
    r"""Falling curves of every form (f of them) and onset (c) at some scales (t).

    With :math:`x = \max(0, a / T - c) / (1 - c)` at age a, a curve of scale T, onset c, exponent b
    and level l retains :math:`l + (1 - l)\, 2^{-x^b}` (a stretched exponential) or
    :math:`\max(0, 1 - x^b / 2)` (a power that reaches zero). Where the level is 0, T is the
    half-life. c is the share of T at which the decay sets in; a c near 1 is a sudden fall, and a
    level above 0 one that stops.

    Scales are as likely as their logarithm is wide up to the age seen; beyond it they fall as
    their inverse: what has lasted so long lasts as long again in half of the cases (Gott). Forms
    that bend down are likelier than others, because most distances grow slowly at first.

    Args:
        scales: T of each curve, rising, shape (t,).
        prior: Logs of the weights, shape (f, c, t).

    Reference: Kohlrausch, Annalen der Physik 167 (1854) 56 (stretched exponentials);
    Gott, Nature 363 (1993) 315 (lifetimes).

    Example:
        >>> curves = DecayCurves.of(np.array([400.0]), age=400.0)
        >>> halves = curves.ages_at(0.5)
        >>> float(halves.min()), float(halves.max())        # a level of .6 or .8 has no half-life
        (400.0, inf)
        >>> float(curves.shares(np.array([400.0]))[0, 0, 0, 0])
        0.5
    """

    scales: FloatArray
    prior: FloatArray

    @classmethod
    def of(cls, scales: FloatArray, *, age: float) -> Self:
        """Curves of some scales, where the oldest tick has an age above zero."""
        far = -np.log(np.maximum(scales / age, 1.0))
        far -= np.log(np.exp(far).sum())
        forms = np.log(_WEIGHTS / _WEIGHTS.sum())
        return cls(scales, forms[:, None, None] + np.log(_ONSET_WEIGHTS)[:, None] + far)

    def shares(self, ages: FloatArray) -> FloatArray:
        """What each curve retains at some ages, shape (f, c, t, ages)."""
        since = ages / self.scales[:, None] - _ONSETS[:, None, None]
        since /= 1.0 - _ONSETS[:, None, None]
        shares = _EXPONENTS[:, None, None, None] * np.log2(np.maximum(since, _TINY))
        np.exp2(shares, out=shares)
        stretched, power = shares[:_STRETCHED], shares[_STRETCHED:]
        level = _LEVELS[:_STRETCHED, None, None, None]
        np.exp2(-stretched, out=stretched)
        stretched *= 1.0 - level
        stretched += level
        np.maximum(1.0 - power / 2.0, 0.0, out=power)
        return np.asarray(shares)

    def ages_at(self, share: float) -> FloatArray:
        """At which age each curve retains a share, shape (f, c, t); infinity for never."""
        x = np.full(len(_EXPONENTS), 2.0 * (1.0 - share))
        left = (share - _LEVELS) / (1.0 - _LEVELS)
        lost = -np.log2(np.maximum(left, _TINY))
        x[:_STRETCHED] = lost[:_STRETCHED]
        x **= 1.0 / _EXPONENTS
        x[left <= _TINY] = np.inf
        place = _ONSETS + (1.0 - _ONSETS) * x[:, None]
        return np.asarray(place[:, :, None] * self.scales)
