"""Two batches beside the same real rows, part by part, with the noise of all parts at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self

import numpy as np
from scipy.special import ndtri

from halflife.schemas.table import Block

from .contrast import Contrast
from .errors import NothingMeasurable
from .predictive_contrast import PredictiveContrast
from .samples import Samples
from .witness import Witness

_MOST_ROWS: Final = 1_000
_TRAIN_ROWS: Final = 500
_TRAIN_ROWS_OF_MANY: Final = 200  # so that six comparisons cost little more than one
_RESAMPLES: Final = 999

Trial = tuple[Block, Block]
"""Real rows, and rows of a batch whose model has not seen them."""


@dataclass(frozen=True, slots=True)
class Comparison:
    r"""How much nearer our batch is to the real rows than another, in standard errors.

    ``columns``, ``pairs`` and ``joint`` are contrasts of `Witness`, ``predictive`` is that of
    `PredictiveContrast`. The critical value is that of the greatest of them: rows are resampled by
    random weights, the same for all parts, and where the batches are as good as each other the
    greatest part is above it with probability ``level``.

    Args:
        parts: z of each part: above 0 where ours is better, about 1 in size where neither is.
        critical: z that the best of the parts passes by chance with probability ``level``.
        rows: Real rows that were judged.
        ways: Of each part that has one, where the real rows lie on the way from the other batch, 0,
            to ours, 1; from 1/2 on they are nearer to ours.

    Reference: Westfall and Young, Resampling-Based Multiple Testing (1993), chapter 2 (the greatest
    of several statistics).

    Example:
        >>> comparison = Comparison({"columns": 1.5, "joint": -0.5}, critical=2.0, rows=50)
        >>> comparison.best, comparison.worse, comparison.more_rows()
        ('columns', [], 40)
    """

    parts: dict[str, float]
    critical: float
    rows: int
    ways: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(
        cls, trials: Sequence[Trial], theirs: Block, *, seed: int = 0, level: float = 0.05
    ) -> Self:
        """Compare batches of ours with another.

        Args:
            trials: At least one; the real rows of all are judged, each beside its own batch.
            theirs: The other batch, whose model has seen none of the real rows.
            seed: Of everything drawn.
            level: Chance that the best part of equal batches passes the critical value.

        Raises:
            NothingMeasurable: If no column varies.
        """
        theirs = _few(theirs, seed)
        trials = [
            (Samples.of(real, real, seed=seed).real, _few(ours, seed)) for real, ours in trials
        ]
        train_rows = _TRAIN_ROWS if len(trials) == 1 else _TRAIN_ROWS_OF_MANY
        witnesses = [
            Witness(real, ours, theirs, seed, train_rows).contrasts() for real, ours in trials
        ]
        names = [name for name in witnesses[0] if all(name in found for found in witnesses)]
        if not names:
            raise NothingMeasurable("no column varies: there is nothing to compare")
        contrasts = {name: Contrast.pooled([found[name] for found in witnesses]) for name in names}
        models = PredictiveContrast(theirs.table, seed=seed, apart_rows=train_rows).between(
            trials, theirs
        )
        if models is not None:
            contrasts["predictive"] = models
        return cls(
            parts={name: contrast.z for name, contrast in contrasts.items()},
            critical=_critical(contrasts, np.random.default_rng([seed, 1]), level),
            rows=sum(len(real) for real, _ in trials),
            ways={
                name: way
                for name, contrast in contrasts.items()
                if (way := contrast.way) is not None
            },
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return asdict(self)

    @property
    def best(self) -> str:
        """The part in which ours is most clearly better."""
        return max(self.parts, key=lambda part: self.parts[part])

    @property
    def better(self) -> list[str]:
        """Parts in which ours is better beyond noise."""
        return [part for part, z in self.parts.items() if z > self.critical]

    @property
    def worse(self) -> list[str]:
        """Parts in which ours is worse beyond noise."""
        return [part for part, z in self.parts.items() if z < -self.critical]

    def more_rows(self) -> int:
        r"""Real rows beyond those judged that a gain as large as the best part's would need.

        z grows as :math:`\sqrt n`, so that :math:`n (c / z)^2` rows are needed in all for the
        critical value c; where z is below 1, which is noise, as many as if it were 1. Rounded up to
        tens.
        """
        z = max(1.0, self.parts[self.best])
        needed = self.rows * ((self.critical / z) ** 2 - 1.0)
        return max(10, 10 * int(np.ceil(needed / 10.0)))


def _few(block: Block, seed: int) -> Block:
    """At most so many rows of a batch, in an order that does not depend on theirs."""
    block = Samples.of(block, block, seed=seed).real
    if len(block) <= _MOST_ROWS:
        return block
    return block[np.sort(np.random.default_rng(seed).permutation(len(block))[:_MOST_ROWS])]


def _critical(
    contrasts: Mapping[str, Contrast], generator: np.random.Generator, level: float
) -> float:
    """The quantile of the greatest part where the batches are equally good.

    Each row is weighted anew by a standard normal number, the same for all parts.
    """
    kept = [contrast for contrast in contrasts.values() if contrast.error > 1e-12]
    if not kept:
        return float(ndtri(1.0 - level))
    draws = generator.normal(size=(_RESAMPLES, len(kept)))
    draws *= [np.sqrt(contrast.beyond) for contrast in kept]
    for side in ("real", "ours", "theirs"):
        influence = np.stack([getattr(contrast, side) for contrast in kept], axis=1)
        # Rows so weighted sum to normal numbers with this covariance: they need not be summed.
        values, vectors = np.linalg.eigh(influence.T @ influence)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        draws += generator.normal(size=draws.shape) @ root.T
    draws /= [contrast.error for contrast in kept]
    return float(max(ndtri(1.0 - level), np.quantile(draws.max(axis=1), 1.0 - level)))
