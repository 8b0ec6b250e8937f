"""How well a logistic model tells real from synthetic rows."""

from __future__ import annotations

from itertools import combinations
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from halflife.monitors.errors import NothingMeasurable
from halflife.monitors.features import features
from halflife.schemas.table import FloatArray

from .comparison import Comparison
from .measure import Measure
from .measure_result import MeasureResult

_ROWS_PER_TERM: Final = 20
_PENALTY: Final = 1e-4


class PropensityError(Measure):
    r"""Propensity mean squared error, :math:`\frac1N \sum_i (\hat p_i - c)^2`.

    :math:`\hat p_i` is the probability by a logistic regression that row i is synthetic, and c the
    share of synthetic rows: 0 where nothing tells them apart, :math:`c (1 - c)` where every row is
    told. Terms are the columns (numbers as ranks, categories as indicators), and their squares and
    products where there are twenty rows for each. With k independent terms the error of another
    real sample is :math:`\chi^2_k\, c (1 - c) / N` (to first order the score test of the model):
    the yardstick is its mean, the p-value its tail. (Snoke et al. have a further factor 1 - c, for
    synthetic rows that are drawn from a model of these very real rows.)

    Reference: Woo, Reiter, Oganian, Karr, J. Privacy Confidentiality 1 (2009) 111; Snoke, Raab,
    Nowok, Dibben, Slavkovic, J. R. Statist. Soc. A 181 (2018) 663.

    Example:
        >>> from halflife.schemas.table import Block, Column, Table
        >>> table = Table((Column(name="x"),))
        >>> low, high = ([{"x": i + start} for i in range(50)] for start in (0, 100))
        >>> both = (Block.from_rows(table, rows) for rows in (low, high))
        >>> print(round(PropensityError().measure(Comparison.of(*both, seed=0)).value, 2))
        0.25
    """

    name: ClassVar[str] = "propensity_error"
    title: ClassVar[str] = "Propensity mean squared error (pMSE)"
    group: ClassVar[str] = "joint"
    highest: ClassVar[float | None] = 0.25

    def _find(self, comparison: Comparison) -> MeasureResult:
        from scipy.stats import chi2

        parts = [features([comparison.pooled], [name])[0] for name in comparison.table.names]
        rows = np.hstack(parts)
        total = len(rows)
        basis, with_products = _basis(rows)
        terms = basis.shape[1]
        if not terms:
            raise NothingMeasurable("no column varies")
        if terms > total / 2:
            raise NothingMeasurable(f"{total} rows are too few for {terms} terms")
        is_synthetic = np.arange(total) >= len(comparison.real)
        guesses = _probabilities(basis, is_synthetic)
        share = float(is_synthetic.mean())
        error = float(((guesses - share) ** 2).mean())
        scale = (1.0 - share) * share / total
        yardstick = terms * scale
        return self._result(
            error,
            yardstick=yardstick,
            p_value=chi2.sf(error / scale, terms),
            sentence=(
                f"A logistic model tells real from synthetic rows with a propensity error of "
                f"{error:.3g} (0: not at all, {share * (1 - share):.2g}: always), "
                f"{error / yardstick:.2g} times that of another real sample."
            ),
            details={
                "ratio": error / yardstick,
                "terms": terms,
                "squares_and_products": with_products,
                "rows": comparison.sizes,
            },
        )


def _basis(rows: FloatArray) -> tuple[FloatArray, bool]:
    """Independent terms of length 1 for each row, shape (N, k), and whether products are in."""
    rows = rows[:, np.ptp(rows, axis=0) > 0.0]
    scaled = (rows - rows.mean(axis=0)) / np.where(np.ptp(rows, axis=0) > 0, rows.std(axis=0), 1.0)
    count = scaled.shape[1]
    products = count + count * (count + 1) // 2
    with_products = 0 < products <= len(rows) / _ROWS_PER_TERM
    if with_products:
        pairs = [scaled[:, i] * scaled[:, j] for i, j in combinations(range(count), 2)]
        scaled = np.column_stack([scaled, scaled**2, *pairs])
        scaled = scaled - scaled.mean(axis=0)
    if not count:
        return scaled, False
    left, sizes, _ = np.linalg.svd(scaled, full_matrices=False)
    return left[:, sizes > 1e-9 * sizes[0]] * np.sqrt(len(rows)), with_products


def _probabilities(basis: FloatArray, is_synthetic: NDArray[np.bool_]) -> FloatArray:
    """Fitted probabilities, shape (N,); the penalty only keeps those of separable rows finite."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1.0 / _PENALTY, solver="newton-cholesky", tol=1e-8, max_iter=200)
    return np.asarray(model.fit(basis, is_synthetic).predict_proba(basis)[:, 1])
