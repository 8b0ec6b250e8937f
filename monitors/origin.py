"""Which column a change began with, of several that no longer go together."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

FloatArray = NDArray[np.float64]

_PRIOR: Final = 2.0  # half the degrees of freedom that the variance of before is worth


def origin_evidence(residuals: FloatArray, expected: FloatArray) -> FloatArray:
    r"""How much likelier records are if one column alone changed than if none did, in nats.

    Where only column j is another, the others go together as before, and by the chain rule the
    likelihood ratio of whole records is that of :math:`x_j` given the others. It may have become
    any :math:`x_j = a + c \mu_j + \epsilon`, with :math:`\mu_j` what the others say and
    :math:`\epsilon` of any variance: a, c and the variance are averaged over, as a regression of
    the residuals on 1 and :math:`\mu_j` with a conjugate prior about no change. The divergence of
    whole records is never less than that of one column given the others, and equal to it where
    this column alone has changed; a neighbour that leans on that column has a residual that is
    off as well, but falls short of it.

    Args:
        residuals: Of records since the change, :math:`x_j - \mu_j` in standard deviations that it
            had before, shape (n, d).
        expected: :math:`\mu_j` in the same unit, shape (n, d).

    Returns:
        Shape (d,).

    Reference: Cover and Thomas, Elements of Information Theory (2006), theorem 2.5.3 (the chain
    rule); O'Hagan and Forster, Kendall's Advanced Theory of Statistics 2B (2004), chapter 11 (the
    regression).

    Example:
        >>> draw = np.random.default_rng(0).normal
        >>> expected = draw(size=(50, 2))
        >>> residuals = draw(size=(50, 2))
        >>> residuals[:, 0] -= 2 * expected[:, 0]
        >>> evidence = origin_evidence(residuals, expected)
        >>> bool(evidence[0] > 20), bool(evidence[1] < 0)
        (True, True)
    """
    n = len(residuals)
    square = (residuals**2).sum(axis=0)
    first, second = residuals.sum(axis=0), (residuals * expected).sum(axis=0)
    one, cross, two = 1.0 + n, expected.sum(axis=0), 1.0 + (expected**2).sum(axis=0)
    determinant = one * two - cross**2
    explained = two * first**2 - 2.0 * cross * first * second + one * second**2
    left = _PRIOR + np.maximum(square - explained / determinant, 0.0) / 2.0
    power = _PRIOR + n / 2.0
    constant = _PRIOR * np.log(_PRIOR) + gammaln(power) - gammaln(_PRIOR)
    nats = constant + square / 2.0 - np.log(determinant) / 2.0 - power * np.log(left)
    return np.asarray(nats, dtype=np.float64)
