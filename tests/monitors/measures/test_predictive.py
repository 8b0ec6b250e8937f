"""What models trained on good and on bad batches are worth."""

import numpy as np
import pytest

from halflife.monitors.measures import MEASURES, Comparison, measure_all
from halflife.schemas.table import Block, Column, Kind, Role, Table

TABLE = Table(
    (
        Column(name="t", role=Role.SET_POINT),
        Column(name="idle", role=Role.SET_POINT),
        Column(name="solvent", kind=Kind.CATEGORY, role=Role.SET_POINT),
        Column(name="y"),
    )
)
NAMES = (
    "train_synthetic_test_real",
    "train_real_test_synthetic",
    "train_real_test_real",
    "feature_importance",
    "group_results",
)


def runs(n, seed, *, water=1.0, noise=0.1) -> Block:
    """``y = t`` with noise; in water ``y = water t``."""
    generator = np.random.default_rng(seed)
    t, idle = generator.random((2, n))
    solvent = generator.choice(["DMF", "water"], n)
    y = t * np.where(solvent == "water", water, 1.0) + noise * generator.normal(size=n)
    texts = np.array(solvent.tolist(), dtype=object)[:, None]
    return Block(TABLE, np.column_stack([t, idle, y]), texts)


@pytest.fixture(scope="module")
def good():
    found = measure_all(runs(300, 0), runs(300, 1), runs(300, 2), seed=0, names=NAMES)
    return {result.measure: result for result in found}


def test_another_real_sample_is_as_good_to_train_on(good) -> None:
    for name in NAMES[:2]:
        assert good[name].value == pytest.approx(good[name].yardstick, abs=0.05)
    assert good["train_real_test_real"].value > 0.8
    assert good["feature_importance"].value > 0.95
    assert good["group_results"].value == pytest.approx(good["group_results"].yardstick, abs=0.1)


def test_a_batch_without_the_law_teaches_nothing(good) -> None:
    shuffled = runs(300, 1)
    shuffled.numbers[:, 2] = np.random.default_rng(0).permutation(shuffled.numbers[:, 2])
    comparison = Comparison.of(runs(300, 0), shuffled, seed=0)
    tstr, trts, trtr = (MEASURES[name]().measure(comparison).value for name in NAMES[:3])
    assert tstr < 0.2
    assert trts < 0.2
    assert trtr == pytest.approx(good["train_real_test_real"].value, abs=0.02)


def test_the_group_that_the_batch_has_wrong_is_named() -> None:
    comparison = Comparison.of(runs(300, 0), runs(300, 1, water=-1.0), runs(300, 2), seed=0)
    result = MEASURES["group_results"]().measure(comparison)
    groups = {(g["column"], g["group"]): g for g in result.details["groups"]}
    wrong, right = groups["solvent", "water"], groups["solvent", "DMF"]
    assert wrong["trtr"] - wrong["tstr"] > 1.0
    assert abs(right["trtr"] - right["tstr"]) < 0.2
    assert result.value >= wrong["trtr"] - wrong["tstr"]
    assert result.yardstick < 0.1


def test_the_column_that_models_lean_on(good) -> None:
    told = good["feature_importance"].details["targets"]["y"]
    assert told["real"]["t"] > 0.9
    assert told["synthetic"]["idle"] < 0.1


def test_categories_are_predicted_too() -> None:
    table = Table((Column(name="t", role=Role.SET_POINT), Column(name="phase", kind=Kind.CATEGORY)))

    def rows(seed):
        t = np.random.default_rng(seed).random(200)
        phase = np.where(t > 0.5, "cubic", "hexagonal").tolist()
        return Block(table, t[:, None], np.array(phase, dtype=object)[:, None])

    for result in measure_all(rows(0), rows(1), seed=0, names=NAMES[:3]):
        assert result.value > 0.9


def test_without_a_task_or_a_target_that_varies_there_is_a_reason() -> None:
    none = np.empty((60, 0), dtype=object)
    cells = np.random.default_rng(0).random((60, 2))
    plain = Block(Table((Column(name="x"), Column(name="y"))), cells, none)
    results = measure_all(plain, plain, seed=0, names=NAMES)
    if not Comparison.of(plain, plain, seed=0).tasks:
        assert all("nothing to predict" in (result.reason or "") for result in results)
    table = Table((Column(name="t", role=Role.SET_POINT), Column(name="y")))
    constant = Block(table, cells * [1.0, 0.0], none)
    for result in measure_all(constant, constant, seed=0, names=NAMES):
        assert result.value is None
        assert result.reason
