"""A generator that copies beside one that draws fresh rows."""

import numpy as np
import pytest

from halflife.monitors.measures import measure_all
from halflife.monitors.measures.near_copies import matched
from halflife.monitors.measures.shares import more_often
from halflife.schemas.table import Block, Column, Kind, Role, Table

TABLE = Table(
    (
        Column(name="x", role=Role.SET_POINT),
        Column(name="z", role=Role.SET_POINT),
        Column(name="y"),
        Column(name="who", kind=Kind.CATEGORY, role=Role.MEASURED),
    )
)
NAMES = (
    "copies",
    "near_copies",
    "closest_record_share",
    "closest_record_distance",
    "membership_inference",
    "attribute_inference",
)


def rows(n, seed) -> Block:
    generator = np.random.default_rng(seed)
    texts = np.array(generator.choice(["ann", "bo", "cy"], n).tolist(), dtype=object)[:, None]
    return Block(TABLE, generator.normal(size=(n, 3)), texts)


def measured(synthetic, *, train=None, real=None):
    found = measure_all(real or rows(200, 1), synthetic, train or rows(200, 2), seed=0, names=NAMES)
    return {result.measure: result for result in found}


def test_a_copy_machine_is_found_by_every_attack() -> None:
    found = measured(rows(200, 2))
    assert found["copies"].value == found["near_copies"].value == 1.0
    assert found["copies"].details["copies"] == 200
    assert found["closest_record_share"].value == 1.0
    assert found["closest_record_distance"].value == 0.0
    assert found["membership_inference"].value == pytest.approx(1.0)
    assert found["attribute_inference"].value == pytest.approx(1.0)
    assert all(r.p_value < 0.01 for r in found.values() if r.p_value is not None)


def test_fresh_rows_give_nothing_away() -> None:
    found = measured(rows(200, 3))
    assert found["copies"].value == found["near_copies"].value == 0.0
    # Sizes of 200 a side: sd of the area sqrt(401 / (12 * 200^2)) = .029 (Hanley and McNeil)
    assert found["membership_inference"].value == pytest.approx(0.5, abs=3 * 0.029)
    assert found["closest_record_share"].value == pytest.approx(0.5, abs=0.15)
    assert found["closest_record_distance"].value == pytest.approx(1.0, abs=0.1)
    assert found["attribute_inference"].value < 0.2
    assert all(r.p_value > 0.01 for r in found.values() if r.p_value is not None)


def test_a_little_noise_hides_copies_and_not_near_copies() -> None:
    train = rows(200, 2)
    jitter = 1.0 + 0.004 * np.random.default_rng(0).uniform(-1, 1, size=(200, 3))
    found = measured(Block(TABLE, train.numbers * jitter, train.texts), train=train)
    assert found["copies"].value == 0.0
    assert found["near_copies"].value == 1.0
    assert found["membership_inference"].value > 0.99


def test_replicates_are_the_yardstick_of_copies() -> None:
    def grid(seed):
        block = rows(300, seed)
        return Block(TABLE, np.round(0.6 * block.numbers), block.texts)

    found = measured(grid(3), train=grid(2), real=grid(1))
    assert found["copies"].value == pytest.approx(found["copies"].yardstick, abs=0.1)
    assert found["copies"].p_value > 0.01


def test_without_training_rows_there_is_a_reason() -> None:
    for result in measure_all(rows(50, 1), rows(50, 2), seed=0, names=NAMES):
        assert result.reason == "it needs the training rows: --train"


def test_a_match_needs_every_column() -> None:
    table = Table((Column(name="x"), Column(name="c", kind=Kind.CATEGORY)))
    said = [{"x": 1.0, "c": "a"}, {"x": 1.0, "c": "b"}, {"c": "a"}, {"x": 1.02, "c": "a"}]
    one = Block.from_rows(table, said)
    other = Block.from_rows(table, [{"x": 1.009, "c": "a"}, {"c": "a"}])
    assert matched(one, other).tolist() == [True, False, True, False]


def test_fishers_test() -> None:
    from scipy.stats import fisher_exact

    table = [[8, 12], [3, 27]]
    expected = fisher_exact(table, alternative="greater").pvalue
    assert more_often(8, 20, 3, 30) == pytest.approx(expected)
    assert more_often(0, 20, 3, 30) == 1.0
