"""What a contest of generators costs, known beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from halflife.schemas.table import Block

from .column_grower import cells_to_grow, is_much_work

_SECONDS_MEASURED: Final = (0.1, 1.0e-5)
"""Of one entry of a contest: at least, and for each row and column."""
_SECONDS: Final[dict[str, tuple[float, float, int]]] = {
    # at least, and for each row and power of columns; measured at 300 to 20,000 rows
    "copula": (0.02, 1.0e-7, 2),
    "mixture": (0.05, 3.0e-5, 1),
    "kde": (0.3, 3.0e-6, 2),
    "noise": (0.05, 1.0e-7, 2),
    "interpolation": (0.05, 1.0e-6, 2),
}
_OF_TREES: Final = {False: (0.15, 1.2e-5), True: (0.15, 5.0e-7)}
"""At least, and for each row and predictor: of all trees, and of few."""
_OF_NETWORKS: Final = (60.0, 0.0, 0)


def seconds_of(kind: str, block: Block) -> float:
    """CPU seconds that a fit is known to take, about: from rows and columns alone.

    Args:
        kind: Name of a generator; one that is not known counts as a network.
        block: The rows.
    """
    rows, columns = len(block), len(block.table.names)
    if kind == "trees":
        at_least, each = _OF_TREES[is_much_work(rows, columns)]
        return at_least + each * cells_to_grow(rows, columns)
    at_least, each, power = _SECONDS.get(kind, _OF_NETWORKS)
    return at_least + each * rows * float(columns) ** power


def seconds_of_contest(kinds: Sequence[str], entries: int, block: Block) -> float:
    """CPU seconds of a contest, and of the fit of the dearest of its kinds to all rows, about.

    Args:
        kinds: Names of generators, each fitted on both halves.
        entries: How many settings of them are measured in all.
        block: The rows.
    """
    fits = [seconds_of(kind, block) for kind in kinds]
    at_least, each = _SECONDS_MEASURED
    measured = at_least + each * len(block) * len(block.table.names)
    return sum(fits) + max(fits) + measured * entries
