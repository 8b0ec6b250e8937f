"""A Gaussian copula: the margins as they were seen, the dependence of a Gaussian."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray

from .archive import Arrays
from .conditions import Where
from .gaussian_parts import GaussianParts
from .generator import CHUNK, Generator
from .latent_correlation import latent_correlation
from .mixed_coding import CodeArray, MixedCoding
from .mixed_limits import MixedLimits, intervals_of, rows_within
from .number_scores import NumberScores
from .progress import Progress

_MOST_INDICATORS: Final = 32
_RIDGE: Final = 0.05


class Copula(Generator):
    """A Gaussian copula with the correlations that lie behind steps and categories.

    Each column is a step function of one of ``p`` correlated Gaussians: its quantile function,
    with repeated values kept; for a category its levels, in the order of the direction in which
    they differ most in all other columns (the first canonical variate); for missing cells a
    column of their own that says where. The correlations are those of the Gaussians, not of the
    steps (`latent_correlation`), and are shrunk where rows are few. All margins are kept; of the
    dependence, what rises or falls throughout.

    Args:
        table: What the columns are, and the laws to keep.

    Raises:
        ConflictingLaws: For laws that cannot all be kept by construction.

    Example:
        >>> from halflife.schemas.table import Column, Table
        >>> table = Table((Column(name="x"), Column(name="y")))
        >>> x = np.random.default_rng(0).normal(size=500)
        >>> block = Block(table, np.column_stack([x, x**3]), np.empty((500, 0), dtype=object))
        >>> copula = Copula(table)
        >>> copula.fit(block, seed=0)
        >>> made = copula.sample(500, seed=1)
        >>> float(np.corrcoef(made.number("x"), np.cbrt(made.number("y")))[0, 1].round(2))
        1.0

    Reference:
        R. Nelsen, "An Introduction to Copulas" (2006); categories as steps of a Gaussian after
        U. Olsson, "Maximum likelihood estimation of the polychoric correlation coefficient",
        Psychometrika 44 (1979) 443.
    """

    name: ClassVar[str] = "copula"

    def learn(
        self,
        block: Block,
        *,
        seed: int,  # noqa: ARG002  # nothing here is left to chance
        progress: Callable[[Progress], None] | None,
        warm: Generator | None,  # noqa: ARG002  # it is fitted in no time
        clock: Callable[[], float],  # noqa: ARG002  # as above
    ) -> None:
        """Estimate the correlations."""
        self._mixed = MixedCoding.of(block)
        means, codes = self._mixed.encode(block, None)
        self._ranks = tuple(
            _ranks(j, means, codes, self._mixed.sizes) for j in range(codes.shape[1])
        )
        ranked = [
            ranks[column].astype(np.float64)
            for ranks, column in zip(self._ranks, codes.T, strict=True)
        ]
        self._steps = tuple(
            NumberScores(np.sort(cells), np.ones(len(cells), dtype=np.bool_)) for cells in ranked
        )
        columns = [
            *means.T,
            *(s.means(cells) for s, cells in zip(self._steps, ranked, strict=True)),
        ]
        edges = [one.edges for one in (*self._mixed.numbers, *self._steps)]
        self._parts = _gaussian(latent_correlation(np.column_stack(columns), edges))
        if progress is not None:
            progress(Progress("columns", len(columns), len(columns)))

    def draw(self, streams: Sequence[np.random.Generator]) -> Block:
        """`CHUNK` rows for each stream."""
        chunks = [self._parts.draw(stream, CHUNK)[0] for stream in streams]
        return self._rows(np.concatenate(chunks))

    def draw_where(self, streams: Sequence[np.random.Generator], where: Where) -> Block:
        """The same under conditions: a Gaussian given limits of some columns."""
        return rows_within(where, self._mixed, streams, self._within)

    def _within(self, streams: Sequence[np.random.Generator], found: MixedLimits) -> Block:
        limits = dict(found.numbers)
        for j, allowed in found.codes.items():
            places = np.sort(self._ranks[j][allowed])
            limits[len(self._mixed.numbers) + j] = intervals_of(self._steps[j], places)
        chunks = [self._parts.draw_within(limits, one, CHUNK)[0] for one in streams]
        return self._rows(np.concatenate(chunks), found.values)

    def _rows(
        self, points: FloatArray, between: Mapping[int, tuple[float, float]] | None = None
    ) -> Block:
        numbers = len(self._mixed.numbers)
        codes = np.empty((len(points), len(self._steps)), dtype=np.int64)
        for j, (ranks, steps) in enumerate(zip(self._ranks, self._steps, strict=True)):
            codes[:, j] = np.argsort(ranks)[steps.decode(points[:, numbers + j]).astype(np.intp)]
        return self._mixed.decode(points[:, :numbers], codes, between)

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """The coding, the order of levels, and the correlations."""
        state, arrays = self._mixed.state()
        arrays["correlation"] = self._parts.covariances[0]
        for j, (ranks, steps) in enumerate(zip(self._ranks, self._steps, strict=True)):
            arrays[f"category.{j}.ranks"] = ranks
            arrays[f"category.{j}.quantiles"] = steps.quantiles
        return {"mixed": state}, arrays

    def restore(self, state: Mapping[str, Any], arrays: Arrays) -> None:
        """Become what `state` told."""
        self._mixed = MixedCoding.restore(self.table, state["mixed"], arrays)
        categories = range(len(self._mixed.sizes))
        self._ranks = tuple(arrays[f"category.{j}.ranks"] for j in categories)
        quantiles = [arrays[f"category.{j}.quantiles"] for j in categories]
        self._steps = tuple(NumberScores(q, np.ones(len(q), dtype=np.bool_)) for q in quantiles)
        self._parts = _gaussian(arrays["correlation"])


def _gaussian(correlation: FloatArray) -> GaussianParts:
    return GaussianParts(np.ones(1), np.zeros((1, len(correlation))), correlation[None])


def _ranks(
    column: int, means: FloatArray, codes: CodeArray, sizes: Sequence[int]
) -> NDArray[np.int64]:
    """Places of the levels in their order, shape (levels,)."""
    others = [np.where(np.isnan(means), 0.0, means)]
    for j, size in enumerate(sizes):
        if j != column:
            shown = np.arange(min(size, _MOST_INDICATORS))
            others.append((codes[:, [j]] == shown).astype(np.float64))
    view = np.concatenate(others, axis=1)
    view -= view.mean(axis=0)
    level = codes[:, column]
    if sizes[column] < 3 or not view.any():
        return np.arange(sizes[column])
    count = np.bincount(level, minlength=sizes[column])
    sums = np.zeros((sizes[column], view.shape[1]))
    np.add.at(sums, level, view)
    factor = np.linalg.cholesky(view.T @ view / len(view) + _RIDGE * np.eye(view.shape[1]))
    weighted = np.linalg.solve(factor, (sums / np.sqrt(count)[:, None]).T).T
    direction = np.linalg.svd(weighted, full_matrices=False)[0][:, 0] / np.sqrt(count)
    direction *= np.sign(direction[np.argmax(np.abs(direction))])
    ranks = np.empty(sizes[column], dtype=np.int64)
    ranks[np.argsort(direction, kind="stable")] = np.arange(sizes[column])
    return ranks
