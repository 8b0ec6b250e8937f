"""The watched columns along the records, at a bounded number of places."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from halflife.schemas.table import Block, FloatArray

from .residuals import residuals

_BINS: Final = 100
_FEWEST: Final = 12  # records of a bin, if there are enough for more than one
_COLUMNS: Final = 4
_LEVELS: Final = 3
_QUANTILES: Final = (0.1, 0.5, 0.9)


def timeline(block: Block, found: Mapping[str, Any], *, seed: int) -> dict[str, Any]:
    """Columns that alarms name come first, then the target and what is measured.

    Where there are set-points, beside a measured column stands what is left of it when the answer
    that the reference gives to the same set-points is taken away.

    Args:
        block: The records.
        found: What ``backtest`` found in them.
        seed: Of the model of the set-points.

    Returns:
        ``columns``, at most four: of a number ``low``, ``median`` and ``high`` (10, 50 and 90 %) of
        the records of each bin, of a category the share of its commonest ``levels``; all at
        ``records``, the middles of the bins. ``more`` counts the columns that are not here.
    """
    names = _chosen(block, found)
    count = min(_BINS, len(block) // _FEWEST) or min(1, len(block))
    edges = np.linspace(0, len(block), count + 1).astype(np.intp)
    reference = found["reference"]["last"] + 1
    columns: list[dict[str, Any]] = []
    for name in names if count else []:
        columns.append(_along(block, name, edges))
        left = residuals(block, name, reference, seed=seed)
        if left is not None:
            columns.append({**_numbers(left, edges), **_named(block, name), "residual": True})
    columns = columns[:_COLUMNS]
    shown = {column["column"] for column in columns}
    return {
        "records": ((edges[:-1] + edges[1:] - 1) / 2).tolist() if count else [],
        "columns": columns,
        "more": len(block.table.names) - len(shown),
    }


def _chosen(block: Block, found: Mapping[str, Any]) -> list[str]:
    table = block.table
    named = [name for alarm in found["alarms"] for name in alarm["columns"]]
    target = [] if table.target is None else [table.target]
    wanted = [*named, *target, *table.measured] or table.names
    return [name for name in dict.fromkeys(wanted) if name in table.names][:_COLUMNS]


def _named(block: Block, name: str) -> dict[str, Any]:
    column = block.table.column(name)
    return {"column": name, "unit": column.unit, "role": column.role.value}


def _numbers(cells: FloatArray, edges: Any) -> dict[str, Any]:
    bins = [_quantiles(cells[a:b]) for a, b in itertools.pairwise(edges)]
    low, median, high = (list(side) for side in zip(*bins, strict=True))
    return {"low": low, "median": median, "high": high}


def _along(block: Block, name: str, edges: Any) -> dict[str, Any]:
    common = _named(block, name)
    if name in block.table.numeric:
        return {**common, **_numbers(block.number(name), edges)}
    texts = [text for text in block.text(name) if text is not None]
    levels, counts = np.unique(np.array(texts, dtype=str), return_counts=True)
    chosen = levels[np.argsort(-counts, kind="stable")][:_LEVELS].tolist()
    shares: dict[str, list[float]] = {level: [] for level in chosen}
    step = max(1, len(edges) // 40)  # shares need more records than quantiles
    coarse = edges[::step]
    for a, b in itertools.pairwise(coarse):
        cells_here = list(block.text(name)[a:b])
        for level in chosen:
            shares[level].append(cells_here.count(level) / max(1, len(cells_here)))
    middles = ((coarse[:-1] + coarse[1:] - 1) / 2).tolist()
    return {**common, "records": middles, "levels": shares}


def _quantiles(cells: FloatArray) -> list[float | None]:
    known = cells[np.isfinite(cells)]
    if not len(known):
        return [None, None, None]
    return [float(value) for value in np.quantile(known, _QUANTILES)]
