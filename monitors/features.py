"""Rows as trees want them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from halflife.schemas.table import Block, FloatArray

from .ranked_column import RankedColumn
from .samples import Samples

_MOST_LEVELS = 20


def features(blocks: Sequence[Block], names: Sequence[str]) -> list[FloatArray]:
    """The columns of several blocks of one table, in one encoding that they share.

    A number becomes its rank among all rows, in [0, 1]: random cuts of trees then do not depend on
    units or outliers. A missing one has the middle rank, and a column beside it that says so. A
    category becomes one column of 0 and 1 for each of its 20 commonest levels, of which missing is
    one.

    Args:
        blocks: At least one, of one table, with at least one row in all.
        names: Of columns of the table.

    Returns:
        A matrix for each block, shape (rows, f), with f the same in all.

    Example:
        >>> from halflife.schemas.table import Column, Table
        >>> block = Block.from_rows(Table((Column(name="x"),)), [{"x": 3.0}, {"x": None}])
        >>> features([block], ["x"])
        [array([[0.5, 0. ],
               [0.5, 1. ]])]
    """
    pooled = Block.concatenate(blocks)
    ranked = {name: RankedColumn.of(pooled, name) for name in names}
    matrix = _encoded(pooled, ranked, names)
    return np.split(matrix, np.cumsum([len(block) for block in blocks])[:-1])


def pooled_features(samples: Samples, names: Sequence[str]) -> FloatArray:
    """The same of all rows of two samples, the real ones first, shape (n + m, f)."""
    return _encoded(samples.pooled, samples.ranked, names)


def _encoded(pooled: Block, ranked: Mapping[str, RankedColumn], names: Sequence[str]) -> FloatArray:
    everyone = np.ones((1, len(pooled)))
    parts: list[FloatArray] = [np.zeros((len(pooled), 1))] if not names else []
    for name in names:
        column = ranked[name]
        if name in pooled.table.numeric:
            parts.append(column.midranks(everyone).T)
            if column.has_missing:
                parts.append(np.isnan(pooled.number(name))[:, None].astype(np.float64))
        else:
            counts = column.counts(everyone)[0]
            commonest = np.argsort(-counts, kind="stable")[:_MOST_LEVELS]
            parts.append((column.codes[:, None] == commonest).astype(np.float64))
    return np.hstack(parts)
