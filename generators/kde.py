"""Kernel density estimation: rows moved by as much as rows left out speak for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from halflife.schemas.table import Block

from .archive import Arrays
from .bandwidth import LeaveOneOut, fitted_widths
from .conditions import Where
from .generator import CHUNK, Generator
from .mixed_coding import MixedCoding
from .mixed_limits import MixedLimits, rows_within
from .product_kernel import ProductKernel, level_shares
from .progress import Progress


class KDE(Generator):
    """A kernel density estimate with one bandwidth for each column.

    Rows are normal scores and levels (`MixedCoding`); a synthetic row is a real one with each
    column moved by a kernel that keeps the column's margin (`ProductKernel`): a Gaussian, rounded
    to the steps of a column that repeats, and for levels that of Aitchison and Aitken with the
    levels' own frequencies. The bandwidths maximise the leave-one-out likelihood
    (`LeaveOneOut`), found by differential evolution. Missing cells are those of the row.

    Args:
        table: What the columns are, and the laws to keep.

    Raises:
        ConflictingLaws: For laws that cannot all be kept by construction.

    Attributes:
        widths: Bandwidth of each latent column, 0 a copy and 1 free of the others; empty before
            `fit`.

    Example:
        >>> from halflife.schemas.table import Column, Table
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

    @property
    def widths(self) -> dict[str, float]:
        """Bandwidth of each latent column by name."""
        if not self._fitted:
            return {}
        latent = self._mixed.coding.latent_table
        names = (*latent.numeric, *latent.categories)
        return dict(zip(names, self._kernel.widths.tolist(), strict=True))

    def learn(
        self,
        block: Block,
        *,
        seed: int,
        progress: Callable[[Progress], None] | None,
        warm: Generator | None,  # noqa: ARG002  # the search takes a second or two
        clock: Callable[[], float],  # noqa: ARG002  # as above
    ) -> None:
        """Search the bandwidths."""
        random = np.random.default_rng(np.random.SeedSequence((seed, 6)))
        self._mixed = MixedCoding.of(block)
        centres, codes = self._mixed.encode(block, None)
        sizes = self._mixed.sizes[: len(self._mixed.levels)]
        likelihood = LeaveOneOut(self._mixed.numbers, centres, codes, sizes, random)
        widths = fitted_widths(likelihood, len(block), random)
        self._kernel = ProductKernel(centres, codes, widths, level_shares(codes, sizes))
        if progress is not None:
            progress(Progress("bandwidths", len(widths), len(widths)))

    def draw(self, streams: Sequence[np.random.Generator]) -> Block:
        """`CHUNK` rows for each stream."""
        chunks = [self._kernel.draw(stream, CHUNK) for stream in streams]
        scores, codes = (np.concatenate(part) for part in zip(*chunks, strict=True))
        return self._mixed.decode(scores, codes)

    def draw_where(self, streams: Sequence[np.random.Generator], where: Where) -> Block:
        """The same under conditions: real rows by the chance that their kernel meets them."""
        return rows_within(where, self._mixed, streams, self._within)

    def _within(self, streams: Sequence[np.random.Generator], limits: MixedLimits) -> Block:
        chunks = [
            self._kernel.draw_within(limits.numbers, limits.codes, stream, CHUNK)
            for stream in streams
        ]
        scores, codes = (np.concatenate(part) for part in zip(*chunks, strict=True))
        return self._mixed.decode(scores, codes)

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """The coding, the rows and the bandwidths."""
        state, arrays = self._mixed.state()
        kernel = self._kernel
        arrays |= {"centres": kernel.centres, "codes": kernel.codes, "widths": kernel.widths}
        return {"mixed": state}, arrays

    def restore(self, state: Mapping[str, Any], arrays: Arrays) -> None:
        """Become what `state` told."""
        self._mixed = MixedCoding.restore(self.table, state["mixed"], arrays)
        sizes = self._mixed.sizes[: len(self._mixed.levels)]
        shares = level_shares(arrays["codes"], sizes)
        self._kernel = ProductKernel(arrays["centres"], arrays["codes"], arrays["widths"], shares)
