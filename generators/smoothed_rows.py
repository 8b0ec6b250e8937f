"""What generators share that move real rows by kernels."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from halflife.schemas.table import Block, FloatArray

from .archive import Arrays
from .conditions import Where
from .generator import CHUNK, Generator
from .mixed_coding import CodeArray, MixedCoding
from .mixed_limits import MixedLimits, rows_within
from .product_kernel import ProductKernel, level_shares
from .progress import Progress


class SmoothedRows(Generator):
    """Real rows, each column moved by a kernel of a width that a subclass chooses.

    Args:
        table: What the columns are, and the laws to keep.

    Raises:
        ConflictingLaws: For laws that cannot all be kept by construction.

    Attributes:
        widths: Of each latent column, in (0, 1]: near 0 it is copied, at 1 it is free of the
            others (`ProductKernel`); empty before `fit`.

    Example:
        >>> from halflife.generators import KDE
        >>> issubclass(KDE, SmoothedRows)
        True
    """

    @property
    def widths(self) -> dict[str, float]:
        """Width of each latent column by name."""
        if not self._fitted:
            return {}
        latent = self._mixed.coding.latent_table
        names = (*latent.numeric, *latent.categories)
        return dict(zip(names, self._kernel.widths.tolist(), strict=True))

    @abstractmethod
    def choose_widths(
        self,
        mixed: MixedCoding,
        centres: FloatArray,
        codes: CodeArray,
        random: np.random.Generator,
    ) -> FloatArray:
        """Widths of the numbers and then of the categories, in (0, 1].

        Args:
            mixed: What scores and codes mean.
            centres: Scores of the rows, shape (n, numbers), NaN where missing.
            codes: Their levels, shape (n, categories and codes of missing cells).
            random: For whatever is left to chance.
        """

    def learn(
        self,
        block: Block,
        *,
        seed: int,
        progress: Callable[[Progress], None] | None,
        warm: Generator | None,  # noqa: ARG002  # rows of another window are not wanted
        clock: Callable[[], float],  # noqa: ARG002  # a second or two at most
    ) -> None:
        """Keep the rows and choose the widths."""
        random = np.random.default_rng(np.random.SeedSequence((seed, 6)))
        self._mixed = MixedCoding.of(block)
        centres, codes = self._mixed.encode(block, None)
        widths = self.choose_widths(self._mixed, centres, codes, random)
        self._kernel = self._kernel_of(centres, codes, widths)
        if progress is not None:
            progress(Progress("widths", len(widths), len(widths)))

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
        return self._mixed.decode(scores, codes, limits.values)

    def _kernel_of(
        self, centres: FloatArray, codes: CodeArray, widths: FloatArray
    ) -> ProductKernel:
        sizes = self._mixed.sizes[: len(self._mixed.levels)]
        return ProductKernel(centres, codes, widths, level_shares(codes, sizes))

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """The coding, the rows and the widths."""
        state, arrays = self._mixed.state()
        kernel = self._kernel
        arrays |= {"centres": kernel.centres, "codes": kernel.codes, "widths": kernel.widths}
        return {"mixed": state}, arrays

    def restore(self, state: Mapping[str, Any], arrays: Arrays) -> None:
        """Become what `state` told."""
        self._mixed = MixedCoding.restore(self.table, state["mixed"], arrays)
        self._kernel = self._kernel_of(arrays["centres"], arrays["codes"], arrays["widths"])
