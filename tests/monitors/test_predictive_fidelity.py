import numpy as np
import pytest

from halflife.monitors.predictive_fidelity import PredictiveFidelity
from halflife.monitors.samples import Samples
from halflife.monitors.task import Task
from halflife.schemas.table import Column, Kind, Role, Table

from .fidelity_cases import LINE, MIXED, SOLAR, block, line, mixed


def score(real, synthetic):
    return PredictiveFidelity(permutations=39).score(Samples.of(real, synthetic, seed=0))


def test_the_tasks_of_a_lab_are_measured_columns_given_the_set_points():
    assert Task.all_of(MIXED) == (
        Task("y", ("t", "solvent"), is_number=True),
        Task("phase", ("t", "solvent"), is_number=False),
    )
    assert Task.all_of(SOLAR)[0].inputs == SOLAR.set_points


def test_a_table_without_set_points_predicts_its_target_and_not_from_derived_columns():
    columns = (Column(name="a"), Column(name="b"), Column(name="c", role=Role.DERIVED))
    assert Task.all_of(Table(columns)) == (
        Task("a", ("b",), is_number=True),
        Task("b", ("a",), is_number=True),
    )
    assert Task.all_of(Table(columns, target="b")) == (Task("b", ("a",), is_number=True),)


def test_skill_is_zero_for_a_constant_and_one_for_the_truth():
    task = Task.all_of(LINE)[0]
    rows = line(101, 0)
    y = rows.number("y")
    assert task.gains(rows, y).mean() == pytest.approx(1.0)
    assert task.gains(rows, np.full(101, np.median(y))).mean() == pytest.approx(0.0)
    assert task.gains(rows, np.full(101, np.nan)).mean() == pytest.approx(0.0)


def test_skill_of_categories_is_balanced_accuracy_above_chance():
    table = Table((Column(name="x", role=Role.SET_POINT), Column(name="c", kind=Kind.CATEGORY)))
    texts = [["a"]] * 30 + [["b"]] * 10 + [[None]] * 10
    rows = block(table, np.zeros((50, 1)), texts)
    task = Task("c", ("x",), is_number=False)
    assert task.gains(rows, np.full(50, "a", dtype=object)).mean() == pytest.approx(0.0)
    guesses = np.array(["a"] * 30 + ["b"] * 5 + ["a"] * 15, dtype=object)
    # accuracies 1 and 1/2: mean 3/4, of which half is above chance
    assert task.gains(rows, guesses).mean() == pytest.approx(0.5)


def test_another_real_sample_is_as_useful_as_the_rows_of_now():
    result = score(line(200, 0), line(200, 1))
    assert result.value >= result.band[0]
    assert result.details["trtr"] == pytest.approx(result.details["tstr"], abs=0.1)


def test_a_batch_of_the_old_instrument_is_of_less_use():
    result = score(line(250, 0, slope=1.0), line(800, 1, slope=0.6))
    assert result.value + 2 * result.error < 1.0


def test_where_nothing_can_be_predicted_there_is_no_such_part():
    real = line(100, 0, slope=0.0)
    result = score(real, line(100, 1, slope=0.0))
    assert result.raw is None
    assert abs(result.details["trtr"]) < 0.5


def test_a_batch_without_the_target_knows_nothing():
    numbers = line(100, 1).numbers
    numbers[:, 1] = np.nan
    assert score(line(100, 0), block(LINE, numbers)).value == 0.0


def test_numbers_and_categories_count_alike():
    result = score(mixed(150, 0), mixed(150, 1))
    assert result.value > 0.8
