"""Parameters within bounds, by least squares within a budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from halflife.schemas.table import FloatArray

from .errors import BrokenProcess

_STARTS: Final = 8
_POLISHED: Final = 2
_WIDE: Final = 100.0
_FAR: Final = 1e6


@dataclass(frozen=True)
class ParameterFit:
    """Parameters that were found, with their standard errors.

    ``min_p sum_i r_i(p)**2`` with ``low <= p <= high``: points that fill the box (a Latin
    hypercube, in logarithms for positive parameters whose bounds span two decades) are tried, and
    the best two are polished by a trust region method. The standard errors are the roots of the
    diagonal of ``s**2 (J^T J)^{-1}``, with ``s**2`` the mean square of the residuals.

    Args:
        values: By name.
        errors: Standard errors by name; 0 for a parameter that is known, NaN where the rows do not
            tell it.
        evaluations: How often the residuals were computed.

    Example:
        >>> x = np.linspace(0, 1, 50)
        >>> fit = ParameterFit.of(lambda p: 3 * x - p["slope"] * x, {"slope": (0, 10)}, seed=0)
        >>> round(fit.values["slope"], 6)
        3.0

    Reference:
        M. Branch, T. Coleman, Y. Li, SIAM J. Sci. Comput. 21 (1999) 1, as in scipy.
    """

    values: Mapping[str, float]
    errors: Mapping[str, float]
    evaluations: int

    @classmethod
    def of(
        cls,
        residuals: Callable[[dict[str, float]], FloatArray],
        bounds: Mapping[str, tuple[float, float]],
        *,
        seed: int,
        budget: int = 300,
        step: float | None = None,
    ) -> ParameterFit:
        """Search.

        Args:
            residuals: Of parameters by name, shape (n,).
            bounds: Smallest and largest value by name; equal ones are not searched.
            seed: Of the points that are tried.
            budget: How often the residuals may be computed, about.
            step: Relative step of the derivatives; wide for a simulator that draws.

        Raises:
            BrokenProcess: Where no point gives finite residuals.
        """
        from scipy.optimize import least_squares
        from scipy.stats import qmc

        free = [name for name, (low, high) in bounds.items() if high > low]
        known = {name: low for name, (low, high) in bounds.items() if high == low}
        count = 0

        def cost(unit: FloatArray) -> FloatArray:
            nonlocal count
            count += 1
            found = residuals(_values(unit, free, bounds) | known)
            return np.nan_to_num(found, nan=_FAR, posinf=_FAR, neginf=-_FAR)

        if not free:
            return cls(known, dict.fromkeys(known, 0.0), 0)
        starts = qmc.LatinHypercube(len(free), rng=seed).random(min(_STARTS * len(free), budget))
        starts = np.concatenate([np.full((1, len(free)), 0.5), starts])
        costs = [float(np.square(cost(start)).sum()) for start in starts]
        steps = None if step is None else np.full(len(free), step)
        each = max((budget - count) // (_POLISHED * (len(free) + 1)), 3)
        best: Any = None
        for place in np.argsort(costs, kind="stable")[:_POLISHED]:
            start = np.clip(starts[place], 1e-6, 1 - 1e-6)
            found = least_squares(cost, start, bounds=(0, 1), max_nfev=each, diff_step=steps)
            if best is None or found.cost < best.cost:
                best = found
        if np.abs(best.fun).max() >= _FAR:
            raise BrokenProcess("the process gives NaN or infinite outputs for all parameters")
        values = _values(best.x, free, bounds)
        errors = _errors(best, free, bounds)
        order = list(bounds)
        return cls(
            {name: float((values | known)[name]) for name in order},
            {name: float((errors | dict.fromkeys(known, 0.0))[name]) for name in order},
            count,
        )


def _is_wide(low: float, high: float) -> bool:
    return low > 0 and high / low >= _WIDE


def _values(
    unit: FloatArray, free: list[str], bounds: Mapping[str, tuple[float, float]]
) -> dict[str, float]:
    """Parameters of a point in the unit cube."""
    found: dict[str, float] = {}
    for name, share in zip(free, unit.tolist(), strict=True):
        low, high = bounds[name]
        wide = _is_wide(low, high)
        found[name] = low * (high / low) ** share if wide else low + share * (high - low)
    return found


def _errors(
    best: Any, free: list[str], bounds: Mapping[str, tuple[float, float]]
) -> dict[str, float]:
    """Standard errors by name: those in the cube, times the slope of the map."""
    rows, width = best.jac.shape
    mean_square = 2 * best.cost / max(rows - width, 1)
    if np.linalg.matrix_rank(best.jac) < width:
        return dict.fromkeys(free, np.nan)
    spread = np.sqrt(mean_square * np.diag(np.linalg.inv(best.jac.T @ best.jac)))
    values = _values(best.x, free, bounds)
    slopes = [
        values[name] * np.log(high / low) if _is_wide(low, high) else high - low
        for name, (low, high) in ((name, bounds[name]) for name in free)
    ]
    return dict(zip(free, (spread * np.array(slopes)).tolist(), strict=True))
