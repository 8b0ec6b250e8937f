"""What a recipe's records look like, briefly, so that recipes can be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from halflife.schemas.table import Block, FloatArray, Role, Table

from .arrays import pack, unpack

_RIDGE: Final = 1e-3  # of a column's variance: what a recipe is thought to vary by at least
_LEVELS: Final = 50  # of a category that are told apart, the most frequent ones


@dataclass(frozen=True, eq=False)
class RecipeProfile:
    """Means, covariances, levels and missing shares of some records of one recipe.

    Columns of context, such as operator or lot, are left out.

    Args:
        rows: Records that it was made of.
        means: Shape (d,), of the numeric columns; NaN where every cell is missing.
        covariance: Shape (d, d), shrunk after Ledoit and Wolf; missing cells count as the mean.
        missing: Missing cells of each column, by its name.
        levels: Of each category, how often it has its most frequent levels.

    Example:
        >>> from halflife.schemas.table import Column
        >>> table = Table((Column(name="pressure", unit="bar"),))
        >>> rng = np.random.default_rng(0)
        >>> def profile(mean: float, n: int) -> RecipeProfile:
        ...     cells = rng.normal(mean, 1.0, (n, 1))
        ...     return RecipeProfile.fit(Block(table, cells, np.empty((n, 0), dtype=object)))
        >>> low, middle, high = profile(0.0, 500), profile(3.0, 30), profile(4.0, 500)
        >>> middle.divergence(high) < middle.divergence(low)
        True
        >>> round(middle.divergence(low))  # (3 - 0)**2 / 2 and what few rows err by
        5

    References:
        Kullback and Leibler, "On information and sufficiency", Annals of Mathematical Statistics
        22 (1951). Ledoit and Wolf, "A well-conditioned estimator for large-dimensional covariance
        matrices", Journal of Multivariate Analysis 88 (2004). Krichevsky and Trofimov, "The
        performance of universal encoding", IEEE Transactions on Information Theory 27 (1981), for
        the half that is added to each count.
    """

    rows: int
    means: FloatArray
    covariance: FloatArray
    missing: dict[str, int]
    levels: dict[str, dict[str, int]]

    @classmethod
    def fit(cls, block: Block) -> RecipeProfile:
        """From at least one record."""
        names = _compared(block.table)
        numbers = block.matrix([n for n in names if n in block.table.numeric])
        numbers = np.where(np.isinf(numbers), np.nan, numbers)
        known = ~np.isnan(numbers)
        counts = known.sum(axis=0)
        with np.errstate(invalid="ignore"):
            means = np.where(known, numbers, 0.0).sum(axis=0) / np.where(counts, counts, np.nan)
        return cls(
            rows=len(block),
            means=np.asarray(means, dtype=np.float64),
            covariance=_covariance(np.where(known, numbers - means, 0.0)),
            missing={name: block.missing(name) for name in names},
            levels={
                name: _frequent(block.text(name))
                for name in names
                if name in block.table.categories
            },
        )

    def divergence(self, other: RecipeProfile) -> float:
        """``KL(self || other)`` in nats a record: what judging these records by the other costs.

        ``(tr(B^-1 A) + m' B^-1 m - d + log det B - log det A) / 2`` of Gaussians with covariances
        A and B and means m apart, plus ``sum p log(p / q)`` of the levels of each category and of
        whether each column is missing, as if these were independent of each other. Of a column
        that does not vary, a ridge of a thousandth of what the two together vary by is assumed.
        """
        return self._of_numbers(other) + sum(
            _of_counts(mine, theirs) for mine, theirs in self._counts(other)
        )

    def state(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "rows": self.rows,
            "means": pack(self.means),
            "covariance": pack(self.covariance),
            "missing": dict(self.missing),
            "levels": {name: dict(levels) for name, levels in self.levels.items()},
        }

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> RecipeProfile:
        """The profile that gave a state."""
        return cls(
            rows=int(state["rows"]),
            means=unpack(state["means"]),
            covariance=unpack(state["covariance"]),
            missing=dict(state["missing"]),
            levels={name: dict(levels) for name, levels in state["levels"].items()},
        )

    def _of_numbers(self, other: RecipeProfile) -> float:
        apart = self.means - other.means
        mine, theirs = self.covariance.diagonal(), other.covariance.diagonal()
        scales = np.sqrt((mine + theirs) / 2 + apart**2 / 4)
        # What is the same constant in both, or absent in one, tells nothing here.
        kept = np.flatnonzero(np.isfinite(scales) & (scales > 1e-12 * np.abs(self.means)))
        if len(kept) == 0:
            return 0.0
        units = np.outer(scales[kept], scales[kept])
        ridge = _RIDGE * np.eye(len(kept))
        a = self.covariance[np.ix_(kept, kept)] / units + ridge
        b = other.covariance[np.ix_(kept, kept)] / units + ridge
        shift = apart[kept] / scales[kept]
        trace = float(np.trace(np.linalg.solve(b, a))) + float(shift @ np.linalg.solve(b, shift))
        logs = float(np.linalg.slogdet(b)[1] - np.linalg.slogdet(a)[1])
        return max(0.0, (trace - len(kept) + logs) / 2)

    def _counts(self, other: RecipeProfile) -> list[tuple[list[int], list[int]]]:
        """Counts of the same events in both."""
        pairs = [
            ([self.missing[n], self.rows - self.missing[n]],
             [other.missing[n], other.rows - other.missing[n]])
            for n in self.missing
        ]  # fmt: skip
        for name, levels in self.levels.items():
            others = other.levels[name]
            union = sorted(levels.keys() | others.keys())
            mine = [levels.get(level, 0) for level in union]
            theirs = [others.get(level, 0) for level in union]
            rest = self.rows - self.missing[name] - sum(mine)
            pairs.append(([*mine, rest], [*theirs, other.rows - other.missing[name] - sum(theirs)]))
        return pairs


def _compared(table: Table) -> tuple[str, ...]:
    """The columns that make a recipe's normal; all where there is nothing but context."""
    names = tuple(c.name for c in table.columns if c.role is not Role.CONTEXT)
    return names or table.names


def _covariance(centred: FloatArray) -> FloatArray:
    """Shrunk towards independent columns, in the scales of the columns; shape (d, d).

    Written out, because a worker that judges should not wait seconds for scikit-learn's import.
    """
    rows, columns = centred.shape
    scales = np.sqrt((centred**2).mean(axis=0))
    standard = centred / np.where(scales > 0, scales, 1.0)
    plain = standard.T @ standard / rows
    target = np.eye(columns) * (np.trace(plain) / max(columns, 1))
    apart = float(((plain - target) ** 2).sum())
    noise = float(((standard**2).sum(axis=1) ** 2).mean() - (plain**2).sum()) / rows
    share = min(1.0, max(0.0, noise) / apart) if apart > 0 else 0.0
    shrunk = (1.0 - share) * plain + share * target
    return np.asarray(shrunk * np.outer(scales, scales), dtype=np.float64)


def _frequent(texts: Any) -> dict[str, int]:
    counts = Counter(text for text in texts.tolist() if text is not None)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_LEVELS])


def _of_counts(mine: list[int], theirs: list[int]) -> float:
    p, q = np.array(mine) + 0.5, np.array(theirs) + 0.5
    p, q = p / p.sum(), q / q.sum()
    return float((p * np.log(p / q)).sum())
