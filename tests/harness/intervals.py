"""95 % intervals for what the benchmarks count."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import binom, binomtest, chi2


class Estimate(NamedTuple):
    """A figure with the interval that covers the truth in 95 % of such experiments."""

    value: float
    low: float
    high: float

    def text(self, form: str = ",.0f") -> str:
        """As the tables show it."""
        value, low, high = (_shown(each, form) for each in self)
        return f"{value} ({low} to {high})"


def poisson_mean(count: float) -> tuple[float, float]:
    """The exact interval of a Poisson mean of which one count was seen (Garwood 1936)."""
    low = chi2.ppf(0.025, 2 * count) / 2 if count > 0 else 0.0
    return float(low), float(chi2.ppf(0.975, 2 * count + 2) / 2)


def run_length(alarms: Sequence[int], records: Sequence[int]) -> Estimate:
    """Records to an alarm, from the alarms and records of independent runs.

    Poisson on the number of alarms. Where the runs differ by more than Poisson allows, because
    each has a reference of its own, the interval is widened: with the dispersion phi (Pearson's
    chi-square over its degrees of freedom, at least 1) n alarms count as n / phi.
    """
    seen, length = np.asarray(alarms, dtype=float), np.asarray(records, dtype=float)
    total, exposure = float(seen.sum()), float(length.sum())
    phi = 1.0
    if total > 0 and len(seen) > 1:
        expected = total * length / exposure
        phi = max(1.0, float(((seen - expected) ** 2 / expected).sum() / (len(seen) - 1)))
    return _per_event(total / phi, exposure / phi)


def time_to_first(first: Sequence[int], fired: Sequence[bool]) -> Estimate:
    """Mean records to the first alarm, where some runs ended before it came.

    Records until each run's alarm or end, over the runs that fired; as exponential times.
    """
    return _per_event(float(sum(fired)), float(sum(first)))


def rate(alarms: Sequence[int], records: Sequence[int], per: float = 100_000) -> Estimate:
    """Alarms in so many records: the run length, turned over."""
    length = run_length(alarms, records)
    return Estimate(per / length.value, per / length.high, per / length.low)


def median(values: Sequence[float]) -> Estimate:
    """The median with the interval of order statistics; a run that never ended is infinite.

    The k-th smallest of n covers by the binomial law of n tosses, whatever the distribution.
    """
    n = len(values)
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan)
    ordered = np.sort(np.asarray(values, dtype=float))
    k = int(binom.ppf(0.025, n, 0.5))
    low = ordered[k - 1] if k > 0 else -math.inf
    high = ordered[n - k] if k > 0 else math.inf
    value = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    return Estimate(float(value), float(low), float(high))


def share(hits: int, of: int) -> Estimate:
    """A share with its exact interval (Clopper and Pearson 1934)."""
    if of == 0:
        return Estimate(math.nan, 0.0, 1.0)
    bounds = binomtest(hits, of).proportion_ci(0.95, "exact")
    return Estimate(hits / of, float(bounds.low), float(bounds.high))


def finite(figure: Sequence[float]) -> list[float | None]:
    """As JSON carries it: what is infinite or no number is None."""
    return [float(value) if math.isfinite(value) else None for value in figure]


def _per_event(events: float, exposure: float) -> Estimate:
    low, high = poisson_mean(events)
    return Estimate(
        exposure / events if events > 0 else math.inf,
        exposure / high,
        exposure / low if low > 0 else math.inf,
    )


def _shown(value: float, form: str) -> str:
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return "∞" if value > 0 else "0"
    return format(value, form) if abs(value) < 1e8 else f"{value:.0e}"
