"""By how much one batch is nearer to the real rows than another, with the noise of every row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from halflife.schemas.table import FloatArray


@dataclass(frozen=True, eq=False)
class Contrast:
    r"""A difference T of two batches, and what each row adds to it.

    A row that is drawn w times moves T by (w - 1) times its influence, so that the variance of T
    is the sum of the squared influences.

    Args:
        value: T; above 0 where our batch is nearer to the real rows.
        real: Influence of each of n real rows, shape (n,).
        ours: Of the rows of our batch, shape (m,).
        theirs: Of those of the other, shape (k,).
        beyond: Variance of T from what else was drawn, as the rows that trained a model.
        span: What T would rise by if the real rows went from the other batch to ours; NaN where
            no such way is known.

    Reference: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 21 (the
    influence of a row).

    Example:
        >>> rows = np.array([0.0, 2.0])
        >>> contrast = Contrast.between(rows, rows - 1.0, rows - 3.0)
        >>> contrast.value, round(contrast.error, 3), contrast.way
        (2.0, 0.866, 1.5)
    """

    value: float
    real: FloatArray
    ours: FloatArray
    theirs: FloatArray
    beyond: float = 0.0
    span: float = math.nan

    @classmethod
    def between(cls, real: FloatArray, ours: FloatArray, theirs: FloatArray) -> Self:
        """The mean over real rows less the middle between the means of the two batches."""
        return cls(
            value=float(real.mean() - (ours.mean() + theirs.mean()) / 2.0),
            real=(real - real.mean()) / len(real),
            ours=-(ours - ours.mean()) / (2.0 * len(ours)),
            theirs=-(theirs - theirs.mean()) / (2.0 * len(theirs)),
            span=float(ours.mean() - theirs.mean()),
        )

    @classmethod
    def pooled(cls, parts: Sequence[Contrast]) -> Self:
        """Of several sets of real rows, each beside its own batch of ours and one of theirs.

        Each counts by its real rows.
        """
        sizes = np.array([len(part.real) for part in parts], dtype=np.float64)
        shares = sizes / sizes.sum()
        weighted = list(zip(shares, parts, strict=True))
        return cls(
            value=float(sum(share * part.value for share, part in weighted)),
            real=np.concatenate([share * part.real for share, part in weighted]),
            ours=np.concatenate([share * part.ours for share, part in weighted]),
            theirs=np.sum([share * part.theirs for share, part in weighted], axis=0),
            beyond=float(sum(share * part.beyond for share, part in weighted)),
            span=float(sum(share * part.span for share, part in weighted)),
        )

    @classmethod
    def summed(cls, parts: Sequence[Contrast]) -> Self:
        """Of several questions about the same rows: the sum of their z, of those that vary."""
        told = [(part, 1.0 / part.error) for part in parts if part.error > 1e-12]
        first = parts[0]
        return cls(
            value=float(sum(part.value * unit for part, unit in told)),
            real=np.sum([part.real * unit for part, unit in told] or [0.0 * first.real], axis=0),
            ours=np.sum([part.ours * unit for part, unit in told] or [0.0 * first.ours], axis=0),
            theirs=np.sum(
                [part.theirs * unit for part, unit in told] or [0.0 * first.theirs], axis=0
            ),
            beyond=float(sum(part.beyond * unit**2 for part, unit in told)),
        )

    @property
    def error(self) -> float:
        """Standard error of T."""
        squares = sum(float(side @ side) for side in (self.real, self.ours, self.theirs))
        return float(np.sqrt(squares + self.beyond))

    @property
    def z(self) -> float:
        """T in standard errors; 0 where nothing varies."""
        return self.value / self.error if self.error > 1e-12 else 0.0

    @property
    def way(self) -> float | None:
        """Where the real rows lie on the way from the other batch, 0, to ours, 1; may lie beyond.

        None where no such way is known, or the batches cannot be told apart.
        """
        return 0.5 + self.value / self.span if self.span > 0.0 else None
