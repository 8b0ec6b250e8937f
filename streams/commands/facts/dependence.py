"""How every two columns depend on each other, in real and in synthetic rows."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray

from .pair_points import pair_points
from .rank_dependence import RankDependence

_MOST_SHOWN: Final = 20  # columns of the maps
_MOST_PAIRS: Final = 6  # scatter plots
_FEWEST_PAIRS: Final = 4  # of them, even where all is noise
_MOST_ROWS: Final = 1500  # of a side: what permutations look at
_PERMUTATIONS: Final = 100


def dependence(real: Block, synthetic: Block, *, seed: int) -> dict[str, Any] | None:
    r"""Dependence maps of both sides and the pairs that differ most; None for a single column.

    The dependence of two columns is that of :class:`RankDependence`. ``noise`` is what
    the largest difference over all pairs stays under in 95 % of the permutations that exchange real
    and synthetic rows. Where a column does not vary on a side, there is nothing to say (None).

    Args:
        real: n rows.
        synthetic: m rows of the same table.
        seed: Of the permutations, and of the rows that scatter plots show.

    Reference: Lehmann and Romano, Testing Statistical Hypotheses (2005), section 15.2.
    """
    names = real.table.names
    if len(names) < 2:
        return None
    random = np.random.default_rng(seed)
    sides = [_some(block, random) for block in (real, synthetic)]
    pooled = RankDependence(Block.concatenate(sides))
    first = np.arange(len(pooled)) < len(sides[0])
    maps = [pooled.among(rows) for rows in (first, ~first)]
    apart = np.abs(maps[0] - maps[1])
    draws = _PERMUTATIONS if len(names) <= 2 * _MOST_SHOWN else _PERMUTATIONS // 4
    noise = _noise(pooled, first, draws, random)
    shown = _most_different(apart)
    return {
        "measures": "Spearman's rho; correlation ratio with a category; Cramer's V of two",
        "columns": [names[i] for i in shown],
        "more": len(names) - len(shown),
        "real": _plain(maps[0][np.ix_(shown, shown)]),
        "synthetic": _plain(maps[1][np.ix_(shown, shown)]),
        "pairs": len(names) * (len(names) - 1) // 2,
        "noise": noise,
        "pairs_beyond_noise": None if noise is None else int(np.sum(np.triu(apart, 1) > noise)),
        "most_different": [
            {
                "columns": [names[i], names[j]],
                "measure": pooled.measure(i, j),
                "real": float(maps[0][i, j]),
                "synthetic": float(maps[1][i, j]),
                "beyond_noise": noise is not None and bool(apart[i, j] > noise),
                "points": pair_points(real, synthetic, names[i], names[j], seed=seed),
            }
            for i, j in _worst_pairs(apart, noise)
        ],
    }


def _some(block: Block, random: np.random.Generator) -> Block:
    if len(block) <= _MOST_ROWS:
        return block
    return block[np.sort(random.choice(len(block), _MOST_ROWS, replace=False))]


def _noise(
    pooled: RankDependence, first: NDArray[np.bool_], draws: int, random: np.random.Generator
) -> float | None:
    largest = []
    for _ in range(draws):
        rows = random.permutation(first)
        apart = np.abs(pooled.among(rows) - pooled.among(~rows))
        known = apart[np.isfinite(apart)]
        if len(known):
            largest.append(known.max())
    return float(np.quantile(largest, 0.95)) if largest else None


def _most_different(apart: FloatArray) -> list[int]:
    """The columns with the largest differences, in the order of the table."""
    largest = np.nan_to_num(apart).max(axis=1)
    return sorted(np.argsort(-largest, kind="stable")[:_MOST_SHOWN].tolist())


def _worst_pairs(apart: FloatArray, noise: float | None) -> list[tuple[int, int]]:
    """The largest differences first; of those that are noise only some."""
    i, j = np.triu_indices(len(apart), 1)
    known = np.isfinite(apart[i, j])
    i, j = i[known], j[known]
    beyond = 0 if noise is None else int((apart[i, j] > noise).sum())
    order = np.argsort(-apart[i, j], kind="stable")[: min(_MOST_PAIRS, max(beyond, _FEWEST_PAIRS))]
    return list(zip(i[order].tolist(), j[order].tolist(), strict=True))


def _plain(matrix: FloatArray) -> list[list[float | None]]:
    return [[float(cell) if np.isfinite(cell) else None for cell in row] for row in matrix]
