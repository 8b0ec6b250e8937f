"""How well a regression knows the region in which the planner is at work."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .arrays import pack, unpack
from .cusum_race import SEGMENT

FloatArray = NDArray[np.float64]

_SEGMENTS: Final = 4  # of records that are looked back upon
_FEWEST: Final = 16  # records among these, below which nothing new is said
_EVERY: Final = 4  # records, of which one has its own variance formed
_OF_SCALE: Final = 1.5  # 2 sd(|r|) / mean(|r|): what a local spread, of such a regression, errs by
_MISFIT: Final = 1.3  # a regression has a shape too, and errs by more than its variance
_BITS: Final = 24  # of the root: with features of 20 bits, products add up exactly
_GRID: Final = 2.0**-12  # of what is squared, for the same


class LocalDoubt:
    """What a regression may err by at the latest records, in units of its residuals' spread.

    With ``C = (F^T F + r n)^-1``, F the features of the n records of the reference and r the ridge,
    ``f^T C f`` is the variance of the regression at features f. Of the mean of the latest features
    it tells how far residuals may lie off together: where the planner is all over the reference,
    errors here and there cancel out; where it stays at one place they do not, and a change that is
    no larger may be the regression's own. Its mean over these records, beyond that of the
    reference, tells how much wider residuals scatter; and the spread itself, a regression too, errs
    with the mean.

    Args:
        root: Upper triangle, row by row, of ``R`` with ``R^T R = C``, in steps of ``unit``.
        unit: A power of two.
        size: n.
        usual: Mean variance of held-out records of the reference.

    Reference: Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), eq. 2.9.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> features = np.rint(rng.normal(size=(500, 3)) * 256) / 256
        >>> doubt = LocalDoubt.fit(np.hstack([features, np.ones((500, 1))]), 1e-6)
        >>> everywhere, corner = np.array([0.0, 0, 0, 1]), np.array([2.0, 2, 2, 1])
        >>> both = [doubt.of(np.tile(f, (512, 1)), np.ones(512, bool), 0)[0, -1]
        ...         for f in (everywhere, corner)]
        >>> [round(float(e), 2) for e in both]
        [0.01, 0.21]
    """

    def __init__(self, root: NDArray[np.int32], unit: float, size: int, usual: float) -> None:
        self.size, self.usual = size, usual
        self._steps, self._unit = root, unit
        side = _side(len(root))
        self._root = np.zeros((side, side))
        self._root[np.triu_indices(side)] = root * unit
        # Sums of features, of records, of variances and of records with one; the last of these
        # segments is under way.
        self._ring = np.zeros((_SEGMENTS + 1, side + 3))
        self._now = 0.0, 0.0

    def rest(self) -> None:
        """Forget all records but those of the reference."""
        self._ring[:] = 0.0
        self._now = 0.0, 0.0

    @classmethod
    def fit(cls, features: FloatArray, ridge: float) -> LocalDoubt:
        """From the features of a reference, shape (n, features)."""
        n = len(features)
        values, vectors = np.linalg.eigh(features.T @ features)
        values = np.maximum(values, 0.0) + max(ridge, 1e-12) * n
        inverse = (vectors / values) @ vectors.T
        root = np.linalg.cholesky(inverse + 1e-12 * np.trace(inverse) * np.eye(len(inverse))).T
        leverage = np.minimum(((features @ root.T) ** 2).sum(axis=1), 0.95)
        usual = float((leverage / (1.0 - leverage)).mean())
        unit = 2.0 ** float(np.ceil(np.log2(np.abs(root).max(initial=1e-300))) - _BITS)
        steps = np.rint(root[np.triu_indices(len(root))] / unit).astype(np.int32)
        return cls(steps, unit, n, usual)

    def of(self, features: FloatArray, judged: NDArray[np.bool_], seen: int) -> FloatArray:
        """Take the next records; what those of each segment that they reach into may err by.

        It follows from records before the segment.

        Args:
            features: Of the records, shape (n, features), on a grid of 2^-16.
            judged: Which of them say anything, shape (n,).
            seen: How many records were before.

        Returns:
            Shape (2, segments): standard error of the mean, and what the variance may be off by.
        """
        n = len(features)
        if not n:
            return np.empty((2, 0))
        starts = np.append(0, np.arange(SEGMENT - seen % SEGMENT, n, SEGMENT))
        known = features if judged.all() else features * judged[:, None]
        sums = np.add.reduceat(known, starts, axis=0)
        counts = np.add.reduceat(judged.astype(np.float64), starts)
        chosen = np.zeros(n)
        chosen[-seen % _EVERY :: _EVERY] = 1.0
        chosen *= judged
        some = np.flatnonzero(chosen)
        spread = np.rint((features[some] @ self._root.T) / _GRID) * _GRID
        variances = np.zeros(n)
        variances[some] = (spread * spread).sum(axis=1)
        variances = np.add.reduceat(variances, starts)
        numbers = np.add.reduceat(chosen, starts)
        doubts = []
        for i, start in enumerate(starts):
            if (seen + start) % SEGMENT == 0:
                self._ring[:-1] = self._ring[1:]
                self._ring[-1] = 0.0
                self._now = self._doubt()
            doubts.append(self._now)
            self._ring[-1, :-3] += sums[i]
            self._ring[-1, -3:] += counts[i], variances[i], numbers[i]
        return np.array(doubts).T

    def state(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "root": pack(self._steps),
            "unit": self._unit,
            "size": self.size,
            "usual": self.usual,
            "ring": pack(self._ring),
            "now": list(self._now),
        }

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> LocalDoubt:
        """The doubt that gave this state."""
        root, unit = unpack(state["root"]), float(state["unit"])
        doubt = cls(root, unit, int(state["size"]), float(state["usual"]))
        doubt._ring = unpack(state["ring"])
        error, variance = state["now"]
        doubt._now = float(error), float(variance)
        return doubt

    def _doubt(self) -> tuple[float, float]:
        total = self._ring[:-1].sum(axis=0)
        count, variance, number = total[-3:].tolist()
        if count < _FEWEST:
            return self._now  # what was said last of so few
        spread = self._root @ (total[:-3] / count)
        error = np.sqrt(max(float(spread @ spread) - 1.0 / self.size, 0.0))
        excess = max(variance / max(number, 1.0) - self.usual, 0.0)
        return _MISFIT * float(error), _MISFIT * float(np.hypot(excess, _OF_SCALE * error))


def _side(entries: int) -> int:
    """Of a square of which that many entries are the upper triangle."""
    return int((np.sqrt(8 * entries + 1) - 1) / 2)
