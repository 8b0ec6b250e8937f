"""What bins there are: bounds, grids and levels, declared or found at a price."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.special import ndtri

from halflife.schemas.table import Block, FloatArray, Kind

from .errors import UnsuitableRows
from .privacy_budget import HISTOGRAM_SENSITIVITY, PrivacyBudget
from .private_coding import Latent, PrivateCoding
from .private_column import PrivateColumn, affordable
from .zcdp import gaussian_scale

_POWERS: Final = np.arange(-40, 61)
_STEPS: Final = tuple(
    float(f"{digit}e{power}") for power in range(2, -5, -1) for digit in (5, 2, 1)
)
_SURE: Final = 0.01
_OFF_GRID: Final = 3.0
_CLEAR: Final = 6.0


class PrivateDomain:
    """Finds the bins of every column, within a part of the budget.

    A bound that the lab file declares costs nothing. One that it does not is found from noisy
    counts in powers of two. A grid (multiples of 1, 2 or 5 times a power of ten) is taken where
    hardly a noisy count of rows is off it. Levels of a category are named if their noisy count is
    beyond what a single row can show; others become missing cells.

    Args:
        coding: Of the table.
        budget: Pays.
        rho: What may be spent here, in all.

    Reference: Wilson et al., PoPETs 2020, arXiv:1909.01917 (bounds and levels).
    """

    def __init__(self, coding: PrivateCoding, budget: PrivacyBudget, rho: float) -> None:
        self._coding = coding
        self._budget = budget
        self.open = [x for x in coding.latents if x.low is None or x.high is None]
        table = coding.table
        self.gridded = [c.name for c in coding.plain if c.kind is not Kind.INTEGER]
        self.gridded += [name for law in coding.sums for name in law.columns[:-1]]
        looks = len(self.open) + len(self.gridded) + len(table.categories)
        self._rho = rho / max(looks, 1)
        self.spends = rho if looks else 0.0

    def steps(self, block: Block) -> dict[str, float]:
        """The grids that are found, by column; whole numbers are known to lie on one."""
        found = {c.name: 1.0 for c in self._coding.table.columns if c.kind is Kind.INTEGER}
        for name in self.gridded:
            step = self._step(block.number(name))
            if step is not None:
                found.setdefault(name, step)
        return found

    def columns(
        self, block: Block, latents: dict[str, FloatArray], steps: dict[str, float], noise: float
    ) -> list[PrivateColumn]:
        """The bins of all columns, with as many as counts with such noise allow."""
        table, bins = self._coding.table, affordable(len(block), noise)
        found = []
        for latent in self._coding.latents:
            low, high = self._bounds(latent, latents[latent.name])
            step = 1.0 if latent.whole else steps.get(latent.name)
            found.append(PrivateColumn.of_number(latent.name, low, high, step=step, bins=bins))
        return found + [
            PrivateColumn.of_category(name, self._levels(block, name)) for name in table.categories
        ]

    def _step(self, cells: FloatArray) -> float | None:
        scale = gaussian_scale(self._rho, np.sqrt(len(_STEPS)))
        there = cells[~np.isnan(cells)]
        off = np.array([_off(there, step) for step in _STEPS], dtype=np.float64)
        noisy = self._budget.answers(off, self._rho, float(np.sqrt(len(_STEPS))))
        if _CLEAR * scale > len(cells):  # noise alone would pass for a grid
            return None
        fitting = np.flatnonzero(noisy <= _OFF_GRID * scale)
        return _STEPS[int(fitting[0])] if fitting.size else None

    def _bounds(self, latent: Latent, cells: FloatArray) -> tuple[float, float]:
        if latent.low is not None and latent.high is not None:
            return latent.low, latent.high
        there = cells[~np.isnan(cells)]
        if latent.low is not None:
            there = np.maximum(there, latent.low)
        if latent.high is not None:
            there = np.minimum(there, latent.high)
        power = np.clip(np.floor(np.log2(np.maximum(np.abs(there), 1e-300))), *_POWERS[[0, -1]])
        place = np.where(there == 0, 0, np.sign(there) * (power - _POWERS[0] + 1)).astype(int)
        reach = len(_POWERS)
        counts = np.bincount(place + reach, minlength=2 * reach + 1).astype(np.float64)
        # One bin more, so that a column without any cell has a count beyond the threshold too.
        counts = np.append(counts, float(len(cells) - len(there)))
        noisy = self._budget.counts(counts, self._rho)
        scale = gaussian_scale(self._rho, HISTOGRAM_SENSITIVITY)
        beyond = np.flatnonzero(noisy > scale * float(ndtri(1.0 - _SURE / len(counts))))
        if not beyond.size:
            raise UnsuitableRows(
                f"column {latent.name!r} has no min and max in the lab file, and {len(cells)} rows "
                f"are too few to find them under this epsilon (noise of {scale:.0f} rows): declare "
                "both"
            )
        bins = beyond[beyond < 2 * reach + 1] - reach
        if not bins.size:  # missing cells alone
            bins = np.zeros(1, dtype=int)
        low = _edge(int(bins[0]), outer=bins[0] < 0) if latent.low is None else latent.low
        high = _edge(int(bins[-1]), outer=bins[-1] > 0) if latent.high is None else latent.high
        return low, max(low, high)

    def _levels(self, block: Block, name: str) -> list[str]:
        there = [cell for cell in block.text(name) if cell is not None]
        levels, counts = np.unique(np.array(there, dtype=str), return_counts=True)
        share = self._budget.delta / max(len(self._coding.table.categories), 1)
        named = self._budget.common(counts.astype(np.float64), self._rho, share)
        return [str(level) for level in levels[named]]


def _off(cells: FloatArray, step: float) -> int:
    lines = cells / step
    return int((np.abs(lines - np.rint(lines)) > 1e-6 * np.maximum(1.0, np.abs(lines))).sum())


def _edge(place: int, *, outer: bool) -> float:
    """The edge of a bin of powers of two: the one away from zero, or the one towards it."""
    if place == 0:
        return 0.0
    power = abs(place) - 1 + int(_POWERS[0]) + int(outer)
    return float(np.sign(place) * 2.0**power)
