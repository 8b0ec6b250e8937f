"""Pairs of columns among a choice of rows, beside scipy."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import rankdata

from halflife.schemas.table import Block, Column, Table
from halflife.streams.commands.facts.rank_dependence import RankDependence

TABLE = Table((Column(name="x"), Column(name="y"), Column(name="gone")))
CELLS = st.integers(-3, 3).map(float) | st.just(float("nan"))


@given(
    arrays(np.float64, (12, 2), elements=CELLS),
    arrays(np.bool_, 12).filter(lambda rows: rows.any()),
)
def test_ranks_are_those_of_the_chosen_rows(cells: np.ndarray, rows: np.ndarray) -> None:
    numbers = np.column_stack([cells, np.full(12, np.nan)])
    block = Block(TABLE, numbers, np.empty((12, 0), dtype=object))
    found = RankDependence(block).among(rows)
    assert np.isnan(found[2, :2]).all()
    ranks = []
    for cell in cells[rows].T:
        known = ~np.isnan(cell)
        rank = np.zeros(len(cell))
        rank[known] = (rankdata(cell[known]) - 0.5) / max(1, known.sum()) - 0.5
        ranks.append(rank - rank.mean())
    spread = np.prod([np.sqrt((rank**2).mean()) for rank in ranks])
    if spread > 1e-15:
        np.testing.assert_allclose(found[0, 1], (ranks[0] * ranks[1]).mean() / spread, atol=1e-12)
    else:
        assert np.isnan(found[0, 1])
