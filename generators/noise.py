"""Real rows with noise on what is measured on a continuous scale."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import numpy as np

from halflife.schemas.table import FloatArray, Table

from .mixed_coding import CodeArray, MixedCoding
from .smoothed_rows import SmoothedRows

_STILL: Final = 1e-9


class Noise(SmoothedRows):
    """Augmentation by noise: real rows, their spread numbers moved a little.

    The normal score ``z`` of a number becomes ``sqrt(1 - s**2) z + s e`` with a standard normal
    ``e``: noise of ``s`` standard deviations that leaves the column's distribution as it is.
    Columns of levels (set-points on a grid, categories) and missing cells stay, and what follows
    by a law follows from the moved numbers. Rows remain close to real ones: this is for training
    a model on more rows, not for giving them away.

    Args:
        table: What the columns are, and the laws to keep.
        spread: ``s``, in (0, 1]: 1 draws each spread number anew.

    Raises:
        ConflictingLaws: For laws that cannot all be kept by construction.
        ValueError: For a ``spread`` outside of (0, 1].

    Example:
        >>> from halflife.schemas.table import Block, Column
        >>> table = Table((Column(name="x"), Column(name="y")))
        >>> x = np.arange(200.) % 4
        >>> y = 10 * x + np.random.default_rng(0).normal(size=200)
        >>> noise = Noise(table, spread=.05)
        >>> noise.fit(Block(table, np.column_stack([x, y]), np.empty((200, 0), dtype=object)),
        ...           seed=0)
        >>> noise.widths
        {'x': 1e-09, 'y': 0.05}

    Reference:
        C. Bishop, "Training with noise is equivalent to Tikhonov regularization", Neural
        Computation 7 (1995) 108.
    """

    name: ClassVar[str] = "noise"

    def __init__(self, table: Table, *, spread: float = 0.1) -> None:
        super().__init__(table)
        if not 0 < spread <= 1:
            raise ValueError(f"spread must be above 0 and at most 1, not {spread}")
        self.spread = spread

    @property
    def parameters(self) -> dict[str, Any]:
        """Arguments of the constructor other than the table."""
        return {"spread": self.spread}

    def choose_widths(
        self,
        mixed: MixedCoding,
        centres: FloatArray,  # noqa: ARG002  # all rows are moved alike
        codes: CodeArray,  # noqa: ARG002  # levels stay
        random: np.random.Generator,  # noqa: ARG002  # nothing is left to chance
    ) -> FloatArray:
        """The spread for numbers that do not repeat, next to nothing for all else."""
        numbers = [_STILL if one.gridded else self.spread for one in mixed.numbers]
        return np.array([*numbers, *(_STILL for _ in mixed.levels)])
