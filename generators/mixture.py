"""A mixture of Gaussians in normal scores, whose parts also give levels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, Table

from .archive import Arrays
from .conditions import Where
from .gaussian_parts import GaussianParts
from .generator import CHUNK, Generator
from .mixed_coding import CodeArray, MixedCoding
from .mixed_limits import MixedLimits, rows_within
from .mixture_fit import MixtureFit
from .progress import Progress


class Mixture(Generator):
    """A Gaussian mixture copula with categories.

    ``p(z, c) = sum_k w_k N(z; m_k, C_k) prod_j q_kj(c_j)`` over normal scores ``z`` of numbers
    and codes ``c`` of categories and of missing cells. What is drawn goes back to values by the
    mixture's own margins, so that those of the real rows are kept. The number of parts is decided
    by rows held out; priors on each part keep it well-conditioned where rows are few.

    Args:
        table: What the columns are, and the laws to keep.
        most_parts: Most parts; fewer are taken where rows held out do not speak for more.

    Raises:
        ConflictingLaws: For laws that cannot all be kept by construction.
        ValueError: For ``most_parts`` below 1.

    Example:
        >>> from halflife.schemas.table import Column
        >>> table = Table((Column(name="x"), Column(name="y")))
        >>> random = np.random.default_rng(0)
        >>> x = random.normal(size=600)
        >>> numbers = np.column_stack([x, np.abs(x) + .05 * random.normal(size=600)])
        >>> mixture = Mixture(table)
        >>> mixture.fit(Block(table, numbers, np.empty((600, 0), dtype=object)), seed=0)
        >>> made = mixture.sample(600, seed=1)
        >>> float(np.corrcoef(np.abs(made.number("x")), made.number("y"))[0, 1].round(1))
        1.0

    Reference:
        A. Tewari, M. Giering, A. Raghunathan, "Parametric characterization of multimodal
        distributions with non-Gaussian modes", ICDM Workshops 2011; C. Fraley, A. Raftery,
        "Bayesian regularization for normal mixture estimation and model-based clustering",
        Journal of Classification 24 (2007) 155.
    """

    name: ClassVar[str] = "mixture"

    def __init__(self, table: Table, *, most_parts: int = 128) -> None:
        super().__init__(table)
        if most_parts < 1:
            raise ValueError(f"most_parts must be at least 1, not {most_parts}")
        self.most_parts = most_parts

    @property
    def parameters(self) -> dict[str, Any]:
        """Arguments of the constructor other than the table."""
        return {"most_parts": self.most_parts}

    def learn(
        self,
        block: Block,
        *,
        seed: int,
        progress: Callable[[Progress], None] | None,
        warm: Generator | None,  # noqa: ARG002  # the parts of another window may lie elsewhere
        clock: Callable[[], float],  # noqa: ARG002  # it is fitted in a second
    ) -> None:
        """Find the parts."""
        random = np.random.default_rng(np.random.SeedSequence((seed, 5)))
        self._mixed = MixedCoding.of(block)
        scores, codes = self._mixed.encode(block, random)
        missing = np.isnan(scores)
        scores[missing] = random.standard_normal(int(missing.sum()))
        self._fit = MixtureFit.of(scores, codes, self._mixed.sizes, most=self.most_parts, seed=seed)
        if progress is not None:
            progress(Progress("parts", len(self._fit.parts.weights), len(self._fit.parts.weights)))

    def draw(self, streams: Sequence[np.random.Generator]) -> Block:
        """`CHUNK` rows for each stream."""
        return self._within(streams, MixedLimits({}, {}, {}))

    def draw_where(self, streams: Sequence[np.random.Generator], where: Where) -> Block:
        """The same under conditions: parts by their chance to meet them, then each within."""
        return rows_within(where, self._mixed, streams, self._within)

    def _within(self, streams: Sequence[np.random.Generator], limits: MixedLimits) -> Block:
        parts = self._fit.parts
        ends = {
            j: np.array([[parts.from_score(end, j) for end in one] for one in intervals])
            for j, intervals in limits.numbers.items()
        }
        odds = np.zeros(len(parts.weights))
        for j, allowed in limits.codes.items():
            odds += np.log(self._fit.chances[j][:, allowed].sum(axis=1))
        points, codes = [], []
        for stream in streams:
            drawn, part = parts.draw_within(ends, stream, CHUNK, odds)
            points.append(drawn)
            codes.append(self._codes(part, limits.codes, stream))
        scores = parts.to_scores(np.concatenate(points))
        return self._mixed.decode(scores, np.concatenate(codes), limits.values)

    def _codes(
        self,
        part: NDArray[np.intp],
        limits: Mapping[int, NDArray[np.bool_]],
        random: np.random.Generator,
    ) -> CodeArray:
        """Levels of each row's part, shape (rows, codes)."""
        codes = np.empty((len(part), len(self._fit.chances)), dtype=np.int64)
        chance = random.random(codes.shape)
        for j, chances in enumerate(self._fit.chances):
            edges = np.cumsum(chances * limits.get(j, True), axis=1)
            place = chance[:, j] * edges[part, -1]
            for k in np.unique(part):
                here = part == k
                found = np.searchsorted(edges[k], place[here], side="right")
                codes[here, j] = np.minimum(found, edges.shape[1] - 1)
        return codes

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """The coding and the parts."""
        state, arrays = self._mixed.state()
        parts = self._fit.parts
        arrays |= {"weights": parts.weights, "means": parts.means, "covariances": parts.covariances}
        for j, chances in enumerate(self._fit.chances):
            arrays[f"chances.{j}"] = chances
        return {"mixed": state}, arrays

    def restore(self, state: Mapping[str, Any], arrays: Arrays) -> None:
        """Become what `state` told."""
        self._mixed = MixedCoding.restore(self.table, state["mixed"], arrays)
        parts = GaussianParts(arrays["weights"], arrays["means"], arrays["covariances"])
        chances = (arrays[f"chances.{j}"] for j in range(len(self._mixed.sizes)))
        self._fit = MixtureFit(parts, tuple(chances))
