"""What a picture of two columns shows: a sample of rows, or shares of pairs of levels."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from halflife.schemas.table import Block

POINTS: Final = 250
"""Rows of a side that a scatter plot shows."""
_LEVELS: Final = 6
OTHERS: Final = "(others)"


def pair_points(real: Block, synthetic: Block, x: str, y: str, *, seed: int) -> dict[str, Any]:
    """Rows of both sides at two columns.

    Args:
        real: n rows.
        synthetic: m rows.
        x: A column.
        y: Another.
        seed: Of the sample, where a side has more than ``POINTS`` rows with both cells.

    Returns:
        ``real`` and ``synthetic``, lists of [x, y], each a number or the place of a level in
        ``x_levels`` or ``y_levels``, the commonest real ones; and ``shown``, of how many rows.
        For two categories ``real`` and ``synthetic`` are shares of the rows, one list a level
        of x.
    """
    blocks = (real, synthetic)
    levels = {name: _levels(real, name) for name in (x, y) if name not in real.table.numeric}
    sides = [_cells(block, (x, y), levels) for block in blocks]
    found: dict[str, Any] = {"rows": [len(side) for side in sides]}
    for axis, name in (("x", x), ("y", y)):
        if name in levels:
            found[f"{axis}_levels"] = levels[name]
    if len(levels) == 2:
        shape = (len(levels[x]), len(levels[y]))
        for key, side in zip(("real", "synthetic"), sides, strict=True):
            shares = np.zeros(shape)
            np.add.at(shares, (side[:, 0].astype(int), side[:, 1].astype(int)), 1.0)
            found[key] = (shares / max(1, len(side))).tolist()
        return found
    for key, side in zip(("real", "synthetic"), sides, strict=True):
        chosen = np.random.default_rng(seed).permutation(len(side))[:POINTS]
        found[key] = side[np.sort(chosen)].tolist()
    return found


def _levels(block: Block, name: str) -> list[str]:
    import pandas as pd

    counts = pd.Series(block.text(name), dtype=object).dropna().value_counts()
    levels = sorted(counts.index, key=lambda level: (-counts[level], level))
    if len(levels) > _LEVELS:
        levels = [*levels[: _LEVELS - 1], OTHERS]
    return [str(level) for level in levels]


def _cells(
    block: Block, names: tuple[str, str], levels: dict[str, list[str]]
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Rows that have both cells, shape (k, 2)."""
    columns = []
    for name in names:
        if name not in levels:
            columns.append(block.number(name))
            continue
        place = {level: float(i) for i, level in enumerate(levels[name])}
        rest = place.get(OTHERS, np.nan)
        texts = block.text(name)
        columns.append(
            np.array([np.nan if t is None else place.get(t, rest) for t in texts], dtype=np.float64)
        )
    cells = np.column_stack(columns)
    return cells[np.isfinite(cells).all(axis=1)]
