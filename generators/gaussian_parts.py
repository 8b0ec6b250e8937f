"""A mixture of Gaussians that is drawn from exactly, whole or within limits of some columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from halflife.schemas.table import FloatArray

from .truncated_normal import choose, log_mass, truncated

Limits = Mapping[int, FloatArray]
"""Of some columns, the intervals where they must lie: shape (m, 2), ascending, disjoint."""

_POOL: Final = 16
_SWEEPS: Final = 5
_WIDEST: Final = 40.0
_HALVINGS: Final = 60


@dataclass(frozen=True)
class GaussianParts:
    """``p(z) = sum_k w_k N(z; m_k, C_k)``.

    Args:
        weights: ``w``, shape (parts,), adding up to 1.
        means: ``m``, shape (parts, p).
        covariances: ``C``, positive definite, shape (parts, p, p).

    Example:
        >>> parts = GaussianParts(np.ones(1), np.zeros((1, 2)), np.array([[[1., .8], [.8, 1.]]]))
        >>> random = np.random.default_rng(0)
        >>> z, _ = parts.draw_within({0: np.array([[1., 1.000001]])}, random, 10_000)
        >>> float(z[:, 1].mean().round(2)), float(z[:, 1].std().round(2))
        (0.8, 0.61)

    Reference:
        V. Hajivassiliou, D. McFadden, "The method of simulated scores for the estimation of LDV
        models", Econometrica 66 (1998) 863 (the GHK sampler); J. Geweke, "Efficient simulation
        from the multivariate normal and Student-t distributions subject to linear constraints",
        Computing Science and Statistics 23 (1991) 571.
    """

    weights: FloatArray
    means: FloatArray
    covariances: FloatArray

    def draw(
        self, random: np.random.Generator, rows: int, odds: FloatArray | None = None
    ) -> tuple[FloatArray, NDArray[np.intp]]:
        """Points, shape (rows, p), and their parts, shape (rows,); ``odds`` as in `draw_within`."""
        part = choose(np.log(self.weights) + (0.0 if odds is None else odds), random, rows)
        noise = random.standard_normal((rows, self.means.shape[1]))
        points = self.means[part]
        for k in range(len(self.weights)):
            here = part == k
            points[here] += noise[here] @ np.linalg.cholesky(self.covariances[k]).T
        return points, part

    def draw_within(
        self,
        limits: Limits,
        random: np.random.Generator,
        rows: int,
        odds: FloatArray | None = None,
    ) -> tuple[FloatArray, NDArray[np.intp]]:
        """Points given that some columns lie within limits.

        With one limited column the part is drawn with its posterior odds, the column from its
        truncated Gaussian, the others given it: exact. With several, sixteen times as many
        are proposed one column after the other, resampled by their weights, and moved by five
        Gibbs sweeps, which leave the truncated law as it is.

        Args:
            limits: Of some columns; without any, all is drawn freely.
            random: All of the randomness.
            rows: How many.
            odds: Logarithm of further odds of each part, shape (parts,).

        Returns:
            Points, shape (rows, p), and their parts; no rows where the limits have no chance.
        """
        if not limits:
            return self.draw(random, rows, odds)
        columns = sorted(limits)
        log_weights = np.log(self.weights) + (0.0 if odds is None else odds)
        first = columns[0]
        spread = np.sqrt(self.covariances[:, first, first])
        mass = log_mass(self.means[:, first], spread, limits[first])
        if not np.isfinite(log_weights + mass).any():
            return self.means[:0], np.zeros(0, dtype=np.intp)
        size = rows if len(columns) == 1 else _POOL * rows
        part = choose(log_weights + mass, random, size)
        found, log_weight = self._propose(columns, limits, part, random)
        if len(columns) > 1:
            if not np.isfinite(log_weight).any():
                return self.means[:0], np.zeros(0, dtype=np.intp)
            kept = choose(log_weight, random, rows)
            found, part = found[kept], part[kept]
            self._sweep(columns, limits, found, part, random)
        return self._complete(columns, found, part, random), part

    def _propose(
        self,
        columns: list[int],
        limits: Limits,
        part: NDArray[np.intp],
        random: np.random.Generator,
    ) -> tuple[FloatArray, FloatArray]:
        """Limited columns one given those before, and the weight that this leaves out."""
        found = np.empty((len(part), len(columns)))
        weight = np.zeros(len(part))
        factors = np.linalg.cholesky(self.covariances[:, columns][:, :, columns])
        noise = np.zeros_like(found)
        for j, column in enumerate(columns):
            factor = factors[part, j]
            mean = self.means[part, column] + (factor[:, :j] * noise[:, :j]).sum(axis=1)
            spread = factor[:, j]
            if j:
                weight += log_mass(mean, spread, limits[column])
            found[:, j] = truncated(mean, spread, limits[column], random)
            noise[:, j] = (found[:, j] - mean) / spread
        return found, weight

    def _sweep(
        self,
        columns: list[int],
        limits: Limits,
        found: FloatArray,
        part: NDArray[np.intp],
        random: np.random.Generator,
    ) -> None:
        """Draw each limited column anew given the other ones, in place."""
        precision = np.linalg.inv(self.covariances[:, columns][:, :, columns])
        for _ in range(_SWEEPS):
            for j, column in enumerate(columns):
                own = precision[part, j, j]
                away = found - self.means[part][:, columns]
                pull = (precision[part, j] * away).sum(axis=1) - own * away[:, j]
                mean = self.means[part, column] - pull / own
                found[:, j] = truncated(mean, 1 / np.sqrt(own), limits[column], random)

    def _complete(
        self,
        columns: list[int],
        found: FloatArray,
        part: NDArray[np.intp],
        random: np.random.Generator,
    ) -> FloatArray:
        """All columns, given the limited ones."""
        width = self.means.shape[1]
        others = [j for j in range(width) if j not in columns]
        points = np.empty((len(found), width))
        points[:, columns] = found
        noise = random.standard_normal((len(found), len(others)))
        for k in np.unique(part):
            here, mean, cov = part == k, self.means[k], self.covariances[k]
            gain = np.linalg.solve(cov[np.ix_(columns, columns)], cov[np.ix_(columns, others)])
            left = cov[np.ix_(others, others)] - cov[np.ix_(others, columns)] @ gain
            values, vectors = np.linalg.eigh(left)
            root = vectors * np.sqrt(np.maximum(values, 0.0))
            drift = (found[here] - mean[columns]) @ gain
            points[np.ix_(here, others)] = mean[others] + drift + noise[here] @ root.T
        return points

    def to_scores(self, points: FloatArray) -> FloatArray:
        """Normal scores of points by the mixture's own margins, shape (n, p)."""
        scores = np.empty_like(points)
        for j in range(points.shape[1]):
            scores[:, j] = ndtri(np.clip(self._share(points[:, j], j), 1e-12, 1 - 1e-12))
        return scores

    def from_score(self, score: float, column: int) -> float:
        """The point of one column that has a normal score, by halving."""
        if np.isinf(score):
            return score
        low, high, share = -_WIDEST, _WIDEST, ndtr(score)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            below = self._share(np.array([middle]), column)[0] < share
            low, high = (middle, high) if below else (low, middle)
        return (low + high) / 2

    def _share(self, cells: FloatArray, column: int) -> FloatArray:
        spread = np.sqrt(self.covariances[:, column, column])
        places = (cells[:, None] - self.means[:, column]) / spread
        return np.asarray(ndtr(places) @ self.weights, dtype=np.float64)
