"""The smooth part of how a measured column follows those before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from halflife.schemas.table import FloatArray

_MOST_CENTRES: Final = 200
_LENGTHS: Final = (0.1, 0.4, 1.6)
_RIDGES: Final = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
_LINEAR: Final = 0.3
_LEAST_EXPLAINED: Final = 0.3
_GAP: Final = 0.1


@dataclass(frozen=True)
class Trend:
    r"""Kernel ridge regression of the normal score of a value, and what it leaves of each row.

    Trees see a smooth answer as a staircase, and models trained on their rows learn the steps. The
    trend is taken out first; trees then draw what is left of it. The lengths of the kernel are told
    by what a regression without the row itself would leave, :math:`r_i / (1 - H_{ii})`; what is
    drawn from is :math:`r_i / \sqrt{1 - H_{ii}}`, which scatters as the noise of the rows does.

    The kernel is :math:`\exp(-|x - x'|^2 / 2 l m) + .3\, x \cdot x' / p` with m the median squared
    distance, on at most 200 centres (Nystroem); l and the ridge are those with the least squares
    of what is left.

    Args:
        shift: Mean of each feature, shape (p,).
        scale: Spread of each feature, shape (p,).
        centres: Scaled features of some rows, shape (c, p).
        length: Denominator of the exponent.
        weights: Of the centres, shape (c,).
        offset: The mean score.
        quantiles: The training values, ascending, shape (n,).

    Example:
        >>> x = np.linspace(0, 1, 100)[:, None].astype(np.float32)
        >>> trend, left = Trend.of(x, np.sin(3 * x[:, 0]), seed=0)
        >>> bool(left.std() < .3)
        True

    Reference:
        C. Williams, M. Seeger, "Using the Nystroem method to speed up kernel machines", NIPS 13
        (2001); residuals: R. Cook, S. Weisberg, Residuals and Influence (1982).
    """

    shift: FloatArray
    scale: FloatArray
    centres: FloatArray
    length: FloatArray
    weights: FloatArray
    offset: FloatArray
    quantiles: FloatArray

    @classmethod
    def of(
        cls, features: NDArray[np.float32], values: FloatArray, *, seed: int
    ) -> tuple[Trend, FloatArray] | None:
        """The trend, and what is left of each row, (n,); None where there is none to speak of.

        That is where it explains too little, or where the values come in bunches far apart: what
        is left beside a trend would fill the gaps between them.

        Args:
            features: Shape (n, p), finite.
            values: Shape (n,), finite.
            seed: Of the centres.
        """
        quantiles = np.sort(values)
        if _has_a_gap(quantiles):
            return None
        low, high = (np.searchsorted(quantiles, values, side) for side in ("left", "right"))
        scores = ndtri((low + high) / (2.0 * len(values)))
        offset = float(scores.mean())
        shift, scale = features.mean(axis=0, dtype=np.float64), features.std(axis=0) + 1e-9
        rows = (features - shift) / scale
        random = np.random.default_rng(np.random.SeedSequence((seed, 5)))
        centres = rows[np.sort(random.permutation(len(rows))[:_MOST_CENTRES])]
        apart = _squares(centres, centres)
        median = float(np.median(apart)) or 1.0
        best: tuple[float, float, FloatArray, FloatArray] | None = None
        for length in _LENGTHS:
            width = 2.0 * length * median
            inner, outer = _kernel(centres, centres, width), _kernel(rows, centres, width)
            for weights, left, leverage in _ridges(inner, outer, scores - offset):
                error = float(((left / leverage) ** 2).mean())
                if best is None or error < best[0]:
                    best = error, width, weights, left / np.sqrt(leverage)
        if best is None or best[0] > (1.0 - _LEAST_EXPLAINED) * scores.var():
            return None
        _, width, weights, left = best
        one = np.array
        return cls(shift, scale, centres, one(width), weights, one(offset), quantiles), left

    def values(self, features: NDArray[np.float32], left: FloatArray) -> FloatArray:
        """The values of rows of which that much is left beside the trend, shape (rows,)."""
        rows = (features - self.shift) / self.scale
        scores = self.offset + left
        for start in range(0, len(rows), 2_000):
            part = slice(start, start + 2_000)
            kernel = _kernel(rows[part], self.centres, float(self.length))
            # BLAS sums in an order that depends on how many rows and threads there are.
            scores[part] += np.einsum("ij,j->i", kernel, self.weights)
        count = len(self.quantiles)
        # Beyond the ends is turned back: many rows at the very end would be copies of it.
        place = ndtr(scores) * count - 0.5
        place = np.abs(place)
        place = np.where(place > count - 1, 2.0 * (count - 1) - place, place)
        return np.interp(place, np.arange(count), self.quantiles)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All arrays by their name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> Trend:
        """From the arrays by their name."""
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})


def _has_a_gap(quantiles: FloatArray) -> bool:
    """Whether a tenth of the range of the inner nine tenths of the values holds none of them.

    Few values leave wide gaps by chance: of n uniform ones the widest is over ``(log n + c) / n``
    with a chance of ``1 - exp(-exp(-c))``; twice that with c = 4.6, 1 in 100, is no bunch yet.
    """
    inner = quantiles[len(quantiles) // 20 : len(quantiles) - len(quantiles) // 20]
    chance = 2.0 * (np.log(len(inner)) + 4.6) / len(inner)
    return bool(np.diff(inner).max(initial=0.0) > max(_GAP, chance) * np.ptp(inner))


def _ridges(
    inner: FloatArray, outer: FloatArray, scores: FloatArray
) -> list[tuple[FloatArray, FloatArray, FloatArray]]:
    """For each ridge the weights of the centres, what is left of each row, and ``1 - H_ii``."""
    spectrum, vectors = np.linalg.eigh(inner)
    kept = spectrum > 1e-8 * spectrum[-1]
    whiten = vectors[:, kept] / np.sqrt(spectrum[kept])
    left, sizes, right = np.linalg.svd(outer @ whiten, full_matrices=False)
    seen = left.T @ scores
    found = []
    for ridge in _RIDGES:
        shrunk = sizes**2 / (sizes**2 + ridge)
        hat = (left**2) @ shrunk
        weights = whiten @ (right.T @ (shrunk / np.maximum(sizes, 1e-12) * seen))
        found.append((weights, scores - left @ (shrunk * seen), np.maximum(1.0 - hat, 1e-3)))
    return found


def _squares(rows: FloatArray, others: FloatArray) -> FloatArray:
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(rows, others, "sqeuclidean"))


def _kernel(rows: FloatArray, centres: FloatArray, width: float) -> FloatArray:
    linear = _LINEAR / centres.shape[1] * np.einsum("ij,kj->ik", rows, centres)
    return np.asarray(np.exp(-_squares(rows, centres) / width) + linear)
