"""Kernel density estimation: rows moved by as much as rows left out speak for."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from halflife.schemas.table import FloatArray, Table

from .bandwidth import LeaveOneOut, fitted_widths
from .mixed_coding import CodeArray, MixedCoding
from .smoothed_rows import SmoothedRows


class KDE(SmoothedRows):
    """A kernel density estimate with one bandwidth for each column.

    Rows are normal scores and levels (`MixedCoding`); a synthetic row is a real one with each
    column moved by a kernel that keeps the column's margin (`ProductKernel`): a Gaussian, rounded
    to the steps of a column that repeats, and for levels that of Aitchison and Aitken with the
    levels' own frequencies. The bandwidths maximise the leave-one-out likelihood
    (`LeaveOneOut`), found by differential evolution. Missing cells are those of the row.

    Args:
        table: What the columns are, and the laws to keep.
        generations: Rounds of the search for the bandwidths, at most.

    Raises:
        ConflictingLaws: For laws that cannot all be kept by construction.
        ValueError: For ``generations`` below 1.

    Attributes:
        widths: Bandwidth of each latent column, near 0 a copy and 1 free of the others; empty
            before `fit`.

    Example:
        >>> from halflife.schemas.table import Block, Column, Table
        >>> table = Table((Column(name="x"), Column(name="y")))
        >>> random = np.random.default_rng(0)
        >>> turn = random.uniform(0, 2 * np.pi, 300)
        >>> numbers = np.column_stack([np.cos(turn), np.sin(turn)])
        >>> kde = KDE(table)
        >>> kde.fit(Block(table, numbers, np.empty((300, 0), dtype=object)), seed=0)
        >>> made = kde.sample(300, seed=1)
        >>> float(np.median(np.hypot(*made.numbers.T)).round(1))
        1.0

    Reference:
        Q. Li, J. Racine, "Nonparametric estimation of distributions with categorical and
        continuous data", Journal of Multivariate Analysis 86 (2003) 266.
    """

    name: ClassVar[str] = "kde"

    def __init__(self, table: Table, *, generations: int = 30) -> None:
        super().__init__(table)
        if generations < 1:
            raise ValueError(f"generations must be at least 1, not {generations}")
        self.generations = generations

    @property
    def parameters(self) -> dict[str, Any]:
        """Arguments of the constructor other than the table."""
        return {"generations": self.generations}

    def choose_widths(
        self,
        mixed: MixedCoding,
        centres: FloatArray,
        codes: CodeArray,
        random: np.random.Generator,
    ) -> FloatArray:
        """The most likely ones."""
        sizes = mixed.sizes[: len(mixed.levels)]
        likelihood = LeaveOneOut(mixed.numbers, centres, codes, sizes, random)
        return fitted_widths(likelihood, len(centres), self.generations, random)
