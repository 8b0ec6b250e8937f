"""The smooth part of how a measured column follows those before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from halflife.schemas.table import FloatArray

from .length_scales import LengthScales, matern

_MOST_CENTRES: Final = 200
_ROWS_OF_SCALES: Final = 100
_RIDGES: Final = (0.3, 1.0, 3.0)
"""Times the noise that the length scales were found with."""
_LEAST_EXPLAINED: Final = 0.3
_GAP: Final = 0.1


@dataclass(frozen=True)
class Trend:
    r"""Mean of a Gaussian process for the normal score of a value, and what it leaves of each row.

    Trees see a smooth answer as a staircase, and models trained on their rows learn the steps; of
    a campaign of fifty runs they hardly see it at all. The trend is taken out first; trees then
    draw what is left of it. How far an answer stays like itself along each feature is told by the
    rows (`LengthScales`), how much noise there is beside it by what a regression without the row
    itself would leave, :math:`r_i / (1 - H_{ii})`; what is drawn from is
    :math:`r_i / \sqrt{1 - H_{ii}}`, which scatters as the noise of the rows does.

    The kernel is that of Matern of order 5/2 on at most 200 centres (Nystroem), half of which tell
    the length scales.

    Args:
        shift: Mean of each feature, shape (p,).
        scale: Length of each feature, in its unit, shape (p,).
        centres: Scaled features of some rows, shape (c, p).
        weights: Of the centres, shape (c,).
        offset: The mean score.
        quantiles: The training values, ascending, shape (n,).

    Example:
        >>> x = np.linspace(0, 1, 100)[:, None].astype(np.float32)
        >>> trend, left = Trend.of(x, np.sin(3 * x[:, 0]), seed=0)
        >>> bool(left.std() < .1)
        True

    Reference:
        C. Rasmussen, C. Williams, "Gaussian Processes for Machine Learning" (2006), chapter 2;
        C. Williams, M. Seeger, "Using the Nystroem method to speed up kernel machines", NIPS 13
        (2001); residuals: R. Cook, S. Weisberg, Residuals and Influence (1982).
    """

    shift: FloatArray
    scale: FloatArray
    centres: FloatArray
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
        chosen = random.permutation(len(rows))[:_MOST_CENTRES]
        found = LengthScales.of(
            rows[chosen[:_ROWS_OF_SCALES]], scores[chosen[:_ROWS_OF_SCALES]] - offset
        )
        if found.by_chance:
            return None
        rows /= found.lengths
        centres = rows[chosen]
        inner, outer = _kernel(centres, centres), _kernel(rows, centres)
        fits = _fits(inner, outer, scores - offset, found.noise / found.signal)
        best = min(fits, key=lambda fit: float(((fit.left / fit.leverage) ** 2).mean()))
        if np.mean((best.left / best.leverage) ** 2) > (1.0 - _LEAST_EXPLAINED) * scores.var():
            return None
        trend = cls(
            shift, scale * found.lengths, centres, best.weights, np.array(offset), quantiles
        )
        return trend, best.left / np.sqrt(best.leverage)

    def values(self, features: NDArray[np.float32], left: FloatArray) -> FloatArray:
        """The values of rows of which that much is left beside the trend, shape (rows,)."""
        rows = (features - self.shift) / self.scale
        scores = self.offset + left
        for start in range(0, len(rows), 2_000):
            part = slice(start, start + 2_000)
            kernel = _kernel(rows[part], self.centres)
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


@dataclass(frozen=True)
class _Fit:
    """Weights of the centres, what is left of each row, and ``1 - H_ii``."""

    weights: FloatArray
    left: FloatArray
    leverage: FloatArray


def _fits(inner: FloatArray, outer: FloatArray, scores: FloatArray, noise: float) -> list[_Fit]:
    """One for each ridge, from the kernels of the centres, (c, c), and of the rows, (n, c)."""
    spectrum, vectors = np.linalg.eigh(inner)
    kept = spectrum > 1e-8 * spectrum[-1]
    whiten = vectors[:, kept] / np.sqrt(spectrum[kept])
    left, sizes, right = np.linalg.svd(outer @ whiten, full_matrices=False)
    seen = left.T @ scores
    found = []
    for ridge in _RIDGES:
        shrunk = sizes**2 / (sizes**2 + ridge * noise)
        weights = whiten @ (right.T @ (shrunk / np.maximum(sizes, 1e-12) * seen))
        leverage = np.maximum(1.0 - (left**2) @ shrunk, 1e-3)
        found.append(_Fit(weights, scores - left @ (shrunk * seen), leverage))
    return found


def _kernel(rows: FloatArray, centres: FloatArray) -> FloatArray:
    from scipy.spatial.distance import cdist

    return matern(cdist(rows, centres))


def _has_a_gap(quantiles: FloatArray) -> bool:
    """Whether a tenth of the range of the inner nine tenths of the values holds none of them.

    Only with a tenth of the values on each side: the tail of a skewed answer is no bunch. Few
    values leave wide gaps by chance: of n uniform ones the widest is over ``(log n + c) / n``
    with a chance of ``1 - exp(-exp(-c))``; twice that with c = 4.6, 1 in 100, is no bunch yet.
    """
    rows = len(quantiles)
    inner = quantiles[rows // 20 : rows - rows // 20]
    chance = 2.0 * (np.log(len(inner)) + 4.6) / len(inner)
    between = np.diff(quantiles[rows // 10 : rows - rows // 10])
    return bool(between.max(initial=0.0) > max(_GAP, chance) * np.ptp(inner))
