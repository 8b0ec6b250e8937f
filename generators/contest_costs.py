"""What a contest of generators costs, known beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from halflife.schemas.table import Block

from .column_grower import cells_to_grow, has_forest, is_much_work

MOST_ROWS: Final = 8_000
"""That take part in a contest: twice as many tell hardly more, and cost twice as much."""

_SECONDS_MEASURED: Final = (0.03, 2.4e-5, 1_000)
"""Of one entry of a contest: at least, and for each row and column, of so many rows; where there
are few, four times as many are made."""
_BATCHES: Final = 4
_SECONDS_APART: Final = (4.0e-6, 8)
"""Of one entry, for each row and column of more columns than that: all rows are looked at."""
_SECONDS: Final[dict[str, tuple[float, float, int]]] = {
    # at least, and for each row and power of columns; measured at 100 to 20,000 rows
    "copula": (0.01, 1.0e-7, 2),
    "mixture": (0.02, 8.0e-6, 1),
    "noise": (0.05, 1.0e-7, 2),
    "interpolation": (0.05, 1.0e-6, 2),
}
_OF_TREES: Final = {False: (0.1, 1.2e-5), True: (0.06, 9.0e-7)}
"""At least, and for each row and predictor: of all trees, and of few."""
_OF_FOREST: Final = (0.03, 2.0e-5)
"""At least, and for each row."""
_OF_NETWORKS: Final = (60.0, 0.0, 0)
_ROUNDS_OF_KDE: Final = (31, 16, 1.5)
_OF_KDE: Final = (1.5e-4, 9.0e-4, 7.0e-5, 1.8e-4, 4.0e-6)
"""Each time widths are tried: at least, for 1,500 rows, for each number and each term of its own;
and for each row and column."""
_KDE_ROWS: Final = 1_500
_FEW_VALUES: Final = 64


def seconds_of(kind: str, block: Block, rows: int | None = None) -> float:
    """CPU seconds that a fit is known to take, about: from rows, columns and levels alone.

    Args:
        kind: Name of a generator; one that is not known counts as a network.
        block: The rows.
        rows: How many of them it is fitted to; all if left out.
    """
    columns = len(block.table.names)
    few = is_much_work(len(block), columns)
    rows = len(block) if rows is None else rows
    if kind == "trees":
        at_least, each = _OF_TREES[few]
        of_table, of_row = _OF_FOREST
        target = block.table.target
        forests = sum(has_forest(one, target, much_work=few) for one in block.table.columns)
        others = 1.0 - forests / columns
        grown = at_least + each * others * cells_to_grow(rows, columns)
        return grown + forests * (of_table + of_row * rows)
    if kind == "kde":
        return _seconds_of_kde(block, rows)
    at_least, each, power = _SECONDS.get(kind, _OF_NETWORKS)
    return at_least + each * rows * float(columns) ** power


def seconds_of_contest(kinds: Sequence[str], entries: int, block: Block) -> float:
    """CPU seconds of a contest, and of the fit of the dearest of its kinds to all rows, about.

    Args:
        kinds: Names of generators, each fitted on both halves.
        entries: How many settings of them are measured in all.
        block: The rows.
    """
    rows, columns = min(len(block), MOST_ROWS), len(block.table.names)
    fits = [2.0 * seconds_of(kind, block, rows // 2) for kind in kinds]
    final = max(seconds_of(kind, block) for kind in kinds)
    at_least, each, most = _SECONDS_MEASURED
    measured = at_least + each * min(_BATCHES * rows, most) * columns
    apart, few = _SECONDS_APART
    if columns > few:
        measured += apart * rows * columns
    return float(sum(fits) + final + measured * entries)


def _seconds_of_kde(block: Block, rows: int) -> float:
    """Widths are tried a known number of times, each beside at most 1,500 rows."""
    columns = len(block.table.names)
    rounds, fewest, share = _ROUNDS_OF_KDE
    tries = rounds * max(fewest, share * columns)
    # Levels, and the steps of a number of few values, cost as much as several smooth columns.
    terms = block.texts.shape[1] + sum(
        len(np.unique(cells)) <= _FEW_VALUES for cells in block.numbers.T
    )
    at_least, all_rows, number, term, each = _OF_KDE
    full = all_rows + number * block.numbers.shape[1] + term * terms
    beside = min(rows, _KDE_ROWS) / _KDE_ROWS
    return float(tries * (at_least + beside * full) + each * rows * columns)
