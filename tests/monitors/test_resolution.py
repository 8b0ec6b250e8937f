from __future__ import annotations

import numpy as np
import pytest

from halflife.monitors import Drift, reference_for, smallest_shift
from halflife.schemas.table import Block, Column, Table

TABLE = Table(tuple(Column(name=f"c{j}") for j in range(4)))


def block(numbers: np.ndarray) -> Block:
    return Block(TABLE, numbers, np.empty((len(numbers), 0), dtype=object))


@pytest.mark.parametrize("reference", [200, 500])
def test_what_is_called_surely_found_is_found(reference: int) -> None:
    shift = smallest_shift(reference, 10_000, 4)
    for seed in range(10):
        rng = np.random.default_rng([seed, reference])
        drift = Drift(TABLE, false_alarms=10_000)
        drift.fit(block(rng.normal(size=(reference, 4))))
        after = rng.normal(size=(4 * reference, 4))
        after[:, 0] += shift
        assert any(alarm.columns[0] == "c0" for alarm in drift.update(block(after)))


@pytest.mark.parametrize("shift", [0.1, 0.5, 1.0])
def test_one_is_the_inverse_of_the_other(shift: float) -> None:
    assert smallest_shift(reference_for(shift, 1000, 8), 1000, 8) == pytest.approx(shift, rel=0.01)
    assert reference_for(shift, 1e5, 8) > reference_for(shift, 1e3, 8)


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="reference must be at least 1 record, not 0"):
        smallest_shift(0, 1000)
    with pytest.raises(ValueError, match="false_alarms = 1 more"):
        reference_for(0.5, 1)
    with pytest.raises(ValueError, match="shift must be above 0, not -1"):
        reference_for(-1, 1000)
