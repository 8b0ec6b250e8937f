"""How soon a change is found by who knows all of it but which column and since when."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Final

import numpy as np
from scipy.special import ndtri, stdtr
from scipy.stats import norm

from halflife.schemas.table import Block, FloatArray
from tests.harness.drift_streams import (
    RAMP,
    RARE,
    SHARES,
    SHIFTS,
    SPREAD,
    STREAM,
    TAIL,
    TAIL_SIGMA,
    ChangedStream,
    correlations,
    latent_rows,
)

LogRatios = Callable[[FloatArray, FloatArray], FloatArray]

_CHAINS: Final = 200
_SHORTER: Final = 30.0
"""Overshoots are measured at a run length shorter by this, on which they hardly depend."""
_STRIDE: Final = 10
"""Records between the beginnings that are tried of a gradual change."""
_SEED: Final = 1


class InformedDetector:
    r"""Alarm when the mean over columns of their Shiryaev-Roberts statistics reaches A.

    :math:`R_j \leftarrow (1 + R_j) \Lambda_j` with the true likelihood ratio of a record if
    column j has changed: the laws before and after, the kind and the size of the change are known,
    and nothing else is watched. Averaged over columns and moments of the change, hardly anything
    is sooner at that run length; what is told less, has to learn what is normal from a reference,
    or watches for other changes too, is later.

    While nothing changes, the mean of R less the number of records is a martingale, so that the
    run length is exactly :math:`E R_T`: A times what R goes beyond it by.

    Args:
        kind: Of `CHANGES`.
        d: Numeric columns.
        false_alarms: Records to a false alarm, on average.

    Reference: Pollak and Tartakovsky, "Optimality properties of the Shiryaev-Roberts procedure",
    Statistica Sinica 19 (2009); Pollak, "Average run lengths of an optimal method of detecting a
    change", Annals of Statistics 15 (1987).

    Example:
        >>> from tests.harness.drift_streams import changed_stream
        >>> detector = InformedDetector("mean +1 sigma", 4, 1_000)
        >>> 0 < detector.delay(changed_stream("mean +1 sigma", 4, 0)) < 40
        True
    """

    def __init__(self, kind: str, d: int, false_alarms: float) -> None:
        self.kind, self.d, self.false_alarms = kind, d, false_alarms
        self.threshold = false_alarms
        if kind != "gradual":  # whose overshoot is next to none
            self._ratios = _log_ratios(kind, d)
            self.threshold /= self.overshoot(false_alarms / _SHORTER)

    def overshoot(self, threshold: float, chains: int = _CHAINS) -> float:
        """Mean of R at its alarm over the threshold, while nothing changes."""
        rng = np.random.default_rng(_SEED)
        reached: list[float] = []
        running = np.zeros((chains, 1))
        while len(running):
            z, level = latent_rows(rng, len(running), self.d)
            running = (1.0 + running) * np.exp(self._ratios(z, level))
            mean = running.mean(axis=1)
            reached += mean[mean >= threshold].tolist()
            running = running[mean < threshold]
        return float(np.mean(reached)) / threshold

    def delay(self, stream: ChangedStream) -> float:
        """Records from the change to the first alarm after it; infinite if none came.

        It starts again after an alarm before the change.
        """
        change = STREAM if stream.change is None else stream.change
        z, level = _latent_of(stream.stream)
        if self.kind == "gradual":
            return self._gradual(z, change)
        ratios = np.exp(self._ratios(z, level))
        running = np.zeros(ratios.shape[1])
        for record, ratio in enumerate(ratios):
            running = (1.0 + running) * ratio
            if running.mean() >= self.threshold:
                if record >= change:
                    return float(record - change)
                running[:] = 0.0
        return math.inf

    def _gradual(self, z: FloatArray, change: int) -> float:
        """The same of a mean that rises: sums since each of the moments at which it may begin."""
        inverse = np.linalg.inv(correlations(self.d))
        pull, times, begun = z @ inverse, np.arange(len(z), dtype=float), 0
        plain, rising = np.cumsum(pull, axis=0), np.cumsum(times[:, None] * pull, axis=0)
        for record in range(_STRIDE, len(z), _STRIDE):
            starts = np.arange(begun, record, _STRIDE)
            ages = float(record) - starts
            along = rising[record] - rising[starts]
            along -= starts[:, None] * (plain[record] - plain[starts])
            # sum of squares of 1 to the age; by then the whole of the ramp is far.
            squares = ages * (ages + 1.0) * (2.0 * ages + 1.0) / 6.0
            loss = np.multiply.outer(squares / RAMP**2, np.diag(inverse)) / 2.0
            ratios = np.exp(along / RAMP - loss) + np.exp(-along / RAMP - loss)
            if _STRIDE * ratios.sum() / (2.0 * self.d) >= self.threshold:
                if record >= change:
                    return float(record - change)
                begun = record
        return math.inf


def _latent_of(block: Block) -> tuple[FloatArray, FloatArray]:
    """The Gaussian rows that a block was made from, and its levels as numbers."""
    z = block.numbers.copy()
    heavy = z[:, z.shape[1] - z.shape[1] // 4 :]
    heavy[:] = -np.sign(heavy) * ndtri(stdtr(3, -np.abs(heavy) * np.sqrt(3)))
    return z, np.array([ord(level) - ord("a") for level in block.texts[:, 0]], dtype=float)


def _log_ratios(kind: str, d: int) -> LogRatios:
    """Of a record, to each thing that may have changed; shape (n, alternatives)."""
    before = correlations(d)
    inverse = np.linalg.inv(before)
    if kind in SHIFTS:
        return functools.partial(_of_shifts, inverse=inverse, shift=SHIFTS[kind])
    if kind in SPREAD or kind == "correlation":
        factor = math.sqrt(SPREAD[kind]) if kind in SPREAD else -1.0
        gaps, volumes = [], []
        for j in range(d):
            scale = np.ones(d)
            scale[j] = factor
            gaps.append(inverse - inverse / scale / scale[:, None])
            volumes.append(math.log(abs(factor)))
        return functools.partial(_of_spreads, gaps=np.array(gaps), volumes=np.array(volumes))
    if kind == "rare category":
        return _of_rare
    if kind == "tail":
        return functools.partial(_of_strays, inverse=inverse)
    raise ValueError(f"no one likelihood ratio of {kind!r}")


def _of_shifts(
    z: FloatArray, level: FloatArray, *, inverse: FloatArray, shift: float
) -> FloatArray:
    pull, loss = shift * z @ inverse, 0.5 * shift**2 * np.diag(inverse)
    return np.concatenate([pull - loss, -pull - loss], axis=1)


def _of_spreads(
    z: FloatArray, level: FloatArray, *, gaps: FloatArray, volumes: FloatArray
) -> FloatArray:
    squares = np.stack([((z @ gap) * z).sum(axis=1) for gap in gaps], axis=1)
    return np.asarray(0.5 * squares - volumes)


def _of_rare(z: FloatArray, level: FloatArray) -> FloatArray:
    once, never = math.log(RARE / SHARES[-1]), math.log((1 - RARE) / (1 - SHARES[-1]))
    return np.where(level == len(SHARES) - 1, once, never)[:, None]


def _of_strays(z: FloatArray, level: FloatArray, *, inverse: FloatArray) -> FloatArray:
    variance = 1.0 / np.diag(inverse)
    before = norm.logpdf(z @ inverse * variance, 0.0, np.sqrt(variance))
    stray = math.log(TAIL) + norm.logpdf(z, 0.0, TAIL_SIGMA)
    return np.asarray(np.logaddexp(math.log1p(-TAIL) + before, stray) - before)
