"""What ticks say of the curve along which a batch decays."""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np

from halflife.schemas.table import FloatArray

from .decay_curves import DecayCurves
from .decay_ticks import DecayTicks

_FREEDOM: Final = 20.0
"""Degrees of freedom that the stated errors are worth: they are right to a factor of 1.2 or so."""
_MISFIT: Final = 0.03
"""Standard deviation by which a true curve leaves those of the family, as a retained share."""
_REACH: Final = 0.2
"""Over this share of the age, a curve leaves the family to the same side."""
_SHORTEST: Final = -5
_LONGEST: Final = 6
"""Octaves of the age seen between which scales are looked for."""
_COARSE: Final = 3
_FINE: Final = 32
_NEGLIGIBLE: Final = 1e-4
_ENDS: Final = (0.03, 0.5, 0.97)
"""Quantiles that are told as 90 %: the errors of ticks are stated a little too small."""


class DecayFit:
    r"""Bayesian average over the curves of :class:`DecayCurves`, given the ticks of a batch.

    Of a curve f, the ticks are

    .. math:: q = (1 + \gamma)\, f + \epsilon,\qquad \gamma \sim N(0, e_{birth}^2),\qquad
        \epsilon \sim N(0, s\, \Sigma)

    with :math:`\gamma` the error of the measure at birth, which all ticks share, and
    :math:`\Sigma` the covariance of ticks that measured some of the same rows, plus
    .03 squared for the distance of the true curve from the family. The errors as they are stated
    have a scale s that is not known exactly; it is averaged over an inverse gamma distribution of
    twenty degrees of freedom, so that the likelihood of a curve is that of a Student t.

    Args:
        ticks: At least one, of an age above zero.
        birth_error: Standard error of the birth measure, as a share of it.

    Reference: Hoeting, Madigan, Raftery, Volinsky, Statistical Science 14 (1999) 382 (averages over
    models); O'Hagan and Forster, Kendall's Advanced Theory of Statistics 2B (2004), chapter 11
    (the scale).

    Example:
        >>> ticks = DecayTicks(forgetting=1.0)
        >>> for age in range(100, 5_001, 100):
        ...     ticks.append(age, 0.0, 0.5 ** (age / 4_000), 0.02, first=age - 100, last=age)
        >>> low, middle, high = DecayFit(ticks, birth_error=0.02).reaches(0.5)
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

    def reaches(self, share: float) -> tuple[float, float, float]:
        """Median and both ends of the age at which a share is retained.

        Args:
            share: Between 0 and 1.

        Returns:
            Low end, median and high end; a curve that never falls so far counts with twice the
            horizon.
        """
        curves, weights = self._fine
        return _quantiles(np.minimum(curves.ages_at(share), 2.0 * self.horizon), weights)

    @cached_property
    def _coarse(self) -> tuple[DecayCurves, FloatArray]:
        steps = np.arange(_COARSE * _SHORTEST, _COARSE * _LONGEST + 1)
        return self._weighted(self.age * 2.0 ** (steps / _COARSE))

    @cached_property
    def _fine(self) -> tuple[DecayCurves, FloatArray]:
        """Finer curves where the coarse ones have weight; the weights sum to 1."""
        curves, weights = self._coarse
        marginal = np.exp(weights - weights.max()).sum(axis=(0, 1))
        kept = np.flatnonzero(marginal > _NEGLIGIBLE * marginal.sum())
        low = curves.scales[max(kept[0] - 1, 0)]
        high = curves.scales[min(kept[-1] + 1, len(marginal) - 1)]
        curves, weights = self._weighted(np.geomspace(low, high, _FINE))
        weights = np.exp(weights - weights.max())
        return curves, weights / weights.sum()

    def _weighted(self, scales: FloatArray) -> tuple[DecayCurves, FloatArray]:
        """Curves with the logs of their likelihoods times priors, shape (f, c, t)."""
        curves = DecayCurves.of(scales, age=self.age)
        return curves, self._likelihood(curves.shares(self._ages)) + curves.prior

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
    """Low end, median, high end of weighted ages, between neighbours along their logarithms."""
    order = np.argsort(ages, axis=None, kind="stable")
    weights = weights.ravel()[order]
    middles = np.cumsum(weights) - weights / 2.0
    low, middle, high = np.exp(np.interp(_ENDS, middles, np.log(ages.ravel()[order])))
    return float(low), float(middle), float(high)
