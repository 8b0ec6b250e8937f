"""How every two columns depend on each other, in real and in synthetic rows."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from halflife.schemas.table import Block, FloatArray

from .pair_points import pair_points

MEASURES: Final = ("Spearman", "correlation ratio", "Cramer's V")
_MOST_SHOWN: Final = 20  # columns of the maps
_MOST_PAIRS: Final = 6  # scatter plots
_FEWEST_PAIRS: Final = 4  # of them, even where all is noise
_MOST_LEVELS: Final = 10
_MOST_ROWS: Final = 1500  # of a side: what permutations look at
_PERMUTATIONS: Final = 100


def dependence(real: Block, synthetic: Block, *, seed: int) -> dict[str, Any] | None:
    r"""Dependence maps of both sides and the pairs that differ most; None for a single column.

    Two numbers have Spearman's :math:`\rho`, a category and a number the correlation ratio
    :math:`\eta` of its ranks, two categories Cramer's :math:`V`. Missing numbers have the middle
    rank, missing categories are a level, the rarest levels beyond ten are one. ``noise`` is what
    the largest difference over all pairs stays under in 95 % of the permutations that exchange real
    and synthetic rows. Where a column does not vary on a side, there is nothing to say (None).

    Args:
        real: n rows.
        synthetic: m rows of the same table.
        seed: Of the permutations, and of the rows that scatter plots show.

    References:
        Lehmann and Romano, Testing Statistical Hypotheses (2005), section 15.2; Cramer,
        Mathematical Methods of Statistics (1946), chapter 21.
    """
    names = real.table.names
    if len(names) < 2:
        return None
    random = np.random.default_rng(seed)
    sides = [_some(block, random) for block in (real, synthetic)]
    pooled = _Coded(Block.concatenate(sides))
    first = np.arange(len(pooled)) < len(sides[0])
    maps = [pooled.dependence(rows) for rows in (first, ~first)]
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
    pooled: _Coded, first: np.ndarray[Any, np.dtype[np.bool_]], draws: int, random: Any
) -> float | None:
    largest = []
    for _ in range(draws):
        rows = random.permutation(first)
        apart = np.abs(pooled.dependence(rows) - pooled.dependence(~rows))
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


class _Coded:
    """A block as ranks and indicators, so that any choice of its rows is a few products away."""

    def __init__(self, block: Block) -> None:
        import pandas as pd

        self._is_number = [column.is_number for column in block.table.columns]
        self._columns: list[FloatArray] = []
        for column in block.table.columns:
            if column.is_number:
                self._columns.append(block.number(column.name)[:, None])
                continue
            codes, levels = pd.factorize(pd.Series(block.text(column.name)), use_na_sentinel=False)
            counts = np.bincount(codes, minlength=len(levels))
            place = np.empty(len(levels), dtype=np.intp)
            place[np.argsort(-counts, kind="stable")] = np.arange(len(levels))
            kept = max(1, min(len(levels), _MOST_LEVELS))
            self._columns.append(np.eye(kept)[np.minimum(place[codes], kept - 1)])
        self._rows = len(block)

    def __len__(self) -> int:
        return self._rows

    def measure(self, i: int, j: int) -> str:
        """Which of the three measures fits two columns."""
        return MEASURES[2 - self._is_number[i] - self._is_number[j]]

    def dependence(self, rows: np.ndarray[Any, np.dtype[np.bool_]]) -> FloatArray:
        """All pairs over some rows, shape (d, d); NaN where one of the two does not vary."""
        parts = [
            _ranks(cells[rows]) if is_number else cells[rows] - cells[rows].mean(axis=0)
            for cells, is_number in zip(self._columns, self._is_number, strict=True)
        ]
        widths = [part.shape[1] for part in parts]
        starts = np.cumsum([0, *widths])[:-1]
        whole = np.hstack(parts) / np.sqrt(max(1, int(rows.sum())))
        products = whole.T @ whole
        scale = np.sqrt(np.diag(products))
        scale = np.where(scale > 1e-9, scale, np.nan)
        numbers = [k for k, is_number in enumerate(self._is_number) if is_number]
        found = np.full((len(parts), len(parts)), np.nan)
        at = starts[numbers]
        found[np.ix_(numbers, numbers)] = products[np.ix_(at, at)] / np.outer(scale[at], scale[at])
        for i in (k for k, is_number in enumerate(self._is_number) if not is_number):
            mine = slice(starts[i], starts[i] + widths[i])
            share = self._columns[i][rows].mean(axis=0)
            there = share > 0.0
            rows_of = products[mine][there] / np.sqrt(share[there])[:, None]
            if numbers:
                between = np.sqrt((rows_of[:, at] ** 2).sum(axis=0)) / scale[at]
                varies = there.sum() > 1
                found[i, numbers] = found[numbers, i] = between if varies else np.nan
            for j in range(i):
                if not self._is_number[j]:
                    other = self._columns[j][rows].mean(axis=0)
                    kept = other > 0.0
                    fewest = min(int(there.sum()), int(kept.sum())) - 1
                    if fewest > 0:
                        span = slice(starts[j], starts[j] + widths[j])
                        cells = rows_of[:, span][:, kept] / np.sqrt(other[kept])
                        found[i, j] = found[j, i] = np.sqrt((cells**2).sum() / fewest)
        np.fill_diagonal(found, 1.0)
        return np.asarray(np.clip(found, -1.0, 1.0))


def _ranks(cells: FloatArray) -> FloatArray:
    """Ranks around 0, in [-1/2, 1/2]; 0 for a missing cell, shape (n, 1)."""
    from scipy.stats import rankdata

    known = np.isfinite(cells[:, 0])
    ranks = np.zeros_like(cells)
    if known.any():
        ranks[known, 0] = (rankdata(cells[known, 0]) - 0.5) / known.sum() - 0.5
    return np.asarray(ranks - ranks.mean(axis=0))
