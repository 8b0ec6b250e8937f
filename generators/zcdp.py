"""Zero-concentrated differential privacy: what a budget of noise promises, and back."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

_ORDERS: Final = 1.0 + np.exp(np.linspace(math.log(1e-3), math.log(1e6), 4000))
_ROUNDS: Final = 100


def delta_of(rho: float, epsilon: float) -> float:
    r"""The least :math:`\delta`, over a grid of orders, with which rho-zCDP is private.

    .. math:: \delta = \min_{\alpha > 1} \frac{e^{(\alpha - 1)(\alpha\rho - \epsilon)}}{\alpha - 1}
        \Big(1 - \frac1\alpha\Big)^\alpha

    Args:
        rho: Of zCDP, above 0.
        epsilon: Not negative.

    Reference: Canonne, Kamath, Steinke, NeurIPS 2020, arXiv:2004.00010, corollary 13.

    Example:
        >>> bool(delta_of(0.5, 0.5 + 2 * math.sqrt(0.5 * math.log(1e5))) < 1e-5)
        True
    """
    a = _ORDERS
    logs = (a - 1.0) * (a * rho - epsilon) - np.log(a - 1.0) + a * np.log1p(-1.0 / a)
    return float(min(1.0, math.exp(min(0.0, float(logs.min())))))


def rho_of(epsilon: float, delta: float) -> float:
    """The largest rho whose zCDP is epsilon-delta private, by bisection from below.

    Args:
        epsilon: Above 0.
        delta: In (0, 1).

    Raises:
        ValueError: For others.

    Example:
        >>> round(rho_of(1.0, 1e-5), 4)
        0.0306
    """
    if not 0.0 < epsilon < math.inf or not 0.0 < delta < 1.0:
        raise ValueError(f"epsilon above 0 and delta in (0, 1) are due, not {epsilon} and {delta}")
    low, high = 0.0, epsilon  # rho-zCDP with rho = epsilon would need a delta of about a half
    for _ in range(_ROUNDS):
        middle = 0.5 * (low + high)
        if delta_of(middle, epsilon) <= delta:
            low = middle
        else:
            high = middle
    return low


def gaussian_scale(rho: float, sensitivity: float) -> float:
    r"""Standard deviation of the noise on a vector, :math:`\Delta_2 / \sqrt{2 \rho}`.

    Args:
        rho: What it may cost.
        sensitivity: Most that one row can move the vector, by the Euclidean norm.

    Reference: Bun and Steinke, TCC 2016, arXiv:1605.02065, proposition 1.6.

    Example:
        >>> gaussian_scale(0.5, 1.0)
        1.0
    """
    return sensitivity / math.sqrt(2.0 * rho)


def selection_epsilon(rho: float) -> float:
    r"""The epsilon of an exponential mechanism that costs rho: :math:`\sqrt{8 \rho}`.

    Reference: Cesar and Rogers, ALT 2021, arXiv:2004.07223 (bounded range: epsilon squared / 8).

    Example:
        >>> selection_epsilon(0.5)
        2.0
    """
    return math.sqrt(8.0 * rho)
