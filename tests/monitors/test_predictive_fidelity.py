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
    assert score(line(100, 0), block(LINE, numbers)).value == pytest.approx(0.0, abs=1e-9)


def test_numbers_and_categories_count_alike():
    result = score(mixed(150, 0), mixed(150, 1))
    assert result.value > 0.8


def test_without_set_points_every_column_is_predicted_from_the_others():
    columns = tuple(Column(name=name) for name in "abc")
    table = Table((*columns, Column(name="kind", kind=Kind.CATEGORY)))
    assert [task.target for task in Task.all_of(table, most=16)] == ["a", "b", "c", "kind"]
    assert [task.target for task in Task.all_of(Table(columns, target="b"))] == ["b"]

    def rows(seed, *, noise=0.3):
        generator = np.random.default_rng(seed)
        a, b = generator.standard_normal((2, 150))
        c = a + b + noise * generator.standard_normal(150)
        return block(table, np.column_stack([a, b, c]), [["low"] if v < 0 else ["high"] for v in c])

    assert score(rows(0), rows(1)).value > 0.85
    stale = rows(2)
    stale.numbers[:, 2] *= -1.0
    assert score(rows(0), stale).value < 0.6


def test_the_band_covers_and_equal_samples_score_one_on_average():
    part = PredictiveFidelity(permutations=19, rank=20, bootstraps=2)
    scores = [part.score(Samples.of(line(50, i), line(50, 2**20 + i), seed=i)) for i in range(200)]
    covered = np.mean([score.value >= score.band[0] for score in scores])
    assert 0.90 <= covered <= 0.99  # 95 %, with three standard errors of 200 splits
    assert np.mean([score.raw for score in scores]) == pytest.approx(1.0, abs=0.02)


def test_the_error_is_that_of_new_real_rows():
    batch = line(400, 9, slope=0.5)
    part = PredictiveFidelity(permutations=19, rank=20)
    scores = [part.score(Samples.of(line(100, i), batch, seed=i)) for i in range(60)]
    spread = np.std([score.raw for score in scores])
    assert np.mean([score.error for score in scores]) == pytest.approx(spread, rel=0.35)
