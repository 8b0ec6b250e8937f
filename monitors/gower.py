"""Rows side by side as Gower compares them: numbers by their range, categories by equality."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from halflife.schemas.table import Block, FloatArray

_AT_ONCE: Final = 500


def gower_rows(blocks: Sequence[Block]) -> list[FloatArray]:
    """Rows whose city-block distance is Gower's.

    The distance of two rows is the mean over the columns of :math:`|x - y|` over the range of the
    column, or 0 and 1 for equal and other categories; a missing number equals another missing one,
    and is at least 1/2 from all others.

    Args:
        blocks: Of one table; the first two give the ranges.

    Returns:
        A matrix for each block, shape (rows, f), with f the same in all.

    Reference: Gower, Biometrics 27 (1971) 857.

    Example:
        >>> from halflife.schemas.table import Column, Table
        >>> table = Table((Column(name="x"), Column(name="y")))
        >>> rows = Block.from_rows(table, [{"x": 0, "y": 0}, {"x": 4, "y": 8}, {"x": 4, "y": 0}])
        >>> left, _ = gower_rows([rows, rows])
        >>> print(abs(left[0] - left[2]).sum())
        0.5
    """
    pooled = Block.concatenate(blocks)
    real = sum(len(block) for block in blocks[:2])
    parts: list[FloatArray] = []
    for name in pooled.table.numeric:
        cells = pooled.number(name)
        known = cells[:real][np.isfinite(cells[:real])]
        low, span = (known.min(), np.ptp(known)) if len(known) else (0.0, 0.0)
        scaled = np.clip((cells - low) / (span or 1.0), -1.0, 2.0)
        missing = np.isnan(cells)
        # The middle, and 1/2 aside: from 1/2 to 1 away from whatever is there.
        parts += [np.where(missing, 0.5, scaled)[:, None], missing[:, None] * 0.5]
    for name in pooled.table.categories:
        _, codes = np.unique(
            np.array(["" if t is None else "=" + t for t in pooled.text(name)]), return_inverse=True
        )
        parts.append(np.eye(codes.max() + 1)[codes] / 2.0)
    matrix = np.hstack(parts) / len(pooled.table.names)
    return np.split(matrix, np.cumsum([len(block) for block in blocks])[:-1])


def nearest(rows: FloatArray, others: FloatArray) -> FloatArray:
    """City-block distance of each row to the nearest of the others, shape (n,).

    Args:
        rows: Shape (n, f).
        others: Shape (k, f), k at least 1.

    Example:
        >>> nearest(np.array([[0.0], [3.0]]), np.array([[1.0], [9.0]]))
        array([1., 2.])
    """
    from scipy.spatial.distance import cdist

    parts = [
        cdist(rows[start : start + _AT_ONCE], others, "cityblock").min(axis=1)
        for start in range(0, len(rows), _AT_ONCE)
    ]
    return np.concatenate(parts)
