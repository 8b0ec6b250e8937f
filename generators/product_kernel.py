"""A smoothed bootstrap of scores and codes that keeps every margin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import FloatArray

from .mixed_coding import CodeArray
from .truncated_normal import choose, log_mass, truncated


@dataclass(frozen=True)
class ProductKernel:
    """A row taken at random, each of its columns moved on its own.

    A score ``c`` becomes ``sqrt(1 - h**2) c + h e`` with a standard normal ``e``: as scores are
    standard normal, so is what is drawn, whatever ``h``. A level stays with chance ``1 - h`` and
    is drawn anew from all levels else. With ``h = 0`` rows are copied; with ``h = 1`` a column
    is free of all others. Missing cells stay where they are in the row.

    Args:
        centres: Scores of the training rows, shape (n, p), NaN where missing.
        codes: Their levels, shape (n, q), and after those of categories the codes of missing cells.
        widths: ``h`` of each score and then of each category, shape (p + categories,).
        shares: Of each category, how frequent its levels are.

    Example:
        >>> random = np.random.default_rng(0)
        >>> x = random.normal(size=(2000, 1))
        >>> nothing = np.empty((2000, 0), dtype=np.int64)
        >>> kernel = ProductKernel(x, nothing, np.array([.5]), ())
        >>> scores, _ = kernel.draw(random, 20_000)
        >>> float(scores.std().round(1))
        1.0

    Reference:
        M. West, "Approximating posterior distributions by mixtures", Journal of the Royal
        Statistical Society B 55 (1993) 409 (kernels drawn in to keep the variance); J. Aitchison,
        C. Aitken, "Multivariate binary discrimination by the kernel method", Biometrika 63 (1976)
        413.
    """

    centres: FloatArray
    codes: CodeArray
    widths: FloatArray
    shares: tuple[FloatArray, ...]

    @property
    def _score_widths(self) -> FloatArray:
        return self.widths[: self.centres.shape[1]]

    @property
    def _leaks(self) -> FloatArray:
        return self.widths[self.centres.shape[1] :]

    def draw(self, random: np.random.Generator, rows: int) -> tuple[FloatArray, CodeArray]:
        """Scores, shape (rows, p), NaN where missing, and codes, shape (rows, q)."""
        row = random.integers(len(self.centres), size=rows)
        noise = random.standard_normal((rows, self.centres.shape[1]))
        scores = self._centred(row) + self._score_widths * noise
        codes = self.codes[row]
        for j, share in enumerate(self.shares):
            anew = random.random(rows) < self._leaks[j]
            codes[:, j] = np.where(anew, choose(np.log(share), random, rows), codes[:, j])
        return scores, codes

    def draw_within(
        self,
        numbers: Mapping[int, FloatArray],
        levels: Mapping[int, NDArray[np.bool_]],
        random: np.random.Generator,
        rows: int,
    ) -> tuple[FloatArray, CodeArray]:
        """The same, given limits: exact, as the columns of a row are moved independently.

        Args:
            numbers: Of some scores, the intervals where they must lie, shape (m, 2).
            levels: Of some codes, whether each level is allowed.
            random: All of the randomness.
            rows: How many; none are made where the limits have no chance.
        """
        odds = self._log_odds(numbers, levels)
        if not np.isfinite(odds).any():
            return self.centres[:0], self.codes[:0]
        row = choose(odds, random, rows)
        centred, widths = self._centred(row), self._score_widths
        scores = centred + widths * random.standard_normal(centred.shape)
        for j, intervals in numbers.items():
            spread = np.full(rows, widths[j])
            scores[:, j] = truncated(centred[:, j], spread, intervals, random)
        codes = self.codes[row]
        for j, share in enumerate(self.shares):
            allowed = levels.get(j, np.ones(len(share), dtype=np.bool_))
            stay = (1 - self._leaks[j]) * allowed[codes[:, j]]
            leave = self._leaks[j] * share[allowed].sum()
            anew = random.random(rows) * (stay + leave) >= stay
            with np.errstate(divide="ignore"):
                drawn = choose(np.log(share * allowed), random, rows)
            codes[:, j] = np.where(anew, drawn, codes[:, j])
        return scores, codes

    def _centred(self, row: NDArray[np.int64] | NDArray[np.intp]) -> FloatArray:
        return self.centres[row] * np.sqrt(1 - self._score_widths**2)

    def _log_odds(
        self, numbers: Mapping[int, FloatArray], levels: Mapping[int, NDArray[np.bool_]]
    ) -> FloatArray:
        """Logarithm of the chance that each training row, moved, is within, shape (n,)."""
        odds = np.zeros(len(self.centres))
        for j, intervals in numbers.items():
            centre = self.centres[:, j] * np.sqrt(1 - self.widths[j] ** 2)
            there = ~np.isnan(centre)
            odds[~there] = -np.inf
            spread = np.full(int(there.sum()), self.widths[j])
            odds[there] += log_mass(centre[there], spread, intervals)
        with np.errstate(divide="ignore"):
            for j, allowed in levels.items():
                chance = allowed[self.codes[:, j]].astype(np.float64)
                if j < len(self.shares):
                    leak = self._leaks[j]
                    chance = (1 - leak) * chance + leak * self.shares[j][allowed].sum()
                odds += np.log(chance)
        return odds


def level_shares(codes: CodeArray, sizes: Sequence[int]) -> tuple[FloatArray, ...]:
    """How frequent the levels of each code are."""
    return tuple(
        np.bincount(codes[:, j], minlength=size) / len(codes) for j, size in enumerate(sizes)
    )
