"""Whether the synthetic rows span the region that the real ones do."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

import numpy as np

from halflife.monitors.errors import NothingMeasurable
from halflife.schemas.table import Block, FloatArray

from .comparison import Comparison
from .measure import Measure, Need
from .measure_result import MeasureResult

_HULL_ROWS: Final = 300
_TESTED_ROWS: Final = 100
_SPLITS: Final = 4
_CLOSE: Final = 1e-3
_SUM_WEIGHT: Final = 1e3


class HullCoverage(Measure):
    r"""Share of real rows within the convex hull of the synthetic rows.

    A row p is in the hull of rows :math:`x_j` if :math:`p = \sum_j \lambda_j x_j` with
    :math:`\lambda \ge 0`, :math:`\sum_j \lambda_j = 1`: non-negative least squares finds the
    nearest such point, in any dimension, and for flat hulls too, as of fractions that sum to 1. A
    row within a thousandth of the range of its columns counts as inside. The columns are the
    numeric set-points, where a planner may go, or all numbers where there are none.

    Other real rows are the yardstick: the real rows are halved, one half is looked for in the hull
    of the other and in the hull of as many synthetic rows, at most 300, the mean of four such
    halvings. The details have too how
    many synthetic rows are in the hull of the real half: the others extrapolate.

    Reference: Lawson and Hanson, Solving Least Squares Problems (1974), chapter 23; Balestriero,
    Pesenti, LeCun (2021), arXiv:2110.09485 (why few rows are inside where columns are many).

    Example:
        >>> from halflife.schemas.table import Column, Table
        >>> table = Table((Column(name="x"), Column(name="y")))
        >>> grid = Block.from_rows(table, [{"x": i % 9, "y": i // 9} for i in range(81)])
        >>> corners = grid[[0, 8, 72, 80]]
        >>> print(HullCoverage().measure(Comparison.of(grid, corners, seed=0)).value)
        1.0
    """

    name: ClassVar[str] = "hull_coverage"
    title: ClassVar[str] = "Convex-hull coverage"
    group: ClassVar[str] = "coverage"
    best: ClassVar[float] = 1.0
    direction: ClassVar[Literal["lower", "higher", "near"]] = "higher"
    needs: ClassVar[tuple[Need, ...]] = ("numbers",)

    def _find(self, comparison: Comparison) -> MeasureResult:
        table = comparison.table
        names = [name for name in table.set_points if name in table.numeric] or list(table.numeric)
        real, synthetic = (
            _complete(side, names) for side in (comparison.real, comparison.synthetic)
        )
        size = min(len(real) // 2, len(synthetic), _HULL_ROWS)
        if size < 2:
            raise NothingMeasurable("fewer than four real or two synthetic rows are complete")
        low, span = real.min(axis=0), np.ptp(real, axis=0)
        scale = np.where(span > 0.0, span, 1.0)
        draw = comparison.samples.generator("halves of the hull")
        shares = []
        for _ in range(_SPLITS):
            one = (real[draw.permutation(len(real))] - low) / scale
            other = (synthetic[draw.permutation(len(synthetic))] - low) / scale
            half, tested = one[:size], one[len(real) // 2 :][:_TESTED_ROWS]
            shares.append(
                [
                    _share_inside(tested, other[:size]),
                    _share_inside(tested, half),
                    _share_inside(other[:_TESTED_ROWS], half),
                ]
            )
        covered, yardstick, within = np.mean(shares, axis=0).tolist()
        return self._result(
            covered,
            yardstick=yardstick,
            sentence=(
                f"{covered:.0%} of the real rows lie within the region that {size} synthetic rows "
                f"span in {_counted(names)}; {yardstick:.0%} lie within that of as many "
                f"other real rows. Of the synthetic rows, {within:.0%} lie within the real region."
            ),
            details={
                "columns_used": names,
                "synthetic_within_real": within,
                "rows": {"hull": size, "real": len(tested)},
            },
        )


def distances_to_hull(rows: FloatArray, corners: FloatArray) -> FloatArray:
    """Distance of each row to the convex hull of some points, shape (n,); about 0 inside.

    Args:
        rows: Shape (n, d).
        corners: Shape (k, d).

    Example:
        >>> triangle = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        >>> distances_to_hull(np.array([[0.2, 0.2], [1.0, 1.0]]), triangle).round(3)
        array([0.   , 0.707])
    """
    from scipy.optimize import nnls

    sums = np.full((1, len(corners)), _SUM_WEIGHT)
    system = np.vstack([corners.T, sums])
    found = np.empty(len(rows))
    for i, row in enumerate(rows):
        weights, _ = nnls(system, np.append(row, _SUM_WEIGHT), maxiter=30 * len(corners))
        found[i] = np.linalg.norm(corners.T @ weights - row)
    return found


def _share_inside(rows: FloatArray, corners: FloatArray) -> float:
    """Share of the rows in the hull; those beyond the range of a column are not searched for."""
    low, high = corners.min(axis=0) - _CLOSE, corners.max(axis=0) + _CLOSE
    near = ((rows >= low) & (rows <= high)).all(axis=1)
    return float((distances_to_hull(rows[near], corners) <= _CLOSE).sum() / len(rows))


def _complete(block: Block, names: list[str]) -> FloatArray:
    """The rows that have all cells, shape (n, d)."""
    cells = block.matrix(names)
    return cells[~np.isnan(cells).any(axis=1)]


def _counted(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{len(names)} columns"
