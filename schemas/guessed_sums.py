"""Sets of columns of a table that add up to the same number in nearly every row."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .law import FloatArray, SumLaw

_FEWEST_ROWS: Final = 10
_LONGEST_RUN: Final = 12
_MOST_SCATTERED: Final = 40  # regressions of each column by all others take the fourth power
_ENOUGH_ROWS: Final = 1000  # for a regression that only proposes; all rows judge
_STEADY: Final = 0.02  # spread of the sum over that of its calmest part
_KEEPING: Final = 0.99  # share of rows that must keep a law that is guessed
_CLOSE: Final = 2e-3  # relative: shares rounded to three digits still count
_COMMONEST: Final = 0.95  # a column that nearly always holds one value says nothing


@dataclass(frozen=True, slots=True)
class GuessedSum:
    """A sum law and the share of the rows that keep it."""

    law: SumLaw
    share: float


def guess_sums(columns: Mapping[str, FloatArray]) -> list[GuessedSum]:
    """Sum laws that a table keeps in at least 99 % of its complete rows.

    Runs of neighbouring columns are tried first, short ones before long ones; then sets that are
    scattered over the table, by regression: if ``x_j = c - sum_S x_i``, the least squares fit of
    ``x_j`` by all others has coefficient -1 on S and 0 elsewhere. No column is in two laws.

    Args:
        columns: Numbers by name, each of shape (n,); NaN is a missing cell.

    Example:
        >>> a = np.linspace(0, 1, 30)
        >>> guess_sums({"a": a, "t": a**2 + 300, "b": 1 - a})[0].law.text
        'a + b = 1'
    """
    left = {name: cells for name, cells in columns.items() if _can_be_part(cells)}
    found: list[GuessedSum] = []
    for candidates in (_runs, _scattered):
        for names in candidates(left):
            if all(name in left for name in names) and (guess := _judge(left, names)):
                found.append(guess)
                for name in names:
                    del left[name]
    order = list(columns)
    return sorted(found, key=lambda guess: order.index(guess.law.columns[0]))


def _can_be_part(cells: FloatArray) -> bool:
    known = cells[np.isfinite(cells)]
    if len(known) < _FEWEST_ROWS or known.min() < 0:
        return False
    return bool(np.unique(known, return_counts=True)[1].max() <= _COMMONEST * len(known))


def _runs(left: Mapping[str, FloatArray]) -> Iterator[tuple[str, ...]]:
    """Neighbouring columns, short runs first, so that two laws side by side stay two."""
    names = tuple(left)
    for length in range(2, min(_LONGEST_RUN, len(names)) + 1):
        for start in range(len(names) - length + 1):
            yield names[start : start + length]


def _scattered(left: Mapping[str, FloatArray]) -> Iterator[tuple[str, ...]]:
    names = tuple(left)
    if not 2 <= len(names) <= _MOST_SCATTERED:
        return
    matrix = np.column_stack([left[name] for name in names])
    matrix = matrix[np.isfinite(matrix).all(axis=1)]
    matrix = matrix[:: max(1, len(matrix) // _ENOUGH_ROWS)]
    if len(matrix) < max(_FEWEST_ROWS, 2 * len(names)):
        return
    for j in range(len(names)):
        weights = _trimmed_fit(matrix, j)
        members = np.abs(weights + 1) < 0.05
        members[j] = True
        if members.sum() >= 2:
            yield tuple(name for name, member in zip(names, members, strict=True) if member)


def _trimmed_fit(matrix: FloatArray, j: int) -> FloatArray:
    """Least squares of column j by the others, three times without the worst 2 % of the rows."""
    others = np.arange(matrix.shape[1]) != j
    rows = np.ones(len(matrix), dtype=np.bool_)
    weights = np.zeros(matrix.shape[1])
    for _ in range(3):
        centre = matrix[rows].mean(axis=0)
        scale = np.maximum(matrix[rows].std(axis=0), 1e-300)
        design = (matrix[rows] - centre)[:, others]
        solved = np.linalg.lstsq(design / scale[j], (matrix[rows] - centre)[:, j] / scale[j])[0]
        weights[others] = solved
        miss = np.abs((matrix - centre) @ np.where(others, weights, -1.0))
        rows = miss <= np.quantile(miss, 0.98)
    return weights


def _judge(left: Mapping[str, FloatArray], names: tuple[str, ...]) -> GuessedSum | None:
    total = np.zeros_like(left[names[0]])
    for name in names:
        total = total + left[name]
    total = total[np.isfinite(total)]
    if len(total) < _FEWEST_ROWS or (middle := float(np.median(total))) <= 0:
        return None
    close = np.abs(total - middle) <= _CLOSE * middle
    calmest = min(float(left[name][np.isfinite(left[name])].std()) for name in names)
    if close.mean() < _KEEPING or float(total[close].std()) > _STEADY * calmest:
        return None
    equals = _round_number(middle, total[close])
    law = SumLaw(names, equals=equals, tolerance=_tolerance(equals, total[close]))
    return GuessedSum(law, share=float(np.mean(np.abs(total - equals) <= law.tolerance)))


def _round_number(middle: float, totals: NDArray[np.float64]) -> float:
    """The roundest number that the totals scatter about."""
    spread = max(float(np.ptp(totals)), 1e-9 * middle)
    for digits in range(1, 17):
        rounded = float(f"{middle:.{digits}g}")
        if abs(rounded - middle) <= spread:
            return rounded
    return middle


def _tolerance(equals: float, totals: NDArray[np.float64]) -> float:
    """Half as much again as the rows need, rounded up to one digit; at least 1e-6 of the sum."""
    needed = max(1.5 * float(np.abs(totals - equals).max()), 1e-6 * equals)
    unit = 10.0 ** math.floor(math.log10(needed))
    return float(f"{math.ceil(needed / unit) * unit:.1g}")
