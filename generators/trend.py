"""The smooth part of how a measured column follows those before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import mannwhitneyu

from halflife.schemas.table import FloatArray

from .length_scales import LengthScales, matern

FEWEST_ROWS: Final = 20
"""That tell a trend."""
_MOST_CENTRES: Final = 200
_ROWS_OF_SCALES: Final = 100
_RIDGES: Final = (0.3, 1.0, 3.0)
"""Times the noise that the length scales were found with."""
_LEAST_EXPLAINED: Final = 0.3
_ORDERS: Final = 8
_OFTEN: Final = 3
_COARSE: Final = 0.2
_TOLD: Final = 0.9
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

    A score is made a value by the law of the scores that are made, not by the normal law: what is
    left beside the trend and the trend add up to something else where values pile up at an end of
    their range, as zeros do.

    The kernel is that of Matern of order 5/2 on at most 200 centres (Nystroem), half of which tell
    the length scales.

    Args:
        shift: Mean of each feature, shape (p,).
        scale: Length of each feature, in its unit, shape (p,).
        centres: Scaled features of some rows, shape (c, p).
        weights: Of the centres, shape (c,).
        offset: The mean score.
        reached: Scores that are made of these rows, ascending, shape (n,).
        quantiles: The training values, ascending, shape (n,).
        coarse: Whether these come again as readings of few digits do, so that others do not occur.

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
    reached: FloatArray
    quantiles: FloatArray
    coarse: NDArray[np.bool_]

    @classmethod
    def of(
        cls, features: NDArray[np.float32], values: FloatArray, *, seed: int
    ) -> tuple[Trend, FloatArray] | None:
        """The trend, and what is left of each row, (n,); None where there is none to speak of.

        That is where it explains too little, where fewer than 20 rows differ, or where the values
        come in bunches far apart: what is left beside a trend would fill the gaps between them. The
        least and the greatest value may lie apart, as zeros of failed runs do, if the features tell
        where they come. A row that was written down twice says nothing about noise, and counts
        once.

        Args:
            features: Shape (n, p), finite.
            values: Shape (n,), finite.
            seed: Of the centres.
        """
        quantiles = np.sort(values)
        has_gap, inside = _has_a_gap(quantiles), quantiles[between_ends(quantiles)]
        if has_gap and (len(inside) < FEWEST_ROWS or _has_a_gap(inside)):
            return None
        low, high = (np.searchsorted(quantiles, values, side) for side in ("left", "right"))
        scores = ndtri((low + high) / (2.0 * len(values)))
        offset = float(scores.mean())
        random = np.random.default_rng(np.random.SeedSequence((seed, 5)))
        shift, spread = features.mean(axis=0, dtype=np.float64), features.std(axis=0) + 1e-9
        once, which = distinct(features, values)
        if len(once) < FEWEST_ROWS:
            return None
        rows, told = ((features - shift) / spread)[once], scores[once] - offset
        chosen = random.permutation(len(rows))[:_MOST_CENTRES]
        telling = chosen[:_ROWS_OF_SCALES]
        found = LengthScales.of(rows[telling], told[telling])
        if found.by_chance:
            return None
        rows /= found.lengths
        fit = _Fit.best(rows, rows[chosen], told, found.noise / found.signal)
        if np.mean(fit.without**2) > (1.0 - _LEAST_EXPLAINED) * told.var():
            return None
        if has_gap and not _tells_the_ends(told - fit.without, values[once]):
            return None
        noise, fitted = fit.noise[which], scores - fit.left[which]
        made = [np.sort(fitted + random.permutation(noise)) for _ in range(_ORDERS)]
        trend = cls(
            shift=shift,
            scale=spread * found.lengths,
            centres=rows[chosen],
            weights=fit.weights,
            offset=np.array(offset),
            reached=np.mean(made, axis=0),
            quantiles=quantiles,
            coarse=np.array(_comes_again(values[once]) >= _COARSE),
        )
        return trend, noise

    def values(self, features: NDArray[np.float32], left: FloatArray) -> FloatArray:
        """The values of rows of which that much is left beside the trend, shape (rows,)."""
        rows = (features - self.shift) / self.scale
        scores = self.offset + left
        for start in range(0, len(rows), 2_000):
            part = slice(start, start + 2_000)
            kernel = _kernel(rows[part], self.centres)
            # BLAS sums in an order that depends on how many rows and threads there are.
            scores[part] += np.einsum("ij,j->i", kernel, self.weights)
        count, within = len(self.quantiles), np.clip(scores, self.reached[0], self.reached[-1])
        normal = np.interp(within, self.reached, ndtri((np.arange(count) + 0.5) / count))
        # Beyond the ends is turned back: many rows at the very end would be copies of it.
        place = np.abs(ndtr(normal + scores - within) * count - 0.5)
        place = np.where(place > count - 1, 2.0 * (count - 1) - place, place)
        # Nothing lies between an end where values pile up and the next of them.
        least = np.searchsorted(self.quantiles, self.quantiles[0], "right")
        greatest = np.searchsorted(self.quantiles, self.quantiles[-1], "left")
        settled = (least >= _OFTEN) & (place < least)
        settled |= (count - greatest >= _OFTEN) & (place > greatest - 1)
        place = np.where(self.coarse | settled, np.rint(place), place)
        return np.interp(place, np.arange(count), self.quantiles)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All arrays by their name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> Trend:
        """From the arrays by their name."""
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})


def distinct(
    features: NDArray[np.float32], values: FloatArray
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The first of each set of equal rows, and which of these each row is, shape (n,).

    Args:
        features: Shape (n, p).
        values: Shape (n,).

    Example:
        >>> distinct(np.array([[1.0], [2.0], [1.0]], np.float32), np.array([5.0, 6.0, 5.0]))
        (array([0, 1]), array([0, 1, 0]))
    """
    rows = np.column_stack([features, values])
    _, once, which = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    return once, which.ravel()


