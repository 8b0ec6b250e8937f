import numpy as np
import pytest

from halflife.monitors import NothingMeasurable, Utility
from halflife.schemas.table import Column, Table

from .fidelity_cases import LINE, MIXED, block, line, mixed


def test_another_real_sample_costs_nothing():
    gap = Utility(LINE, trees=40).gap(line(300, 0), line(300, 1), line(300, 2))
    assert abs(gap.gap) < 3 * gap.error
    assert gap.error_real < 0.6


def test_the_gap_is_the_ratio_of_the_errors():
    gap = Utility(LINE, trees=40).gap(line(300, 0), line(300, 1, slope=0.3), line(300, 2))
    assert gap.gap == pytest.approx(gap.error_synthetic / gap.error_real - 1)
    assert gap.gap > 4 * gap.error
    assert gap.rows == 300


def test_categories_and_missing_targets_count_too():
    gap = Utility(MIXED, trees=20).gap(mixed(150, 0), mixed(150, 1), mixed(100, 2))
    assert abs(gap.gap) < 4 * gap.error


def test_where_nothing_is_predicted_it_says_so():
    table = Table((Column(name="x"),))
    rows = block(table, np.zeros((40, 1)))
    with pytest.raises(NothingMeasurable):
        Utility(table).gap(rows, rows, rows)
