"""Gaussian draws within intervals, and their mass, with all digits in the tails."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, logsumexp, ndtri_exp

from halflife.schemas.table import FloatArray


def log_masses(mean: FloatArray, spread: FloatArray, intervals: FloatArray) -> FloatArray:
    """Logarithm of the Gaussian mass of each interval, shape (n, m)."""
    low = (intervals[:, 0] - mean[:, None]) / spread[:, None]
    high = (intervals[:, 1] - mean[:, None]) / spread[:, None]
    # In the upper tail the difference is taken from the other side, where it keeps its digits.
    turned = low > 0
    low, high = np.where(turned, -high, low), np.where(turned, -low, high)
    upper = log_ndtr(high)
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = np.minimum(log_ndtr(low) - upper, 0.0)
        found = upper + np.log(-np.expm1(gap))
    return np.where(np.isneginf(upper), -np.inf, found)


def log_mass(mean: FloatArray, spread: FloatArray, intervals: FloatArray) -> FloatArray:
    """Logarithm of the mass of all intervals together, shape (n,)."""
    with np.errstate(divide="ignore"):
        total = logsumexp(log_masses(mean, spread, intervals), axis=1)
        return np.asarray(total, dtype=np.float64)


def truncated(
    mean: FloatArray, spread: FloatArray, intervals: FloatArray, random: np.random.Generator
) -> FloatArray:
    """One Gaussian draw within the intervals for each row, shape (n,)."""
    masses = log_masses(mean, spread, intervals)
    odds = np.cumsum(np.exp(masses - masses.max(axis=1, initial=-1e300, keepdims=True)), axis=1)
    place = random.random(len(mean)) * odds[:, -1]
    which = np.minimum((odds <= place[:, None]).sum(axis=1), len(intervals) - 1)
    low = (intervals[which, 0] - mean) / spread
    high = (intervals[which, 1] - mean) / spread
    turned = low > 0
    low, high = np.where(turned, -high, low), np.where(turned, -low, high)
    uniform = np.log1p(-random.random(len(mean)))
    mass = masses[np.arange(len(mean)), which]
    drawn = ndtri_exp(np.minimum(np.logaddexp(log_ndtr(low), uniform + mass), 0.0))
    drawn = np.where(turned, -drawn, drawn)
    found = np.clip(mean + spread * drawn, intervals[which, 0], intervals[which, 1])
    return np.asarray(found, dtype=np.float64)


def choose(log_odds: FloatArray, random: np.random.Generator, rows: int) -> NDArray[np.intp]:
    """Indices with given odds, shape (rows,)."""
    odds = np.exp(log_odds - log_odds.max())
    edges = np.cumsum(odds)
    place = random.random(rows) * edges[-1]
    found = np.minimum(np.searchsorted(edges, place, side="right"), len(odds) - 1)
    return np.asarray(found, dtype=np.intp)
