"""The gap between two models' errors at the same rows, with a band that dependence widens."""

from __future__ import annotations

import math
from typing import Final

from halflife.schemas.table import FloatArray

from .errors import NothingMeasurable
from .utility_gap import UtilityGap

_MOST_CORRELATED: Final = 0.97
_FEWEST: Final = 2


def paired_gap(by_batch: FloatArray, by_real: FloatArray) -> UtilityGap:
    r"""How much larger the errors of one model are, row by row in the order of the stream.

    The gap is :math:`R - 1` with :math:`R = \bar s / \bar r`. Its standard error is
    :math:`\sqrt{V / n} / \bar r` with V the long-run variance of :math:`z = s - R r`, which is its
    variance where rows are independent. Where they are not, neighbours of z are correlated, and

    .. math:: V = \frac{\gamma_0(u) + 2 \sum_{k=1}^{m} (1 - \frac{k}{m+1}) \gamma_k(u)}
        {(1 - \hat\rho)^2},\qquad u_i = z_i - \hat\rho z_{i-1},\qquad m = \lfloor n^{1/3} \rfloor

    with :math:`\hat\rho` the first autocorrelation of z, corrected for its bias
    :math:`-(1 + 3 \rho) / n` and at least 0; V is at least the variance of z. The interval
    is that of Student's t with as many degrees of freedom as there are independent rows,
    :math:`n \gamma_0(z) / V - 1`.

    Args:
        by_batch: Errors of the model trained on the batch, shape (n,).
        by_real: Errors of the model trained on real rows at the same rows.

    Raises:
        NothingMeasurable: For fewer than two rows, or where the second model makes no error.

    Reference: Andrews and Monahan, Econometrica 60 (1992) 953 (prewhitening); Newey and West,
    Econometrica 55 (1987) 703; Cochran, Sampling Techniques (1977), section 6.4 (ratios).

    Example:
        >>> import numpy as np
        >>> real = np.random.default_rng(0).exponential(size=400)
        >>> gap = paired_gap(1.5 * real, real)
        >>> round(gap.gap, 3), gap.rows
        (0.5, 400)
    """
    n = len(by_real)
    if n < _FEWEST:
        raise NothingMeasurable(f"a gap needs at least {_FEWEST} new rows, not {n}")
    mean = float(by_real.mean())
    if mean <= 0.0:
        raise NothingMeasurable("models trained on real rows make no error to compare with")
    ratio = float(by_batch.mean()) / mean
    apart = by_batch - ratio * by_real
    variance = float(apart.var())
    long_run = max(variance, _long_run_variance(apart))
    error = math.sqrt(long_run / n) / mean
    independent = n * variance / long_run if long_run > 0.0 else float(n)
    wide = _student(max(1.0, independent - 1.0)) * error
    return UtilityGap(
        gap=ratio - 1.0,
        error=error,
        interval=(ratio - 1.0 - wide, ratio - 1.0 + wide),
        error_synthetic=float(by_batch.mean()),
        error_real=mean,
        rows=n,
    )


def _long_run_variance(z: FloatArray) -> float:
    """Of a series of mean zero, prewhitened by a first-order autoregression."""
    n = len(z)
    square = float(z @ z)
    if square <= 0.0:
        return 0.0
    raw = float(z[1:] @ z[:-1]) / square
    rho = min(max(raw + (1.0 + 3.0 * max(raw, 0.0)) / n, 0.0), _MOST_CORRELATED)
    white = z[1:] - rho * z[:-1]
    lags = min(int(n ** (1.0 / 3.0)), len(white) - 1)
    total = float(white @ white)
    for lag in range(1, lags + 1):
        total += 2.0 * (1.0 - lag / (lags + 1.0)) * float(white[lag:] @ white[:-lag])
    return max(total, 0.0) / len(white) / (1.0 - rho) ** 2


def _student(freedom: float) -> float:
    """The quantile that 5 % lie beyond."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.95))