def between_ends(values: FloatArray) -> NDArray[np.bool_]:
    """Which values are neither the least nor the greatest, shape (n,).

    Args:
        values: Shape (n,), n at least 1.

    Example:
        >>> between_ends(np.array([0.0, 2.0, 0.0, 5.0]))
        array([False,  True, False, False])
    """
    return np.asarray((values > values.min()) & (values < values.max()))


@dataclass(frozen=True)
class _Fit:
    """A regression: weights of the centres, what it leaves of each row, and ``1 - H_ii``."""

    weights: FloatArray
    left: FloatArray
    leverage: FloatArray

    @property
    def without(self) -> FloatArray:
        """What a regression without the row itself would leave of it."""
        return self.left / self.leverage

    @property
    def noise(self) -> FloatArray:
        """What is left, as wide as the noise of the rows."""
        return np.asarray(self.left / np.sqrt(self.leverage))

    @classmethod
    def best(cls, rows: FloatArray, centres: FloatArray, scores: FloatArray, noise: float) -> _Fit:
        """That ridge about the noise which leaves least without the row itself."""
        spectrum, vectors = np.linalg.eigh(_kernel(centres, centres))
        kept = spectrum > 1e-8 * spectrum[-1]
        whiten = vectors[:, kept] / np.sqrt(spectrum[kept])
        outer = _kernel(rows, centres) @ whiten
        left, sizes, right = np.linalg.svd(outer, full_matrices=False)
        seen = left.T @ scores
        fits = []
        for ridge in _RIDGES:
            shrunk = sizes**2 / (sizes**2 + ridge * noise)
            weights = whiten @ (right.T @ (shrunk / np.maximum(sizes, 1e-12) * seen))
            leverage = np.maximum(1.0 - (left**2) @ shrunk, 1e-3)
            fits.append(cls(weights, scores - left @ (shrunk * seen), leverage))
        return min(fits, key=lambda fit: float((fit.without**2).mean()))


def _kernel(rows: FloatArray, centres: FloatArray) -> FloatArray:
    from scipy.spatial.distance import cdist

    return matern(cdist(rows, centres))


def _comes_again(values: FloatArray) -> float:
    """Share of the values between the least and the greatest that come three times or more."""
    inside = values[between_ends(values)]
    _, count = np.unique(inside, return_counts=True)
    return float(count[count >= _OFTEN].sum() / max(len(inside), 1))


def _tells_the_ends(guesses: FloatArray, values: FloatArray) -> bool:
    """Whether guesses part the least and the greatest value, where they come again, from others.

    By the area under the curve of Mann and Whitney; the guesses are made without the row itself.
    """
    for sign in (1.0, -1.0):
        at_end = sign * values == (sign * values).min()
        if _OFTEN <= at_end.sum() < len(values):
            apart = mannwhitneyu(-sign * guesses[at_end], -sign * guesses[~at_end]).statistic
            if apart < _TOLD * at_end.sum() * (~at_end).sum():
                return False
    return True


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
