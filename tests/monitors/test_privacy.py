import numpy as np
import pytest

from halflife.monitors import Privacy, TooFewRows
from halflife.schemas.table import Block

from .fidelity_cases import LINE, MIXED, line, mixed


def test_new_samples_are_as_near_to_held_out_as_to_training_rows():
    shares = [
        Privacy(LINE).measure(line(200, i), line(200, 99 + i), line(500, 999 + i)).dcr_share
        for i in range(20)
    ]
    assert np.mean(shares) == pytest.approx(0.5, abs=0.02)


def test_more_training_than_held_out_rows_are_no_advantage():
    measure = Privacy(LINE).measure(line(2000, 0), line(200, 1), line(1000, 2))
    assert measure.dcr_share == pytest.approx(0.5, abs=0.1)


def test_a_copy_machine_is_named():
    train = line(100, 0)
    measure = Privacy(LINE).measure(train, line(100, 1), train)
    assert measure.dcr_share == 1.0
    assert measure.copies == measure.equal_rows == 100


def test_of_very_many_rows_some_are_compared_and_all_searched_for_copies():
    train = line(300, 0)
    synthetic = Block.concatenate([line(400, 2), train[:7]])
    measure = Privacy(LINE, most_rows=100).measure(train, line(300, 1), synthetic)
    assert measure.copies == 7
    assert measure.dcr_share == pytest.approx(0.5, abs=0.15)


def test_real_replicates_allow_as_many_copies():
    grid = mixed(400, 0)
    grid.numbers[:, 1] = np.round(grid.numbers[:, 1])  # few distinct rows: every one is repeated
    measure = Privacy(MIXED).measure(grid[:150], grid[150:300], grid[300:])
    assert measure.replicates > 0.9
    assert measure.equal_rows > 80
    assert measure.copies == 0


def test_missing_cells_are_equal_to_each_other():
    rows = mixed(60, 0)
    rows.numbers[:] = np.nan
    measure = Privacy(MIXED).measure(rows[:30], rows[:30], rows[30:])
    assert measure.dcr_share == 0.5


def test_no_rows_are_refused():
    with pytest.raises(TooFewRows):
        Privacy(LINE).measure(line(0, 0), line(10, 1), line(10, 2))
