"""The case of the design: two campaigns of solar cells that differ in one polymer."""

from __future__ import annotations

import numpy as np
import pytest

from halflife.monitors.measures import measure_all
from tests.monitors.fidelity_cases import SOLAR, block, solar_cells


@pytest.fixture(scope="module")
def found():
    """The second campaign in the place of a batch for the first."""
    first, second = solar_cells("photo_pce10"), solar_cells("photo_wf3")
    order = np.random.default_rng(0).permutation(len(first))
    train, real = block(SOLAR, first[order[:520]]), block(SOLAR, first[order[520:]])
    results = measure_all(real, block(SOLAR, second[order[520:]]), train, seed=0)
    return {result.measure: result for result in results}


def test_no_column_shows_the_change(found):
    columns = found["kolmogorov_smirnov"].details["columns"]
    assert columns["degradation"]["value"] == pytest.approx(0.07, abs=0.05)
    assert found["hull_coverage"].value == pytest.approx(found["hull_coverage"].yardstick, abs=0.1)


def test_models_show_it(found):
    tstr, trtr = found["train_synthetic_test_real"], found["train_real_test_real"]
    assert trtr.value > 0.6
    assert tstr.value < trtr.value - 0.15
    assert tstr.details["models_of_train_rows"] == pytest.approx(trtr.value, abs=0.1)
    assert found["group_results"].value > found["group_results"].yardstick


def test_the_laws_hold_in_both(found):
    assert found["law_violations"].value == found["law_violations"].yardstick
