from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from halflife.streams.demo.campaigns import (
    CHANGE,
    LAMP_FROM,
    LAMP_RATE,
    RECORDS,
    chromatograph,
    solar_cells,
)
from halflife.streams.demo.player import Player

SET_POINTS = ["mat_1", "mat_2", "mat_3", "mat_4"]


def test_the_two_campaigns_have_the_same_compositions_in_another_order():
    table = solar_cells(0)
    assert len(table) == RECORDS["opv"] == 2 * CHANGE
    first, second = table[:CHANGE], table[CHANGE:]
    assert np.allclose(table[SET_POINTS].sum(axis=1), 1.0)

    def sort(part):
        return np.sort(part[SET_POINTS].round(6).to_numpy(), axis=0)

    np.testing.assert_array_equal(sort(first), sort(second))
    assert not np.array_equal(first[SET_POINTS].to_numpy(), second[SET_POINTS].to_numpy())


def test_a_seed_gives_one_order_and_another_seed_another():
    assert solar_cells(3).equals(solar_cells(3))
    assert not solar_cells(3).equals(solar_cells(4))


def test_the_lamp_loses_its_gain_by_the_formula():
    aged = chromatograph(0)["peak_area"].to_numpy()
    young = chromatograph(0)["peak_area"].to_numpy()
    assert len(aged) == RECORDS["hplc"]
    age = np.maximum(0, np.arange(len(aged)) - LAMP_FROM)
    undone = aged * np.exp(LAMP_RATE * age)
    # Undone, the runs are the package's own: their sum does not depend on the order.
    assert undone.sum() == pytest.approx(chromatograph_total(), rel=1e-9)
    assert aged[:LAMP_FROM] == pytest.approx(young[:LAMP_FROM])


def chromatograph_total() -> float:
    import importlib.util
    from pathlib import Path

    found = importlib.util.find_spec("olympus")
    assert found is not None
    assert found.origin is not None
    file = Path(found.origin).parent / "datasets" / "dataset_hplc" / "data.csv"
    return float(np.loadtxt(file, delimiter=",")[:, -1].sum())


def test_the_last_record_is_of_now_and_the_others_before_it():
    end = datetime(2026, 1, 2, tzinfo=UTC)
    player = Player(
        "opv", "robot", solar_cells(0)[:10], seconds=1.0, every=timedelta(minutes=5), end=end
    )
    records = [player.record(i) for i in range(len(player))]
    assert records[-1].time == end
    assert records[0].time == end - timedelta(minutes=45)
    assert len({record.record_id for record in records}) == 10
    assert set(records[0].values) == {*SET_POINTS, "degradation"}
