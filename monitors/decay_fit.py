"""What ticks say of the curve along which a batch decays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from halflife.schemas.table import FloatArray

from .decay_ticks import DecayTicks

_FREEDOM: Final = 10.0
"""Degrees of freedom that the stated errors are worth: they are right to a factor of 1.3 or so."""
_MISFIT: Final = 0.02
"""Standard deviation by which a true curve leaves those of the family, as a retained share."""
_REACH: Final = 0.2
"""Over this share of the age, a curve leaves the family to the same side."""
_FAR: Final = 0.5
"""The prior of half-lives beyond the age seen falls with this power of them."""
_SHORTEST: Final = -5
_LONGEST: Final = 6
"""Octaves of the age seen between which half-lives are looked for."""
_COARSE: Final = 2
_FINE: Final = 48
_NEGLIGIBLE: Final = 1e-4
_TINY: Final = 1e-12

# Exponents b of the forms with their weights: first the stretched exponentials, then the powers.
_STRETCHED: Final = 6
_POWERS: Final = np.array([0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 0.7, 1.0, 1.4, 2.0, 2.8])
_FORM_WEIGHTS: Final = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.1, 1.8, 1.8, 2.5, 1.8])
_ONSETS: Final = np.array([0.0, 0.25, 0.5, 0.7, 0.85, 0.94])
_ONSET_WEIGHTS: Final = np.array([0.5, 0.1, 0.1, 0.1, 0.1, 0.1])


@dataclass(frozen=True, slots=True)
class _Family:
    """Curves of every form (f of them) and onset (c) at some half-lives (t), for one batch."""

    half_lives: FloatArray
    prior: FloatArray  # (f, c, t), logs of weights

    @classmethod
    def of(cls, half_lives: FloatArray, age: float) -> _Family:
        """Curves at some half-lives, for ticks up to an age."""
        far = -_FAR * np.log(np.maximum(half_lives / age, 1.0))
        far -= np.log(np.exp(far).sum())
        forms = np.log(_FORM_WEIGHTS / _FORM_WEIGHTS.sum())
        return cls(half_lives, forms[:, None, None] + np.log(_ONSET_WEIGHTS)[:, None] + far)

    def shares(self, ages: FloatArray) -> FloatArray:
        """What each curve retains at some ages, shape (f, c, t, ages)."""
        since = ages / self.half_lives[:, None] - _ONSETS[:, None, None]
        since /= 1.0 - _ONSETS[:, None, None]
        log_x = np.log(np.maximum(since, _TINY))
        shares = np.exp(_POWERS[:, None, None, None] * log_x)
        stretched, power = shares[:_STRETCHED], shares[_STRETCHED:]
        np.exp2(-stretched, out=stretched)
        np.maximum(1.0 - power / 2.0, 0.0, out=power)
        return np.asarray(shares)

    def ages_at(self, share: float) -> FloatArray:
        """At which age each curve retains a share, shape (f, c, t)."""
        x = np.full(len(_POWERS), 2.0 * (1.0 - share))
        x[:_STRETCHED] = -np.log2(share)
        x **= 1.0 / _POWERS
        place = _ONSETS + (1.0 - _ONSETS) * x[:, None]
        return np.asarray(place[:, :, None] * self.half_lives)


class DecayFit:
    r"""Bayesian average over curves of decay, given the ticks of a batch.

    A curve retains :math:`2^{-x^b}` (a stretched exponential) or :math:`\max(0, 1 - x^b / 2)` (a
    power that reaches zero) with :math:`x = \max(0, a/T - c) / (1 - c)`: a is the age, T the
    half-life, b the form, c the share of T at which the decay sets in. The ticks are

    .. math:: q = (1 + \gamma)\, f + \epsilon,\qquad \gamma \sim N(0, e_{birth}^2),\qquad
        \epsilon \sim N(0, s\, \Sigma)

    with :math:`\gamma` the error of the measure at birth, which all ticks share, and
    :math:`\Sigma` the covariance of ticks that measured some of the same rows, plus
    .02 squared for the distance of the true curve from the family. The errors as they are stated
    have a scale s that is not known exactly; it is averaged over an inverse gamma distribution of
    ten degrees of freedom, so that the likelihood of a curve is that of a Student t.

    T is uniform in its logarithm up to the age seen, and beyond it falls as its square root: a
    batch that has lasted so long may well last as long again.

    Args:
        ticks: At least one, of an age above zero.
        birth_error: Standard error of the birth measure, as a share of it.

    Reference: Kohlrausch, Annalen der Physik 167 (1854) 56 (stretched exponentials); Hoeting,
    Madigan, Raftery, Volinsky, Statistical Science 14 (1999) 382 (averages over models); O'Hagan
    and Forster, Kendall's Advanced Theory of Statistics 2B (2004), chapter 11 (the scale).

    Example:
        >>> ticks = DecayTicks(forgetting=1.0)
        >>> for age in range(100, 5_001, 100):
        ...     ticks.append(age, 0.0, 0.5 ** (age / 4_000), 0.02, first=age - 100, last=age)
        >>> low, middle, high = DecayFit(ticks, birth_error=0.02).half_life()
        >>> low < 4_000 < high, round(middle, -2)
        (True, 4000.0)
    """

    def __init__(self, ticks: DecayTicks, *, birth_error: float) -> None:
        self.age = float(ticks.records.max())
        self._ages = ticks.records
        self._retained = ticks.retained
        self._birth_variance = birth_error**2
        apart = np.subtract.outer(self._ages, self._ages) / (_REACH * self.age)
        covariance = ticks.covariance() + _MISFIT**2 * np.exp(-(apart**2) / 2.0)
        self._whiten = np.linalg.inv(np.linalg.cholesky(covariance))

    @property
    def horizon(self) -> float:
        """Beyond this age nothing can be said."""
        return self.age * 2.0 ** (_LONGEST - 1)

    @cached_property
    def evidence(self) -> float:
        """Log of how much likelier the ticks are with decay than without, the Bayes factor."""
        _, weights = self._coarse
        top = weights.max()
        flat = self._likelihood(np.ones(len(self._ages)))
        return float(top + np.log(np.exp(weights - top).sum()) - flat)

    def half_life(self) -> tuple[float, float, float]:
        """5 %, 50 % and 95 % quantiles of the age at which half is retained."""
        return self.reaches(0.5)

    def reaches(self, share: float) -> tuple[float, float, float]:
        """The same of the age at which another share is retained, between 0 and 1."""
        family, weights = self._fine
        return _quantiles(family.ages_at(share), weights)

    @cached_property
    def _coarse(self) -> tuple[_Family, FloatArray]:
        steps = np.arange(_COARSE * _SHORTEST, _COARSE * _LONGEST + 1)
        return self._weighted(self.age * 2.0 ** (steps / _COARSE))

    @cached_property
    def _fine(self) -> tuple[_Family, FloatArray]:
        """Finer curves where the coarse ones have weight; the weights sum to 1."""
        family, weights = self._coarse
        marginal = np.exp(weights - weights.max()).sum(axis=(0, 1))
        kept = np.flatnonzero(marginal > _NEGLIGIBLE * marginal.sum())
        low = family.half_lives[max(kept[0] - 1, 0)]
        high = family.half_lives[min(kept[-1] + 1, len(marginal) - 1)]
        family, weights = self._weighted(np.geomspace(low, high, _FINE))
        weights = np.exp(weights - weights.max())
        return family, weights / weights.sum()

    def _weighted(self, half_lives: FloatArray) -> tuple[_Family, FloatArray]:
        """Curves with the logs of their likelihoods times priors, shape (f, c, t)."""
        family = _Family.of(half_lives, self.age)
        return family, self._likelihood(family.shares(self._ages)) + family.prior

    def _likelihood(self, shares: FloatArray) -> FloatArray:
        """Log likelihood of curves of shape (..., ticks), over a constant of all of them."""
        curve = shares @ self._whiten.T
        residual = self._whiten @ self._retained - curve
        information = np.einsum("...i,...i", curve, curve)
        along = np.einsum("...i,...i", curve, residual)
        widening = 1.0 + self._birth_variance * information
        square = np.einsum("...i,...i", residual, residual)
        square -= self._birth_variance * along**2 / widening
        power = (_FREEDOM + len(self._ages)) / 2.0
        return np.asarray(
            -power * np.log1p(np.maximum(square, 0.0) / _FREEDOM) - np.log(widening) / 2.0
        )


def _quantiles(ages: FloatArray, weights: FloatArray) -> tuple[float, float, float]:
    """5 %, 50 % and 95 % of weighted ages, between neighbours along their logarithms."""
    order = np.argsort(ages, axis=None, kind="stable")
    weights = weights.ravel()[order]
    middles = np.cumsum(weights) - weights / 2.0
    low, middle, high = np.exp(np.interp([0.05, 0.5, 0.95], middles, np.log(ages.ravel()[order])))
    return float(low), float(middle), float(high)
