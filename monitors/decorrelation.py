"""What each column says beyond the others: residuals of its normal score given theirs."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .arrays import pack, unpack
from .inflation import inflation
from .rank_scores import RankScores

FloatArray = NDArray[np.float64]
Int16Array = NDArray[np.int16]

_SCORE_STEP: Final = 2.0**-12
_WEIGHT_STEP: Final = 2.0**-20
_RIDGE: Final = 1e-3
_ROWS_A_COLUMN: Final = 10.0  # of a regression among series, when they were independent
_MOST_MISSING: Final = 0.1  # of a column; one that is absent more often would blind all others


class Decorrelation:
    """``e_j = z_j - sum_{k != j} b_jk z_k``, from the inverse of the scores' correlation matrix.

    Scores and weights lie on grids of powers of two, so that their products add up to the same
    float in whatever order a matrix product takes them.

    Args:
        ranks: Of the d columns.
        weights: Shape (d, d); a column of NaN for one that is left out, being constant or missing
            in more than a tenth of the reference.

    Attributes:
        used: The columns that are not left out, in their order.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(500, 1))
        >>> both = np.hstack([x, x + .1 * rng.normal(size=(500, 1))])
        >>> decorrelation, held_out = Decorrelation.fit(both)
        >>> bool(np.nanstd(held_out) < .2)
        True
        >>> bool(abs(decorrelation.residuals(np.array([[1.0, -1.0]]))[0, 0]) > 1)
        True
    """

    def __init__(self, ranks: RankScores, weights: FloatArray) -> None:
        self.ranks, self.weights = ranks, weights
        self._grid = _grid(ranks)
        self.used = np.flatnonzero(~np.isnan(weights).any(axis=0))
        self._among = np.ascontiguousarray(weights[np.ix_(self.used, self.used)])

    @classmethod
    def fit(
        cls, values: FloatArray, ranks: RankScores | None = None
    ) -> tuple[Decorrelation, FloatArray]:
        """From a reference of shape (n, d), and its residuals, each as if that row were held out.

        The latter are ``e / (1 - h)``, ``h`` the leverage in the regression on the other columns.
        Ranks within that reference may be given where they are known.
        """
        d = values.shape[1]
        ranks = RankScores.fit(values) if ranks is None else ranks
        scores = _scores(_grid(ranks), ranks.codes(values))
        spread = np.array(
            [np.ptp(s[~np.isnan(s)]) if (~np.isnan(s)).any() else 0 for s in scores.T]
        )
        used = (np.isnan(values).mean(axis=0) <= _MOST_MISSING) & (spread > 0)
        weights = np.full((d, d), np.nan)
        held_out = np.full(values.shape, np.nan)
        rows = ~np.isnan(scores[:, used]).any(axis=1)
        z = scores[rows][:, used]
        if used.sum() >= 2 and len(z) > used.sum() * _enough(scores[:, used]):
            inverse = np.linalg.inv(z.T @ z / len(z) + _RIDGE * np.eye(z.shape[1]))
            diagonal = np.diag(inverse)
            fitted = np.rint(inverse / diagonal / _WEIGHT_STEP) * _WEIGHT_STEP
            weights[:, used] = 0.0
            weights[np.ix_(used, used)] = fitted
            whole = np.einsum("ij,jk,ik->i", z, inverse, z)[:, None] / len(z)
            leverage = whole - (z @ inverse) ** 2 / diagonal / len(z)
            within = z @ fitted
            # Where rows repeat, so do residuals, and an atom must stay where new rows will fall.
            atoms = [len(np.unique(e)) <= len(e) // 2 for e in within.T]
            leverage[:, atoms] = 0.0
            held_out[np.ix_(rows, used)] = within / np.clip(1.0 - leverage, 0.05, 1.0)
        return cls(ranks, weights), held_out

    def residuals(self, values: FloatArray) -> FloatArray:
        """Of shape (n, d); NaN in a row with a missing cell, and in a column left out."""
        residuals = np.full(values.shape, np.nan)
        residuals[:, self.used] = self.residuals_of(self.ranks.codes(values))
        return residuals

    def residuals_of(self, codes: Int16Array) -> FloatArray:
        """Those of the columns used, shape (n, used), of values with codes of shape (d, n)."""
        return self.scores_and_residuals(codes[self.used])[1]

    def scores_and_residuals(self, codes: Int16Array) -> tuple[FloatArray, FloatArray]:
        """Normal scores and residuals of the columns used, both (n, used), of their codes."""
        scores = _scores(self._grid[self.used], codes)
        return scores, np.asarray(scores @ self._among)

    def partner(self, column: int) -> int | None:
        """The column that tells most about another."""
        weights = np.abs(np.nan_to_num(self.weights[:, column]))
        weights[column] = 0.0
        return int(weights.argmax()) if weights.any() else None

    def state(self) -> dict[str, Any]:
        """As plain data, but for the ranks."""
        return {"weights": pack(self.weights)}

    @classmethod
    def of_state(cls, state: dict[str, Any], ranks: RankScores) -> Decorrelation:
        """The decorrelation that gave this state and had these ranks."""
        return cls(ranks, unpack(state["weights"]))


def _enough(scores: FloatArray) -> float:
    """Rows that a regression needs for each column: more where they depend on those before."""
    known = ~np.isnan(scores)
    spread = max(
        (inflation(s, k) for s, k in zip(scores.T, known.T, strict=True) if k.any()), default=1.0
    )
    # Products of two series of lag-1 correlation r have one of r^2.
    square = ((spread - 1.0) / (spread + 1.0)) ** 2
    return 1.0 if square == 0.0 else _ROWS_A_COLUMN * (1.0 + square) / (1.0 - square)


def _grid(ranks: RankScores) -> FloatArray:
    """The normal score of each code, shape (d, codes), on a grid; NaN for a missing cell."""
    grid = np.rint(ranks.scores / _SCORE_STEP) * _SCORE_STEP
    grid[:, ranks.missing] = np.nan
    return np.asarray(grid)


def _scores(grid: FloatArray, codes: Int16Array) -> FloatArray:
    """Normal scores, shape (n, d), of codes of shape (d, n)."""
    places = codes.T + np.arange(len(codes)) * grid.shape[1]
    return np.asarray(grid.ravel().take(places, mode="clip"))
