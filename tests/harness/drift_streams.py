"""Streams with one known change, on which every drift detector is measured.

A latent Gaussian row with correlations .6^|i - j| between its d columns; the last quarter of the
columns get the margin of Student's t with 3 degrees of freedom, by the copula, at unit variance;
beside them one category of six levels, independent of all. 2,000 records of reference, 5,000 of
stream, and a change at a record between 1,000 and 1,499, so that no window is aligned with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.special import ndtr, stdtrit
from scipy.stats import norm

from halflife.schemas.table import Block, Column, FloatArray, Kind, Table

REFERENCE: Final = 2000
STREAM: Final = 5000
CORRELATION: Final = 0.6
SHARES: Final = (0.40, 0.25, 0.18, 0.10, 0.06, 0.01)
"""Of the levels of the category; the last is the rare one."""
RARE: Final = 0.05
"""Share of the rare level after its change."""
TAIL: Final = 0.03
TAIL_SIGMA: Final = 5.0
"""This share of a column is replaced by values with that standard deviation."""
RAMP: Final = 2000
"""Records over which the gradual change reaches one sigma."""

SHIFTS: Final = {"mean +.25 sigma": 0.25, "mean +.5 sigma": 0.5, "mean +1 sigma": 1.0}
SPREAD: Final = {"variance x1.5": 1.5}
CHANGES: Final = (*SHIFTS, *SPREAD, "correlation", "gradual", "rare category", "tail")
UNCHANGED: Final = "none"

_LEVELS: Final = tuple("abcdef")
_SEEDED_AS: Final = {kind: i for i, kind in enumerate((UNCHANGED, *CHANGES))}
_REFERENCE_SEED: Final = 999


@dataclass(frozen=True)
class ChangedStream:
    """A reference and the stream after it, with what is known of its change.

    Args:
        reference: Shape (REFERENCE, d + 1).
        stream: Shape (STREAM, d + 1).
        change: 0-based record of the stream from which on it is another; None if it never is.
        column: The one that changed; of a correlation, the one that turned.
    """

    reference: Block
    stream: Block
    change: int | None
    column: str | None


def table_of(d: int) -> Table:
    """Columns x0 to x(d - 1), measured, and the category."""
    numbers = tuple(Column(name=f"x{j}") for j in range(d))
    return Table((*numbers, Column(name="level", kind=Kind.CATEGORY)))


def changed_stream(kind: str, d: int, seed: int) -> ChangedStream:
    """One stream; those of one seed and d share their reference.

    Args:
        kind: Of `CHANGES`, or `UNCHANGED`.
        d: Numeric columns.
        seed: Of everything that is drawn.
    """
    known = np.random.default_rng([seed, d, _REFERENCE_SEED])
    rng = np.random.default_rng([seed, d, _SEEDED_AS[kind]])
    reference = _block(d, *latent_rows(known, REFERENCE, d))
    z, level = latent_rows(rng, STREAM, d)
    change = STREAM // 5 + int(rng.integers(500))
    column = _change(kind, rng, z[change:], level[change:])
    return ChangedStream(
        reference, _block(d, z, level), None if kind == UNCHANGED else change, column
    )


def divergence(kind: str, d: int) -> tuple[float, float] | None:
    """KL(after || before) of one record in nats: of all columns together, and of the best alone.

    A change seen only in the dependence has 0 alone; None where there is no one divergence.
    """
    inverse = np.linalg.inv(correlations(d))
    if kind in SHIFTS:
        return 0.5 * SHIFTS[kind] ** 2 * inverse[0, 0], 0.5 * SHIFTS[kind] ** 2
    if kind in SPREAD:
        v = SPREAD[kind]
        scale = np.ones(d)
        scale[0] = np.sqrt(v)
        after = scale[:, None] * correlations(d) * scale
        return 0.5 * (np.trace(inverse @ after) - d - np.log(v)), 0.5 * (v - 1 - np.log(v))
    if kind == "correlation":
        turned = np.ones(d)
        turned[0] = -1
        after = turned[:, None] * correlations(d) * turned
        return 0.5 * (np.trace(inverse @ after) - d), 0.0
    if kind == "rare category":
        before = SHARES[-1]
        alone = RARE * np.log(RARE / before) + (1 - RARE) * np.log((1 - RARE) / (1 - before))
        return alone, alone
    if kind == "tail":
        return _tail_divergence(1 / inverse[1, 1]), _tail_divergence(1.0)
    return None


def shortest_delay(kind: str, d: int, false_alarms: float) -> tuple[float, float] | None:
    """The order of what no detector of this run length beats: log(ARL) / KL, records.

    Of all columns together, and of one column alone (infinite where that sees nothing). It is no
    bound at a run length of thousands: a CUSUM reaches h by chance once in exp(h) / (KL zeta^2)
    records, zeta its overshoot, so that h may be lower than log(ARL); see `InformedDetector`.

    References:
        Lorden, Procedures for reacting to a change in distribution, Annals of Mathematical
        Statistics 42 (1971).
    """
    nats = divergence(kind, d)
    if nats is None:
        return None
    joint, alone = (float(np.log(false_alarms) / each) if each > 0 else np.inf for each in nats)
    return joint, alone


def correlations(d: int) -> FloatArray:
    """Of the columns, .6^|i - j|."""
    steps = np.arange(d)
    return np.asarray(CORRELATION ** np.abs(steps[:, None] - steps))


def latent_rows(rng: np.random.Generator, n: int, d: int) -> tuple[FloatArray, FloatArray]:
    """Gaussian rows, shape (n, d), and the levels beside them as numbers, shape (n,)."""
    z = rng.standard_normal((n, d)) @ np.linalg.cholesky(correlations(d)).T
    return z, rng.choice(len(SHARES), size=n, p=SHARES).astype(float)


def _change(kind: str, rng: np.random.Generator, z: FloatArray, level: FloatArray) -> str | None:
    """Make the records after the change what they are to be, in place; the column that changed."""
    n = len(z)
    if kind in SHIFTS:
        z[:, 0] += SHIFTS[kind]
    elif kind in SPREAD:
        z[:, 0] *= np.sqrt(SPREAD[kind])
    elif kind == "correlation":
        z[:, 0] *= -1
    elif kind == "gradual":
        z[:, 0] += np.minimum(1.0, np.arange(n) / RAMP)
    elif kind == "rare category":
        shares = np.array(SHARES) * (1 - RARE) / (1 - SHARES[-1])
        shares[-1] = RARE
        level[:] = rng.choice(len(SHARES), size=n, p=shares / shares.sum())
        return "level"
    elif kind == "tail":
        hit = rng.random(n) < TAIL
        z[hit, 1] = TAIL_SIGMA * rng.standard_normal(hit.sum())
        return "x1"
    else:
        return None
    return "x0"


def _block(d: int, z: FloatArray, level: FloatArray) -> Block:
    numbers = z.copy()
    heavy = z[:, d - d // 4 :]
    # By the lower tail on both sides: 1 - p has no digits left where p is near 1.
    numbers[:, d - d // 4 :] = -np.sign(heavy) * stdtrit(3, ndtr(-np.abs(heavy))) / np.sqrt(3)
    texts = np.array(_LEVELS, dtype=object)[level.astype(int)][:, None]
    return Block(table_of(d), numbers, texts)


def _tail_divergence(variance: float) -> float:
    """KL of a column whose share TAIL is replaced, given neighbours that leave it this variance.

    Averaged over what the neighbours predict, N(0, 1 - variance), by Gauss-Hermite quadrature.
    """
    x = np.linspace(-60, 60, 120_001)
    nodes, weights = hermegauss(40)
    total = 0.0
    for node, weight in zip(nodes * np.sqrt(1 - variance), weights / weights.sum(), strict=True):
        before = norm.logpdf(x, node, np.sqrt(variance))
        outlying = np.log(TAIL) + norm.logpdf(x, 0, TAIL_SIGMA)
        after = np.logaddexp(np.log(1 - TAIL) + before, outlying)
        total += weight * np.trapezoid(np.exp(after) * (after - before), x)
    return float(total)
